"""BREAK-GLASS OWNERS: one to three owners outside the identity provider, for the day it fails (DESIGN section 5).

Who is one holds the top role by a row of its own kind, which no rule and no push touches. In `sso` at least one is active at all
times, guarded like the last owner.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, exists, func, select

from connector.accounts import persons, sessions
from connector.errors import Conflict
from connector.membership import roles
from connector.membership.ledger import breaks_glass
from connector.membership.model import ROLE, Assignment, Because, Give, Take
from connector.membership.plan import Part
from connector.organizations.last_owner import guard_by_hand
from connector.organizations.member_views import find
from connector.provisioning import apply, facts, sync
from connector.provisioning.acting import OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.facts import Entry
from connector.provisioning.sync import Outcome
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import id_rows

AT_MOST = 3
MANAGES = "sso.manage"


@dataclass(frozen=True, slots=True)
class BreakGlassOwner:
    """One of them; `codes` is how many printed recovery codes are left."""

    user_id: str
    email: str | None
    name: str | None
    status: str
    since: datetime
    codes: int


def list_(database: Database, organization_id: str, *, actor: Actor = OPERATOR) -> tuple[BreakGlassOwner, ...]:
    """Return the break-glass owners, oldest first. Raises what `acting.look` raises."""

    def work(glance: Glance, standing: Standing) -> tuple[BreakGlassOwner, ...]:
        return tuple(_view(row) for row in glance.tx.execute(_NAMED.where(t.Membership.organization_id == organization_id)))

    return look(database, organization_id, actor, MANAGES, work)


_SUSPENDED = exists().where(t.Suspension.membership_id == t.Membership.id)
_CODES = select(func.count()).where(t.RecoveryCode.membership_id == t.Membership.id, t.RecoveryCode.used_at.is_(None))
_NAMED = (
    select(t.Person.id, t.Address.email, t.Person.display_name, t.Assignment.created_at, _SUSPENDED.label("suspended"))
    .add_columns(_CODES.scalar_subquery().label("codes"))
    .select_from(t.Membership)
    .join(t.Assignment, and_(t.Assignment.membership_id == t.Membership.id, t.Assignment.source == "break_glass"))
    .join(t.Person, t.Person.id == t.Membership.person_id)
    .outerjoin(t.Address, and_(t.Address.person_id == t.Membership.person_id, t.Address.is_primary))
    .order_by(t.Assignment.created_at, t.Membership.id)
)


def _view(row: Any) -> BreakGlassOwner:
    status = "suspended" if row.suspended else "active"
    return BreakGlassOwner(row.id, row.email, row.display_name, status, row.created_at, row.codes)


def add(database: Database, organization_id: str, email: str, *, actor: Actor = OPERATOR) -> BreakGlassOwner:
    """Name an active member, by verified address, as break-glass owner: they are an owner then, whatever they were.

    Raises Invalid `email_invalid`, NotFound `member_not_found`, Conflict `break_glass_limit`, `not_a_member` (suspended, or the
    address is not verified: the e-mail link would not find them), Forbidden `role_above` for whoever may not make owners, and
    what `acting.act` raises.
    """
    address = persons.read_email(email)
    because = Because("named as break-glass owner: outside the IdP, for the day it fails")

    def work(corridor: Corridor, standing: Standing) -> BreakGlassOwner:
        standing.need_assignable(roles.top(corridor.entered.catalogue).name)
        entry = _member(corridor, address)
        if not breaks_glass(entry.holding):
            _refuse_too_many(corridor)
            top = roles.top(facts.setting(corridor).catalogue).name
            given = (Give(Assignment(ROLE, top, "break_glass"), because),)
            outcome = sync.settle(corridor, [entry], lambda _: given)
            _tell(corridor, "break_glass.added", address, outcome, None, {"break_glass": True})
        return _one(corridor, entry)

    return act(database, organization_id, actor, MANAGES, "a break-glass owner was named", work, exclusive=True)


def remove(database: Database, organization_id: str, who: str, *, actor: Actor = OPERATOR) -> None:
    """Take break-glass from an owner, with their codes and what is open by it. They stay owner only if something else says so.

    Raises NotFound `member_not_found`, Conflict `not_break_glass`, `last_owner`, `last_break_glass`, Forbidden `role_above`, and
    what `acting.act` raises.
    """
    because = Because("is no break-glass owner any more")

    def work(corridor: Corridor, standing: Standing) -> None:
        standing.need_assignable(roles.top(corridor.entered.catalogue).name)
        entry = _find(corridor, who)
        row = next((each for each in entry.holding.rows if each.source == "break_glass"), None)
        if row is None:
            raise Conflict(
                "not_break_glass",
                f"{who} is no break-glass owner of this organization.",
                expected="one of `connector break-glass list ORG`",
            )
        taken = (Take(row, because),)
        _refuse_last(corridor, entry)
        guard_by_hand(corridor, [Part(entry.subject, entry.holding, taken)])
        outcome = sync.settle(corridor, [entry], lambda _: taken)
        _tell(corridor, "break_glass.removed", entry.subject.email or who, outcome, {"break_glass": True}, None)
        corridor.tx.execute(delete(t.RecoveryCode).where(t.RecoveryCode.membership_id == entry.membership_id))
        sessions.end_break_glass(corridor.tx, organization_id, entry.person_id or "", corridor.now)

    act(database, organization_id, actor, MANAGES, "a break-glass owner was taken back", work, exclusive=True)


def _tell(
    corridor: Corridor, kind: str, who: str, outcome: Outcome, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    """One act, one audit entry: where it changed their role, that entry says why."""
    if outcome.plan.access:
        apply.tell(corridor, kind, [{"target": who, "before": before, "after": after}])
    else:
        apply.record(corridor, kind, who, before, after)


def _find(corridor: Corridor, who: str) -> Entry:
    return facts.members(corridor, id_rows([find(corridor, who)]))[0]


def _member(corridor: Corridor, email: str) -> Entry:
    """The active member who has the address verified."""
    entry = _find(corridor, email)
    if entry.holding.causes or persons.find(corridor.tx, email) != entry.person_id:
        raise Conflict(
            "not_a_member",
            f"{email} is not the verified address of an active member.",
            expected="somebody whom an e-mail link finds",
            advice="`connector member list ORG` shows who is active.",
        )
    return entry


def _holders(*, active: bool) -> Any:
    """The memberships of break-glass owners."""
    held = select(t.Membership.id).join(t.Assignment, t.Assignment.membership_id == t.Membership.id)
    named = held.where(t.Assignment.source == "break_glass")
    return named.where(~_SUSPENDED) if active else named


def _refuse_too_many(corridor: Corridor) -> None:
    mine = _holders(active=False).where(t.Membership.organization_id == corridor.organization_id)
    if len(corridor.tx.execute(mine).all()) >= AT_MOST:
        raise Conflict(
            "break_glass_limit",
            "This organization has three break-glass owners.",
            expected="at most three: each is a way around the identity provider",
            advice="Take one back first: `connector break-glass remove ORG EMAIL`.",
        )


def _refuse_last(corridor: Corridor, entry: Entry) -> None:
    """In sso one is left who is active; nobody depends on them in invitation."""
    others = _holders(active=True).where(t.Membership.organization_id == corridor.organization_id)
    if corridor.mode == "sso" and not corridor.tx.execute(others.where(t.Membership.id != entry.membership_id).limit(1)).first():
        raise Conflict(
            "last_break_glass",
            "This is the last active break-glass owner.",
            expected="at least one active break-glass owner while the organization is in sso",
            advice="Name another one first: `connector break-glass add ORG EMAIL`.",
        )


def _one(corridor: Corridor, entry: Entry) -> BreakGlassOwner:
    return _view(corridor.tx.execute(_NAMED.where(t.Membership.id == entry.membership_id)).one())
