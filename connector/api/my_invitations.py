"""Invitations to whoever asks, by their verified addresses. They are nobody else's business: others find nothing here."""

from __future__ import annotations

from connector.api.invitations import JOINING, OVER
from connector.api.operation import PERSONAL, Call, operation
from connector.api.paging import Listing
from connector.organizations import joining, moving
from connector.organizations.joining import Joined, MyInvitation
from connector.provisioning.pages import Page

_TAG = "My invitations"


@operation(
    "GET",
    "/api/me/org-invitations",
    tag=_TAG,
    summary="List invitations to you",
    permission=PERSONAL,
    query=Listing,
    answer=Page[MyInvitation],
)
def list_(call: Call, query: Listing) -> Page[MyInvitation]:
    """Those that are open, oldest first, to any of your verified addresses."""
    return joining.mine(call.database, call.person_id, limit=query.limit, after=query.after)


@operation(
    "POST",
    "/api/me/org-invitations/<id>/accept",
    tag=_TAG,
    summary="Accept an invitation",
    permission=PERSONAL,
    answer=Joined,
    errors=JOINING,
)
def accept(call: Call, id: str) -> Joined:  # noqa: A002 - as the address calls it
    """You are a member from then on, with the role of the invitation. `single_org`: ask to move instead."""
    return joining.accept(call.database, id, actor=call.actor)


@operation(
    "POST",
    "/api/me/org-invitations/<id>/decline",
    tag=_TAG,
    summary="Decline an invitation",
    permission=PERSONAL,
    answer=None,
    status=204,
    errors=OVER,
)
def decline(call: Call, id: str) -> None:  # noqa: A002
    """It is over then; somebody may invite you again."""
    joining.decline(call.database, id, actor=call.actor)


@operation(
    "POST",
    "/api/me/org-invitations/<id>/request-move",
    tag=_TAG,
    summary="Ask to move to where you are invited",
    permission=PERSONAL,
    answer=MyInvitation,
    errors=OVER | {"move_not_needed": 409},
)
def request_move(call: Call, id: str) -> MyInvitation:  # noqa: A002
    """Where accounts have one organization only: an admin of the inviting one lets you in, and you leave the other. They learn
    that you ask, and not where you are."""
    return moving.request(call.database, id, actor=call.actor)
