"""Asking people in by e-mail, and answering with the link of the mail."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal

from flask import Response, after_this_request
from pydantic import Field

from connector.accounts import throttle
from connector.api.caller import current
from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.errors import Unauthenticated
from connector.organizations import invitation_links, invitations, moving
from connector.organizations.invitation_links import Offer
from connector.organizations.invitation_rows import InvitationView
from connector.organizations.joining import Joined
from connector.provisioning.acting import Actor
from connector.provisioning.pages import Page
from connector.web import cookies
from connector.web.invitation import sign_in_at
from connector.web.visitors import visitor

_TAG = "Invitations"
OVER = {"invitation_not_found": 404, "invitation_over": 410, "invitation_expired": 410, "membership_mode": 409}
"""What may have become of an invitation."""

JOINING = OVER | {"already_member": 409, "inviter_may_not": 409, "single_org": 409}
"""What may keep somebody from joining by it."""

_GIVING = OVER | {"role_above": 403}


class NewInvitation(Body):
    """Whom to invite. Without a role they join with the default one of the organization."""

    email: str = Field(max_length=320, description="The address; the mail goes there.", examples=["ada@example.com"])
    role: str | None = Field(default=None, max_length=100, description="A role you may give.", examples=["member"])


class InvitationsQuery(Listing):
    """Which invitations."""

    status: Literal["pending", "accepted", "declined", "cancelled", "expired", "ended"] | None = Field(
        default=None, description="Only those of this status."
    )


@operation(
    "POST",
    "/api/orgs/<o>/invitations",
    tag=_TAG,
    summary="Invite somebody by e-mail",
    permission=invitations.INVITE,
    body=NewInvitation,
    answer=InvitationView,
    status=201,
    errors={
        "email_invalid": 400,
        "unknown_role": 400,
        "not_enabled": 403,
        "role_above": 403,
        "membership_mode": 409,
        "already_member": 409,
        "invitation_pending": 409,
    },
    idempotent=True,
)
def create(call: Call, o: str, body: NewInvitation) -> InvitationView:
    """A mail goes to the address with a link that is good for seven days, unless the organization has set another time. There is
    one open invitation for an address; once it has expired there may be another."""
    sent = (call.database, call.sealer, call.settings.base_url, call.organization(o), body.email)
    return invitations.invite(*sent, role=body.role, actor=call.actor, once=call.once)


@operation(
    "GET",
    "/api/orgs/<o>/invitations",
    tag=_TAG,
    summary="List invitations",
    permission=invitations.INVITE,
    query=InvitationsQuery,
    answer=Page[InvitationView],
)
def list_(call: Call, o: str, query: InvitationsQuery) -> Page[InvitationView]:
    """Oldest first. `move_requested`: the invited person belongs to another organization and asks to move."""
    home = call.organization(o)
    return invitations.list_(call.database, home, limit=query.limit, after=query.after, status=query.status, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>/invitations/<id>",
    tag=_TAG,
    summary="Cancel an invitation",
    permission=invitations.INVITE,
    answer=None,
    status=204,
    errors=_GIVING,
)
def cancel(call: Call, o: str, id: str) -> None:  # noqa: A002 - as the address calls it
    """Its link is dead at once."""
    invitations.cancel(call.database, call.organization(o), id, actor=call.actor)


@operation(
    "POST",
    "/api/orgs/<o>/invitations/<id>/resend",
    tag=_TAG,
    summary="Send an invitation again",
    permission=invitations.INVITE,
    answer=InvitationView,
    errors=_GIVING | {"not_enabled": 403},
)
def resend(call: Call, o: str, id: str) -> InvitationView:  # noqa: A002
    """With a new link, good for as long as a new invitation; the old link is dead. Who sends it again vouches for it."""
    sent = (call.database, call.sealer, call.settings.base_url, call.organization(o), id)
    return invitations.resend(*sent, actor=call.actor)


@operation(
    "POST",
    "/api/orgs/<o>/invitations/<id>/approve-move",
    tag=_TAG,
    summary="Let somebody move here who asked to",
    permission=invitations.INVITE,
    answer=InvitationView,
    errors=_GIVING
    | {
        "move_not_requested": 409,
        "already_member": 409,
        "last_owner": 409,
        "break_glass": 409,
        "managed_by_idp": 409,
    },
)
def approve_move(call: Call, o: str, id: str) -> InvitationView:  # noqa: A002
    """They leave the organization they belong to and join this one, in one step, by the rules of both: or nothing happens."""
    return moving.approve(call.database, call.organization(o), id, actor=call.actor)


@operation(
    "GET", "/api/invitations/<token>", tag=_TAG, summary="What a mailed link offers", answer=Offer, public=True, errors=OVER
)
def show_invitation_link(call: Call, token: str) -> Offer:
    """Whoever has the link may look; looking changes nothing. `needs_sign_in`: there is an account with the address."""
    _count(call)
    return invitation_links.look(call.database, token)


@operation(
    "POST",
    "/api/invitations/<token>/accept",
    tag=_TAG,
    summary="Join by a mailed link",
    answer=Joined,
    public=True,
    errors=JOINING | {"sign_in_first": 401, "key_unknown": 401, "other_address": 403, "personal_closed": 403},
)
def accept_invitation_link(call: Call, token: str) -> Joined:
    """Without an account one is made for the invited address, which the link has shown to be yours, and the answer sets the
    cookie of a session. With an account its holder is signed in, or asked to be."""
    _count(call)
    entered = invitation_links.accept(call.database, token, visitor(), actor=_actor(call), sign_in_at=sign_in_at(token))
    if entered.session_token is not None:
        after_this_request(partial(_signed_in, entered.session_token))
    return entered.joined


def _signed_in(token: str, response: Response) -> Response:
    cookies.set_session(response, token)
    return response


def _actor(call: Call) -> Actor | None:
    """Who asks, None if nobody is signed in. Raises Unauthenticated `key_unknown`, Forbidden `personal_closed`."""
    try:
        known = replace(call, caller=current(call.now))
    except Unauthenticated as error:
        if error.code == "signed_out":
            return None
        raise
    known.personal()
    return known.actor


def _count(call: Call) -> None:
    throttle.spend(call.database, "invitation_page", visitor().address, call.now)
