"""BREAK GLASS: the way in of an owner for the day the identity provider fails. Each use is audited and told to all owners."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, select

from connector.accounts import sessions
from connector.accounts.sessions import Proof, Visitor
from connector.errors import Forbidden
from connector.provisioning import apply
from connector.provisioning.corridor import Corridor
from connector.storage import tables as t
from connector.storage.ids import new_id


@dataclass(frozen=True, slots=True)
class Owner:
    """An active member who holds the top role; `breaks_glass` is whether they are named for it."""

    membership_id: str
    breaks_glass: bool


def owner(tx: Connection, organization_id: str, person_id: str | None) -> Owner | None:
    """The person as an active owner of the organization; None when they are none."""
    member, held = t.Membership, t.Assignment
    suspended = exists().where(t.Suspension.membership_id == member.id)
    named = exists().where(held.membership_id == member.id, held.source == "break_glass")
    found = (
        select(member.id, named.label("named"))
        .join(t.Role, (t.Role.organization_id == member.organization_id) & (t.Role.name == member.role))
        .where(member.organization_id == organization_id, member.person_id == (person_id or ""), t.Role.top, ~suspended)
    )
    row = tx.execute(found).first()
    return None if row is None else Owner(row.id, row.named)


def let_in(corridor: Corridor, person_id: str, email: str, visitor: Visitor, now: datetime) -> str:
    """Add break-glass for the corridor's organization to the visitor's session; return the token of the new one.

    What opens it, a code or a printed link, was checked and used up by the caller in this transaction. Raises Forbidden
    `not_an_owner`; then that stays unused.
    """
    if owner(corridor.tx, corridor.organization_id, person_id) is None:
        raise not_an_owner()
    because = ["break-glass was used: if that was not you, end the session and look at the audit trail"]
    told = {"email": email, "address": visitor.address}
    apply.alert(corridor, "break_glass.used", email, told, once=f"break_glass_used:{new_id()}", because=because)
    return sessions.open(corridor.tx, person_id, Proof("break_glass", corridor.organization_id), visitor, now)


def not_an_owner() -> Forbidden:
    """The refusal of everybody else."""
    return Forbidden(
        "not_an_owner",
        "Break-glass is for active owners of the organization, by a verified address.",
        expected="an owner who is not suspended",
        advice="An operator names one: `connector break-glass add ORG EMAIL`.",
    )
