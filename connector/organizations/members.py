"""Members: what people decide about one of them. Each verb is one transaction, guarded for the last owner.

What a rule governs is locked by the *source of the row*: while a rule gives somebody an organization role, changing it by hand is
409 `managed_by_idp`. Admins may always suspend. Nobody touches a member whose role is above what they may assign.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from connector.errors import Conflict
from connector.membership import roles
from connector.membership.claims import desired_by_claims
from connector.membership.ledger import breaks_glass
from connector.membership.model import (
    ROLE,
    Assignment,
    Because,
    Cause,
    Change,
    Give,
    Granted,
    Leave,
    Lift,
    Mode,
    Suspend,
    Take,
)
from connector.membership.plan import Part
from connector.organizations import settings
from connector.organizations.last_owner import guard_by_hand
from connector.organizations.member_views import MemberView, find, not_found, views
from connector.provisioning import facts, sync, testimony
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry
from connector.provisioning.pages import Seen
from connector.provisioning.setting import Setting
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import id_rows

MANAGES = "members.manage"


@dataclass(frozen=True, slots=True)
class _Case:
    """One member on whom somebody decides: what is known of them, how they are shown, and what the decider is here."""

    entry: Entry
    member: MemberView
    standing: Standing
    corridor: Corridor

    @property
    def themselves(self) -> bool:
        """Whether somebody decides about themselves."""
        return self.standing.is_oneself(self.entry.membership_id)

    def need_above(self) -> None:
        """Raises Forbidden `role_above`."""
        self.standing.need_assignable(self.member.role or "")


Judge = Callable[[Standing], None]
Decide = Callable[[_Case], tuple[Change, ...]]


def set_role(
    database: Database, organization_id: str, who: str, role: str, *, seen: Seen | None = None, actor: Actor = OPERATOR
) -> MemberView:
    """Give a member an organization role by hand: by whoever may assign both the old and the new one.

    Raises Invalid `unknown_role`, Forbidden `role_above`, Conflict `managed_by_idp`, `last_owner`, `break_glass`, and what
    `find`, `seen` and `acting.act` raise.
    """
    because = Because("the role was set by hand")

    def decide(case: _Case) -> tuple[Change, ...]:
        held = case.entry.holding.rows
        roles.role(facts.setting(case.corridor).catalogue, role)
        case.standing.need_assignable(case.member.role or "", role)
        if seen is not None:
            seen(case.member)
        _refuse_break_glass(case.entry)
        _refuse_governed(case.corridor, case.entry)
        by_hand = [row for row in sorted(held) if row.target == ROLE and row.source != "manual"]
        old = next((row.level for row in held if row.target == ROLE and row.source == "manual"), None)
        given = () if old == role else (Give(Assignment(ROLE, role, "manual"), because, replaces=old),)
        return (*(Take(row, because) for row in by_hand), *given)

    return _decide(database, organization_id, who, actor, "a role was set by hand", _need_ceiling, decide)


def _need_manager(standing: Standing) -> None:
    standing.need(MANAGES)


def _need_ceiling(standing: Standing) -> None:
    """Who manages members sets roles, and so does everybody with a ceiling of their own: a manager makes managers (AP-15)."""
    if standing.role is None or not standing.assignable:
        standing.need(MANAGES)
    standing.actor.need_scope(MANAGES)


def _refuse_break_glass(entry: Entry) -> None:
    if breaks_glass(entry.holding):
        raise Conflict(
            "break_glass",
            "This is a break-glass owner, who stays as they are while the organization is in sso.",
            advice="Name another break-glass owner first.",
        )


def _refuse_governed(corridor: Corridor, entry: Entry) -> None:
    """Naming group and rule, so that the admin knows where to change it."""
    rows = [row for row in sorted(entry.holding.rows) if row.target == ROLE and row.from_rule]
    if not rows:
        return
    corridor.need_exclusive()  # directory users are locked before memberships, and the membership is locked already
    setting = facts.setting(corridor)
    told = {each.assignment: each.because.sentence for each in _granted(corridor, setting, entry)}
    sentence = told.get(rows[0], rows[0].source)
    raise Conflict(
        "managed_by_idp",
        f"The role comes from the identity provider: {sentence}.",
        expected="a role that no rule gives",
        advice="Change the group at the IdP, or the rule here.",
    )


def _granted(corridor: Corridor, setting: Setting, entry: Entry) -> tuple[Granted, ...]:
    """What the rules call for, by what the directory says of them or, without one, by what their sign-ins said."""
    if setting.authority is None:
        claims = [claim for each in testimony.members(corridor, [entry.person_id or ""]) for claim in each.claims]
        return desired_by_claims(claims, setting.claims, entry.holding).granted
    linked = select(t.DirectoryUser.id).where(
        t.DirectoryUser.person_id == entry.person_id, t.DirectoryUser.connection_id == setting.authority
    )
    known = facts.people(corridor, setting, corridor.tx.execute(linked).scalars().all())
    return tuple(each for one in known for each in setting.mapping.desired(one.facts).granted)


def suspend(database: Database, organization_id: str, who: str, *, actor: Actor = OPERATOR) -> MemberView:
    """Suspend a member; only `unsuspend` lifts it, whatever the IdP says. Raises Forbidden `role_above`, Conflict `last_owner`,
    `last_break_glass`, and what `find` and `acting.act` raise."""

    def decide(case: _Case) -> tuple[Change, ...]:
        case.need_above()
        return _enter(case.entry, Cause.ADMIN, "suspended by an admin")

    return _decide(database, organization_id, who, actor, "a member was suspended by hand", _need_manager, decide)


def unsuspend(database: Database, organization_id: str, who: str, *, actor: Actor = OPERATOR) -> MemberView:
    """Lift an admin's suspension, and no other. Raises Forbidden `role_above`, and what `find` and `acting.act` raise."""

    def decide(case: _Case) -> tuple[Change, ...]:
        case.need_above()
        return _lift(case.entry, Cause.ADMIN, "the admin's suspension was lifted")

    return _decide(database, organization_id, who, actor, "a suspension was lifted by hand", _need_manager, decide)


def unblock(database: Database, organization_id: str, who: str, *, actor: Actor = OPERATOR) -> MemberView:
    """Lift a block, and no other cause. Raises Forbidden `role_above`, and what `find` and `acting.act` raise."""

    def decide(case: _Case) -> tuple[Change, ...]:
        case.need_above()
        return _lift(case.entry, Cause.BLOCK, "the block was lifted")

    return _decide(database, organization_id, who, actor, "a member was unblocked", _need_manager, decide)


def _enter(entry: Entry, cause: Cause, sentence: str) -> tuple[Change, ...]:
    return () if cause in entry.holding.causes else (Suspend(cause, Because(sentence)),)


def _lift(entry: Entry, cause: Cause, sentence: str) -> tuple[Change, ...]:
    return (Lift(cause, Because(sentence)),) if cause in entry.holding.causes else ()


def remove(database: Database, organization_id: str, who: str, *, block: bool, actor: Actor = OPERATOR) -> None:
    """Remove a member; with `block` they are kept out, with what was given by hand withdrawn. Somebody who removes themselves
    leaves, which needs no permission and, in `sso`, the setting `auth.member_may_leave`.

    Under a live directory only removing and blocking makes sense: a plain removal would come back with the next push. Who is
    blocked is not removed without `block`: the block would go with them, and only `unblock` lifts one.
    Raises Forbidden `role_above`, Conflict `member_blocked`, `managed_by_idp`, `last_owner`, `break_glass`, and what `find` and
    `acting.act` raise.
    """

    def decide(case: _Case) -> tuple[Change, ...]:
        if case.themselves and not block:
            return _leave(case)
        case.need_above()
        _refuse_break_glass(case.entry)
        return _block(case.entry) if block else _remove(case)

    def judge(standing: Standing) -> None:
        if block or not standing.is_oneself(who):
            standing.need(MANAGES)

    _decide(database, organization_id, who, actor, "a member was removed", judge, decide)


def _leave(case: _Case) -> tuple[Change, ...]:
    case.standing.actor.need_scope(MANAGES)
    _refuse_break_glass(case.entry)
    corridor = case.corridor
    if corridor.mode is Mode.SSO and not settings.read(corridor.tx, corridor.organization_id).auth.member_may_leave:
        raise Conflict(
            "managed_by_idp",
            "Members of this organization come from its identity provider, and go by it.",
            expected="a removal at the identity provider, or the setting auth.member_may_leave",
            advice="Ask an admin of the organization.",
        )
    return (Leave(Because("left of their own accord")),)


def _block(entry: Entry) -> tuple[Change, ...]:
    because = Because("removed and blocked by an admin")
    taken = [Take(row, because) for row in sorted(entry.holding.rows) if not row.from_rule]
    return (*taken, *_enter(entry, Cause.BLOCK, because.sentence))


def _remove(case: _Case) -> tuple[Change, ...]:
    if Cause.BLOCK in case.entry.holding.causes:
        raise Conflict(
            "member_blocked",
            "This member is blocked: removed, they could come back.",
            expected="a member who is not blocked",
            advice="Unblock them first, or leave them blocked.",
        )
    if facts.setting(case.corridor).authority is not None:
        raise Conflict(
            "managed_by_idp",
            "Members of this organization come from its directory: a removed one would come back with the next push.",
            expected="a removal at the identity provider, or a block here",
            advice="`connector member remove --block`, or DELETE with ?block=true, keeps them out.",
        )
    return (Leave(Because("removed by an admin")),)


def _decide(
    database: Database, organization_id: str, who: str, actor: Actor, sentence: str, judge: Judge, decide: Decide
) -> MemberView:
    """Judge whether somebody may, find the member, decide, guard, apply; returns the member as they are then (as they were, if
    they left). Judged before anybody is looked for: a refusal does not tell who is a member."""

    def work(corridor: Corridor, standing: Standing) -> MemberView:
        judge(standing)
        scope = id_rows([find(corridor, who)])
        entries = facts.members(corridor, scope)
        before = views(corridor, scope)
        if not before:
            raise not_found(who)  # they left while this waited for the lock
        changes = {each.subject.key: decide(_Case(each, before[0], standing, corridor)) for each in entries}
        guard_by_hand(corridor, [Part(e.subject, e.holding, changes[e.subject.key]) for e in entries])
        sync.settle(corridor, entries, lambda entry: changes[entry.subject.key])
        return (views(corridor, scope) or before)[0]

    return act(database, organization_id, actor, MEMBER, sentence, work)
