"""Linking over HTTP: which pushed user a member is."""

from __future__ import annotations

from pydantic import Field

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.directory import linking
from connector.directory.connections import MANAGE
from connector.organizations.member_views import MemberView

_TAG = "Members"
_FOUND = {"member_not_found": 404, "member_ambiguous": 409}


class PushedUser(Body):
    """The pushed user: the id that SCIM knows them by."""

    user: str = Field(max_length=100, examples=["0192d4e0-7b1c-7c3e-9f00-000000000001"])


@operation(
    "PUT",
    "/api/orgs/<o>/members/<user_id>/link",
    tag=_TAG,
    summary="Link a pushed user to a member",
    permission=MANAGE,
    body=PushedUser,
    answer=MemberView,
    errors=_FOUND | {"user_not_found": 404, "already_linked": 409, "break_glass": 409, "last_owner": 409},
)
def link_member(call: Call, o: str, user_id: str, body: PushedUser) -> MemberView:
    """For this organization only. The membership that came with the pushed user, if any, ends."""
    return linking.link(call.database, call.organization(o), user_id, body.user, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>/members/<user_id>/link",
    tag=_TAG,
    summary="Forget a member's accounts at identity providers",
    permission=MANAGE,
    answer=MemberView,
    errors=_FOUND | {"not_linked": 409},
)
def unlink_member(call: Call, o: str, user_id: str) -> MemberView:
    """The next sign-in links them anew. Sessions through identity providers end."""
    return linking.unlink(call.database, call.organization(o), user_id, actor=call.actor)
