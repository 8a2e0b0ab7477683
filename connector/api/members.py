"""Members over HTTP: who belongs to an organization, as what and why, and what is decided about one of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from pydantic import Field

from connector.api.messages import Body, Query
from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.membership.explain import BecauseItem, NotItem
from connector.organizations import member_adding, member_explained, member_list, members
from connector.organizations.member_list import MemberFilter
from connector.organizations.member_views import MemberView
from connector.provisioning.pages import Page

TAG = "Members"
_FOUND = {"member_not_found": 404, "member_ambiguous": 409}
_DECIDED = _FOUND | {"role_above": 403, "last_owner": 409, "last_break_glass": 409}

Joined = Literal["founder", "invitation", "manual", "jit", "scim", "break_glass"]


class Members(Listing):
    """Which members; all that is given must hold."""

    q: str | None = Field(default=None, max_length=254, description="How the address, the name or a word of it begins.")
    email: str | None = Field(default=None, max_length=254, description="An address, whole.")
    role: str | None = Field(default=None, description="The organization role.")
    status: Literal["active", "suspended"] | None = Field(default=None, description="Whether they are suspended.")
    source: Joined | None = Field(default=None, description="How they joined.")
    team: str | None = Field(default=None, description="The slug of a team they are in.")


class NewMember(Body):
    """Somebody with an account, by the user name that they handed over."""

    username: str = Field(max_length=39, examples=["ada"])
    role: str | None = Field(default=None, description="Else the organization's default.", examples=["member"])


class RoleChange(Body):
    """The role a member is to have."""

    role: str = Field(examples=["member"])


class Removal(Query):
    """How somebody is removed."""

    block: bool = Field(default=False, description="Keep them out, whatever an identity provider says.")


@dataclass(frozen=True, slots=True)
class MemberReasons(MemberView):
    """A member, what each thing they have comes from, and why they have not more."""

    because: tuple[BecauseItem, ...]
    why_not: tuple[NotItem, ...]


@operation(
    "GET", "/api/orgs/<o>/members", tag=TAG, summary="Members", permission="org.participants.read", query=Members,
    answer=Page[MemberView],
)  # fmt: skip
def list_(call: Call, o: str, query: Members) -> Page[MemberView]:
    """Oldest first, also those who are suspended."""
    chosen = MemberFilter(query.q, query.email, query.role, query.status, query.source, query.team)
    where = call.organization(o)
    return member_list.list_(call.database, where, chosen, limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "PUT",
    "/api/orgs/<o>/members",
    tag=TAG,
    summary="Add somebody who has an account",
    permission="members.invite",
    body=NewMember,
    answer=MemberView,
    status=201,
    errors={
        "unknown_role": 400,
        "role_above": 403,
        "person_not_found": 404,
        "membership_mode": 409,
        "already_member": 409,
        "single_org": 409,
    },
)
def add(call: Call, o: str, body: NewMember) -> MemberView:
    """Whoever tells their user name has asked for it. An address is invited instead: nothing is told of it, and whoever has it
    is asked."""
    named = call.organization(o)
    return member_adding.add(call.database, named, username=body.username, role=body.role, actor=call.actor)


@operation(
    "GET", "/api/orgs/<o>/members/<user_id>", tag=TAG, summary="One member", permission="org.read", answer=MemberView,
    errors=_FOUND, etag=True,
)  # fmt: skip
def show(call: Call, o: str, user_id: str) -> MemberView:
    """For whoever may see the other people, and for everybody themselves."""
    return member_list.show(call.database, call.organization(o), user_id, actor=call.actor)


@operation(
    "PATCH",
    "/api/orgs/<o>/members/<user_id>",
    tag=TAG,
    summary="Give a member another role",
    permission="org.read",
    body=RoleChange,
    answer=MemberView,
    errors=_DECIDED | {"unknown_role": 400, "managed_by_idp": 409, "break_glass": 409},
    etag=True,
)
def set_role(call: Call, o: str, user_id: str, body: RoleChange) -> MemberView:
    """By whoever may assign both the old role and the new one. It counts from the next request on."""
    return members.set_role(call.database, call.organization(o), user_id, body.role, seen=call.seen, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>/members/<user_id>",
    tag=TAG,
    summary="Remove a member, or leave",
    permission="org.read",
    query=Removal,
    answer=None,
    status=204,
    errors=_DECIDED | {"member_blocked": 409, "managed_by_idp": 409, "break_glass": 409},
)
def remove(call: Call, o: str, user_id: str, query: Removal) -> None:
    """Whoever manages members removes others; everybody may leave, unless an identity provider manages them. In `sso` without a
    live directory a removed person may come back at the next sign-in, unless they are blocked. Who is blocked is not removed
    (409 `member_blocked`): only unblocking lifts that."""
    members.remove(call.database, call.organization(o), user_id, block=query.block, actor=call.actor)


@operation(
    "POST", "/api/orgs/<o>/members/<user_id>/suspend", tag=TAG, summary="Suspend a member", permission="members.manage",
    answer=MemberView, errors=_DECIDED,
)  # fmt: skip
def suspend_member(call: Call, o: str, user_id: str) -> MemberView:
    """They are signed out of the organization at once, and an admin alone lets them in again."""
    return members.suspend(call.database, call.organization(o), user_id, actor=call.actor)


@operation(
    "POST", "/api/orgs/<o>/members/<user_id>/unsuspend", tag=TAG, summary="Lift an admin's suspension",
    permission="members.manage", answer=MemberView, errors=_DECIDED,
)  # fmt: skip
def unsuspend_member(call: Call, o: str, user_id: str) -> MemberView:
    """And no other: what the directory suspended stays so."""
    return members.unsuspend(call.database, call.organization(o), user_id, actor=call.actor)


@operation(
    "POST", "/api/orgs/<o>/members/<user_id>/unblock", tag=TAG, summary="Lift a block", permission="members.manage",
    answer=MemberView, errors=_DECIDED,
)  # fmt: skip
def unblock_member(call: Call, o: str, user_id: str) -> MemberView:
    """And no other cause."""
    return members.unblock(call.database, call.organization(o), user_id, actor=call.actor)


@operation(
    "GET", "/api/orgs/<o>/members/<user_id>/explain", tag=TAG, summary="Why a member has what they have",
    permission="org.read", answer=MemberReasons, errors=_FOUND,
)  # fmt: skip
def explain_member(call: Call, o: str, user_id: str) -> MemberReasons:
    """Where each role, team and project comes from, and why there is not more: for whoever manages members, and for everybody of
    themselves."""
    told = member_explained.explain_member(call.database, call.organization(o), user_id, actor=call.actor)
    member = {each.name: getattr(told.member, each.name) for each in fields(told.member)}
    return MemberReasons(**member, because=told.because, why_not=told.not_)
