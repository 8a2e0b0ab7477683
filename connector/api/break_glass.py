"""Break-glass owners over HTTP: who gets in when the identity provider fails."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from connector.accounts import recovery
from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.organizations import break_glass, member_list
from connector.organizations.break_glass import BreakGlassOwner
from connector.provisioning.pages import Page

TAG = "Break-glass"
MANAGES = "sso.manage"


class NamedOwner(Body):
    """An active member, by a verified address."""

    email: str = Field(examples=["ada@example.com"])


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """Codes to be printed, each good for one use; shown this once."""

    codes: tuple[str, ...]


@operation(
    "GET", "/api/orgs/<o>/break-glass", tag=TAG, summary="Break-glass owners", permission=MANAGES, answer=Page[BreakGlassOwner]
)
def list_break_glass_owners(call: Call, o: str) -> Page[BreakGlassOwner]:
    """Three at most, oldest first, and how many recovery codes each has left."""
    return Page(break_glass.list_(call.database, call.organization(o), actor=call.actor), None)


@operation(
    "POST",
    "/api/orgs/<o>/break-glass",
    tag=TAG,
    summary="Name a break-glass owner",
    permission=MANAGES,
    body=NamedOwner,
    answer=BreakGlassOwner,
    status=201,
    errors={
        "email_invalid": 400,
        "role_above": 403,
        "member_not_found": 404,
        "member_ambiguous": 409,
        "break_glass_limit": 409,
        "not_a_member": 409,
    },
)
def add_break_glass_owner(call: Call, o: str, body: NamedOwner) -> BreakGlassOwner:
    """They hold the highest role then, and no identity provider can take it."""
    return break_glass.add(call.database, call.organization(o), body.email, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>/break-glass/<user_id>",
    tag=TAG,
    summary="Take break-glass back",
    permission=MANAGES,
    answer=None,
    status=204,
    errors={
        "role_above": 403,
        "member_not_found": 404,
        "member_ambiguous": 409,
        "not_break_glass": 409,
        "last_owner": 409,
        "last_break_glass": 409,
    },
)
def remove_break_glass_owner(call: Call, o: str, user_id: str) -> None:
    """With their codes and what is open by it. In `sso` one active break-glass owner stays."""
    break_glass.remove(call.database, call.organization(o), user_id, actor=call.actor)


@operation(
    "POST",
    "/api/orgs/<o>/break-glass/<user_id>/codes",
    tag=TAG,
    summary="Print new recovery codes",
    permission=MANAGES,
    answer=RecoveryCodes,
    status=201,
    errors={"member_not_found": 404, "member_ambiguous": 409, "not_break_glass": 409},
)
def print_recovery_codes(call: Call, o: str, user_id: str) -> RecoveryCodes:
    """The old ones are dead. Together with a sign-in by e-mail link one code opens the organization."""
    named = call.organization(o)
    member = member_list.show(call.database, named, user_id, actor=call.actor)
    called = member.email or user_id
    return RecoveryCodes(recovery.codes_of(call.database, named, str(member.user_id), called, actor=call.actor))
