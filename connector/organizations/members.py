"""Members: list, explain, and what people decide about one of them. Each verb is one transaction, guarded for the last owner.

What a rule governs is locked by the *source of the row*: while a rule gives somebody an organization role, changing it by hand is
409 `managed_by_idp`. Admins may always suspend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select

from connector.errors import Conflict, NotFound
from connector.membership import roles
from connector.membership.claims import desired_by_claims
from connector.membership.explain import BecauseItem, Explanation, NotItem, explain, explain_claims
from connector.membership.fold import fold
from connector.membership.guard import refuse_last_owner
from connector.membership.ledger import breaks_glass, effective
from connector.membership.model import (
    ROLE,
    Assignment,
    Because,
    Cause,
    Change,
    Effective,
    Give,
    Granted,
    Holding,
    Leave,
    Lift,
    Mode,
    Suspend,
    Take,
)
from connector.membership.plan import Part
from connector.provisioning import facts, sync, testimony
from connector.provisioning.corridor import OPERATOR, Corridor, Glance, Ids, Origin, enter
from connector.provisioning.facts import Entry
from connector.provisioning.setting import Setting
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import among, id_rows


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as people see them. `source` is how they joined; `causes` why they are suspended. Somebody the directory knows who
    is not a member has neither role nor status."""

    id: str | None
    email: str | None
    name: str | None
    role: str | None
    status: str | None
    causes: tuple[str, ...]
    source: str | None
    teams: tuple[tuple[str, str], ...]
    projects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MemberExplanation:
    """A member, what they have and why, and what they have not and why not."""

    member: MemberView
    because: tuple[BecauseItem, ...]
    not_: tuple[NotItem, ...]


def list_members(database: Database, organization_id: str) -> list[MemberView]:
    """All members, oldest first, with a constant number of statements."""
    with database.read() as tx:
        glance = Glance(tx, organization_id)
        everybody = select(t.Membership.id).where(t.Membership.organization_id == organization_id)
        return _views(glance, everybody)


def view(corridor: Corridor, membership_id: str) -> MemberView:
    """One member as they are now in this transaction."""
    return _views(corridor, id_rows([membership_id]))[0]


def _views(glance: Glance | Corridor, scope: Ids) -> list[MemberView]:
    catalogue = facts.setting(glance).catalogue
    ids = glance.tx.execute(scope).scalars().all()
    holdings, _ = facts.read_ledgers(glance, ids)
    rows = glance.tx.execute(_members(glance.organization_id).where(among(t.Membership.id, ids)).order_by(t.Membership.id))
    return [_view(row, holdings[row.id], effective(holdings[row.id], catalogue)) for row in rows]


def _members(organization_id: str) -> Any:
    """Members with what they are called: their own name and primary address, else what their directory says."""
    member, user = t.Membership, t.DirectoryUser
    mine = (user.person_id == member.person_id, user.organization_id == organization_id)
    email, name = (select(func.min(said)).where(*mine).scalar_subquery() for said in (user.email, user.display_name))
    return (
        select(
            member.id,
            member.joined_by,
            member.person_id,
            func.coalesce(t.Address.email, email).label("email"),
            func.coalesce(t.Person.display_name, name).label("display_name"),
        )
        .join(t.Person, t.Person.id == member.person_id)
        .outerjoin(t.Address, and_(t.Address.person_id == member.person_id, t.Address.is_primary))
        .where(member.organization_id == organization_id)
    )


def _view(row: Any, holding: Holding, now: Effective) -> MemberView:
    causes = tuple(sorted(str(cause) for cause in holding.causes))
    projects = tuple(slug for slug, _ in now.projects)
    return MemberView(row.id, row.email, row.display_name, now.role, now.status, causes, row.joined_by, now.teams, projects)


def find(glance: Glance | Corridor, who: str) -> str:
    """The membership id of a member by verified address, else by any address or userName we were told, else by id.

    Raises NotFound `member_not_found`, Conflict `member_ambiguous`.
    """
    key = fold(who)
    member, address, user = t.Membership, t.Address, t.DirectoryUser
    mine = select(member.id).where(member.organization_id == glance.organization_id)
    verified = select(address.person_id).where(address.email_key == key, address.verified)
    told = select(address.person_id).where(address.email_key == key)
    pushed = select(user.person_id).where(
        user.organization_id == glance.organization_id, or_(user.email_key == key, user.user_name_key == key)
    )
    for candidates in (
        mine.where(member.person_id.in_(verified)),
        mine.where(or_(member.person_id.in_(told), member.person_id.in_(pushed.where(user.person_id.is_not(None))))),
        mine.where(member.id == who),
    ):
        found = glance.tx.execute(candidates.limit(2)).scalars().all()
        if len(found) == 1:
            return found[0]
        if found:
            raise Conflict(
                "member_ambiguous", f"Several members are called {who}.", advice="Use the id from `connector member list --json`."
            )
    raise _not_found(who)


def _not_found(who: str) -> NotFound:
    said = f"{who} is not a member of this organization."
    return NotFound("member_not_found", said, advice="`connector member list` shows who is.")


def explain_member(database: Database, organization_id: str, who: str) -> MemberExplanation:
    """Why somebody has what they have, and why not something else. Also of people the directory knows who are not members.

    Raises NotFound `member_not_found`, Conflict `member_ambiguous`.
    """

    def work(corridor: Corridor) -> MemberExplanation:
        setting = facts.setting(corridor)
        entry = _entry(corridor, setting, who)
        told = _explained(setting, entry)
        views = _views(corridor, id_rows([entry.membership_id])) if entry.membership_id else []
        view = views[0] if views else _stranger(entry)
        return MemberExplanation(view, told.because, (*told.not_, _WITHHELD) if entry.withheld else told.not_)

    return enter(database, organization_id, Origin(OPERATOR, "looked"), work, preview=True)


def _explained(setting: Setting, entry: Entry) -> Explanation:
    if setting.authority is None and setting.claims:
        return explain_claims(entry.claims, setting.claims, setting.catalogue, entry.holding)
    return explain(entry.facts, setting.mapping, entry.holding, live=setting.authority is not None)


_WITHHELD = NotItem(
    "status",
    "what the IdP asked is withheld, for nobody else active held the top role: once somebody does, `connector plan` shows it and"
    " `connector apply` confirms it",
)


def _entry(corridor: Corridor, setting: Setting, who: str) -> Entry:
    try:
        membership_id = find(corridor, who)
    except NotFound:
        entries = facts.people(corridor, setting, _ids(corridor, _unlinked(setting, who)))
        if not entries:
            raise
        return entries[0]
    user = select(t.DirectoryUser.id).join(t.Membership, t.Membership.person_id == t.DirectoryUser.person_id)
    linked = user.where(t.Membership.id == membership_id, t.DirectoryUser.connection_id == (setting.authority or ""))
    known = facts.people(corridor, setting, _ids(corridor, linked)) or _member(corridor, setting, membership_id)
    if not known:
        raise _not_found(who)  # they left between two statements
    return known[0]


def _member(corridor: Corridor, setting: Setting, membership_id: str) -> list[Entry]:
    """A member whom no live directory knows, with what they said when they signed in."""
    entries = facts.members(corridor, id_rows([membership_id]))
    persons = [entry.person_id for entry in entries if entry.person_id] if setting.claims else []
    return (testimony.members(corridor, persons) if persons else []) or entries


def _ids(corridor: Corridor, query: Ids) -> Sequence[str]:
    return corridor.tx.execute(query).scalars().all()


def _unlinked(setting: Setting, who: str) -> Ids:
    user, key = t.DirectoryUser, fold(who)
    called = or_(user.email_key == key, user.user_name_key == key, user.id == who)
    return select(user.id).where(user.connection_id == (setting.authority or ""), called).limit(1)


def _stranger(entry: Entry) -> MemberView:
    return MemberView(None, entry.subject.email, entry.name, None, None, (), None, (), ())


def set_role(database: Database, organization_id: str, who: str, role: str) -> MemberView:
    """Give a member an organization role by hand. Raises Invalid `unknown_role`, Conflict `managed_by_idp`, `last_owner`,
    `break_glass`, and what `find` raises."""
    because = Because("the role was set by hand")

    def decide(entry: Entry, corridor: Corridor) -> tuple[Change, ...]:
        roles.role(facts.setting(corridor).catalogue, role)
        _refuse_break_glass(entry)
        _refuse_governed(corridor, entry)
        by_hand = [row for row in sorted(entry.holding.rows) if row.target == ROLE and row.source != "manual"]
        old = next((row.level for row in entry.holding.rows if row.target == ROLE and row.source == "manual"), None)
        given = () if old == role else (Give(Assignment(ROLE, role, "manual"), because, replaces=old),)
        return (*(Take(row, because) for row in by_hand), *given)

    return _decide(database, organization_id, who, "a role was set by hand", decide)


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
    known = facts.people(corridor, setting, _ids(corridor, linked))
    return tuple(each for one in known for each in setting.mapping.desired(one.facts).granted)


def suspend(database: Database, organization_id: str, who: str) -> MemberView:
    """Suspend a member; only `unsuspend` lifts it, whatever the IdP says. Raises Conflict `last_owner`, `last_break_glass`."""

    def decide(entry: Entry, corridor: Corridor) -> tuple[Change, ...]:
        return _enter(entry, Cause.ADMIN, "suspended by an admin")

    return _decide(database, organization_id, who, "a member was suspended by hand", decide)


def unsuspend(database: Database, organization_id: str, who: str) -> MemberView:
    """Lift an admin's suspension, and no other."""

    def decide(entry: Entry, corridor: Corridor) -> tuple[Change, ...]:
        return _lift(entry, Cause.ADMIN, "the admin's suspension was lifted")

    return _decide(database, organization_id, who, "a suspension was lifted by hand", decide)


def unblock(database: Database, organization_id: str, who: str) -> MemberView:
    """Lift a block, and no other cause."""

    def decide(entry: Entry, corridor: Corridor) -> tuple[Change, ...]:
        return _lift(entry, Cause.BLOCK, "the block was lifted")

    return _decide(database, organization_id, who, "a member was unblocked", decide)


def _enter(entry: Entry, cause: Cause, sentence: str) -> tuple[Change, ...]:
    return () if cause in entry.holding.causes else (Suspend(cause, Because(sentence)),)


def _lift(entry: Entry, cause: Cause, sentence: str) -> tuple[Change, ...]:
    return (Lift(cause, Because(sentence)),) if cause in entry.holding.causes else ()


def remove(database: Database, organization_id: str, who: str, *, block: bool) -> None:
    """Remove a member; with `block` they are kept out, with what was given by hand withdrawn.

    Under a live directory only removing and blocking makes sense: a plain removal would come back with the next push.
    Raises Conflict `managed_by_idp`, `last_owner`, `break_glass`.
    """

    def decide(entry: Entry, corridor: Corridor) -> tuple[Change, ...]:
        _refuse_break_glass(entry)
        if block:
            because = Because("removed and blocked by an admin")
            taken = [Take(row, because) for row in sorted(entry.holding.rows) if not row.from_rule]
            return (*taken, *_enter(entry, Cause.BLOCK, because.sentence))
        if facts.setting(corridor).authority is not None:
            raise Conflict(
                "managed_by_idp",
                "Members of this organization come from its directory: a removed one would come back with the next push.",
                expected="a removal at the identity provider, or a block here",
                advice="`connector member remove --block` keeps them out.",
            )
        return (Leave(Because("removed by an admin")),)

    _decide(database, organization_id, who, "a member was removed", decide)


def _decide(
    database: Database,
    organization_id: str,
    who: str,
    sentence: str,
    decide: Callable[[Entry, Corridor], tuple[Change, ...]],
) -> MemberView:
    """Find the member, decide, guard, apply; returns the member as they are then (as they were, if they left)."""

    def work(corridor: Corridor) -> MemberView:
        scope = id_rows([find(corridor, who)])
        entries = facts.members(corridor, scope)
        before = _views(corridor, scope)
        if not before:
            raise _not_found(who)  # they left while this waited for the lock
        changes = {entry.subject.key: decide(entry, corridor) for entry in entries}
        guard_by_hand(corridor, [Part(e.subject, e.holding, changes[e.subject.key]) for e in entries])
        sync.settle(corridor, entries, lambda entry: changes[entry.subject.key])
        return (_views(corridor, scope) or before)[0]

    return enter(database, organization_id, Origin(OPERATOR, sentence), work)


def guard_by_hand(corridor: Corridor, parts: Sequence[Part]) -> None:
    """Refuse what would leave the organization without an active owner. Raises Conflict `last_owner`."""
    catalogue = facts.setting(corridor).catalogue
    losing = [part for part in parts if sync.loses_top(part, catalogue)]
    if not losing:
        return
    corridor.need_exclusive()
    others = facts.other_top_holders(corridor, catalogue, [part.subject.key for part in losing])
    refuse_last_owner(losing, others, catalogue)
    named = corridor.mode is Mode.SSO and any(breaks_glass(part.before) for part in losing)
    if named and not _other_break_glass(corridor, losing):
        raise Conflict(
            "last_break_glass",
            "This is the last active break-glass owner.",
            expected="at least one active break-glass owner while the organization is in sso",
        )


def _other_break_glass(corridor: Corridor, losing: Sequence[Part]) -> bool:
    holders = select(t.Assignment.membership_id).where(
        t.Assignment.organization_id == corridor.organization_id, t.Assignment.source == "break_glass"
    )
    out = {part.subject.key for part in losing}
    holdings, _ = facts.read_ledgers(corridor, _ids(corridor, holders))
    return any(not holding.causes for key, holding in holdings.items() if key not in out)
