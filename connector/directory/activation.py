"""Going live: a connection becomes active, and its staged directory the authority; the first one turns the organization to `sso`
(DESIGN section 5).

`activate` runs inside an exclusive corridor and is named in `plans.py`, which previews, stores and applies it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Select, delete, exists, func, select, update

from connector.directory import returns
from connector.directory.connections import not_found
from connector.directory.model import Document
from connector.errors import Conflict
from connector.membership import roles
from connector.membership.ledger import await_rules, breaks_glass, hand_over
from connector.membership.model import ROLE, Assignment, Because, Cause, Change, Give, Join, Mode, Suspend, Take
from connector.membership.plan import Part, Plan
from connector.organizations import invitations
from connector.provisioning import apply, facts, people, sync
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry
from connector.storage import tables as t
from connector.storage.sets import id_rows

NAMED = 20
"""People whom a note names; of more it says how many."""


def activate(corridor: Corridor, given: Document) -> sync.Outcome:
    """Take the connection `given["connection"]` live and, where it is staged, its directory with it.

    The first one turns the organization to `sso`; what people gave the members is then handed over to the rules, or kept
    (`keep`). Raises NotFound `connection_not_found`, Conflict `domain_required`, `already_active`, `break_glass_required`.
    """
    corridor.need_exclusive()
    connection = connection_of(corridor, given)
    _refuse_too_early(corridor, connection)
    switching, staged = corridor.mode is Mode.INVITATION, connection.directory == "staging"
    named = _break_glass(corridor) if switching else sync.Outcome(Plan((), corridor.entered.catalogue))
    notes = (*named.notes, *(_switch_to_sso(corridor) if switching else ()))
    set_state(corridor, connection, state="active")
    handing = switching and not given.get("keep")
    outcome = go_live(corridor, connection, handing=handing) if staged else _without_directory(corridor, handing=handing)
    _record(corridor, connection, switching=switching)
    parts = sorted((*named.plan.parts, *outcome.plan.parts), key=_outsiders_first)
    return sync.Outcome(Plan(tuple(parts), outcome.plan.catalogue), outcome.withheld, (*notes, *outcome.notes))


def _refuse_too_early(corridor: Corridor, connection: Any) -> None:
    if connection.state == "active" and connection.directory != "staging":
        raise Conflict("already_active", "This connection is active and has no staged directory.")
    if not facts.setting(corridor).domains:
        raise Conflict(
            "domain_required",
            "The organization has no verified domain: nobody could be linked by address.",
            expected="at least one verified domain",
            advice="Add one and prove it by DNS; an operator may vouch for it: `connector domain add ORG DOMAIN --verified`.",
        )


def _outsiders_first(part: Part) -> bool:
    """Those who lose access whatever the identity provider does stand first in the plan."""
    return not any(isinstance(change, Suspend) and change.cause is Cause.CANNOT_LINK for change in part.changes)


def _record(corridor: Corridor, connection: Any, *, switching: bool) -> None:
    """One audit entry for all of it; events for whoever waits for one of its parts."""
    target = f"connection:{connection.id}"
    before, after = {"state": connection.state}, {"state": "active"}
    if connection.directory == "staging":
        before["directory"], after["directory"] = "staging", "live"
        after |= replaced(corridor, connection)
        live = {"target": target, "before": {"directory": "staging"}, "after": {"directory": "live"}}
        apply.tell(corridor, "directory.live", [live])
    if switching:
        before["mode"], after["mode"] = "invitation", "sso"
        turned = {"target": "organization", "before": {"mode": "invitation"}, "after": {"mode": "sso"}}
        apply.tell(corridor, "organization.mode_changed", [turned])
    apply.record(corridor, "connection.activated", target, before, after)


def connection_of(corridor: Corridor, given: Document) -> Any:
    """The connection that is spoken of, of this organization. Raises NotFound `connection_not_found`."""
    found = select(t.Connection).where(
        t.Connection.id == str(given["connection"]), t.Connection.organization_id == corridor.organization_id
    )
    row = corridor.tx.execute(found).one_or_none()
    if row is None:
        raise not_found()
    return row


def set_state(corridor: Corridor, connection: Any, **values: str) -> None:
    """Write `state` or `directory` of a connection."""
    corridor.tx.execute(update(t.Connection).where(t.Connection.id == connection.id).values(**values))


# --------------------------------------------------------------------------------------------------------- the organization


def _switch_to_sso(corridor: Corridor) -> tuple[str, ...]:
    """The mode turns, and pending invitations end. Says so, and whose keys open this organization no more."""
    organization = t.Organization
    corridor.tx.execute(update(organization).where(organization.id == corridor.organization_id).values(membership_mode="sso"))
    ended = invitations.end_pending(corridor, ["members come from SSO now"])
    ending = (f"Pending invitations end: {ended}; the invitees are told where to sign in.",) if ended else ()
    turned = "Members come from the identity provider from then on, and no longer by invitation."
    return (turned, *ending, *_keys_that_stop(corridor))


def _keys_that_stop(corridor: Corridor) -> tuple[str, ...]:
    """Personal keys count as local, which opens nothing in sso. Whose they are: the first of them, and how many in all."""
    key, member, address = t.Key, t.Membership, t.Address
    mine = (member.organization_id == corridor.organization_id, key.organization_id.is_(None), key.revoked_at.is_(None))
    held = select(member.person_id, func.count().label("held")).join(key, key.person_id == member.person_id).where(*mine)
    holders = held.group_by(member.person_id).subquery()
    counted = select(func.count(), func.coalesce(func.sum(holders.c.held), 0)).select_from(holders)
    owners, held_keys = corridor.tx.execute(counted).one()
    if not owners:
        return ()
    named = (
        select(func.coalesce(address.email, holders.c.person_id))
        .select_from(holders)
        .outerjoin(address, (address.person_id == holders.c.person_id) & address.is_primary)
        .order_by(holders.c.person_id)
        .limit(NAMED)
    )
    whose = listed(corridor.tx.execute(named).scalars().all(), owners)
    return (f"Personal keys stop opening this organization: {held_keys}, of {whose}.",)


def listed(names: Any, total: int) -> str:
    """The names, and how many more there are."""
    more = total - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _break_glass(corridor: Corridor) -> sync.Outcome:
    """The founder is the first break-glass owner (or the owner of longest standing), if there is no active one yet: one whom an
    e-mail link finds. Raises Conflict `break_glass_required` when there is nobody."""
    setting = facts.setting(corridor)
    top = roles.top(setting.catalogue).name
    member = t.Membership
    holds = exists().where(t.Assignment.membership_id == member.id, t.Assignment.source == "break_glass")
    suspended = exists().where(t.Suspension.membership_id == member.id)
    reachable = exists().where(t.Address.person_id == member.person_id, t.Address.verified)
    active = select(member.id).where(member.organization_id == corridor.organization_id, ~suspended)
    if corridor.tx.execute(active.where(holds).limit(1)).first():
        return sync.Outcome(Plan((), setting.catalogue))
    owners = active.where(member.role == top, reachable)
    first = corridor.tx.execute(owners.order_by(member.joined_by != "founder", member.id).limit(1)).scalar_one_or_none()
    if first is None:
        raise Conflict(
            "break_glass_required",
            f"There is no active {top} with a verified address, who could come in when the identity provider fails.",
            expected="at least one break-glass owner",
            advice="`connector break-glass add ORG EMAIL` names one.",
        )
    return _named(corridor, first, top)


def _named(corridor: Corridor, membership_id: str, top: str) -> sync.Outcome:
    because = Because("the first break-glass owner: outside the IdP, for the day it fails")

    def decide(entry: Entry) -> tuple[Change, ...]:
        return (Give(Assignment(ROLE, top, "break_glass"), because),)

    named = facts.members(corridor, select(t.Membership.id).where(t.Membership.id == membership_id))
    told = [(entry.subject.email or entry.subject.key, None, {"break_glass": True}) for entry in named]
    apply.record_all(corridor, "break_glass.added", told, [because.sentence])
    notes = tuple(f"{email} becomes a break-glass owner, whom the identity provider cannot touch." for email, _, _ in told)
    return replace(sync.settle(corridor, named, decide), notes=notes)


# ------------------------------------------------------------------------------------------------------------- the members


def go_live(corridor: Corridor, connection: Any, *, handing: bool) -> sync.Outcome:
    """The staged directory becomes the authority; one that was live until now becomes staged, first, for the unique index.

    With `handing` what people gave to those who are linked is handed over to the rules.
    """
    _stage_others(corridor, connection)
    set_state(corridor, connection, directory="live")
    setting = facts.setting(corridor)
    catalogue, domains = setting.catalogue, setting.domains
    pushed = select(t.DirectoryUser.id).where(t.DirectoryUser.connection_id == connection.id)
    rejoin = returns.recognise(corridor, corridor.tx.execute(pushed).scalars().all(), catalogue)

    def extra(entry: Entry, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        changes = rejoin(entry, changes)
        if handing and entry.user_id and not any(isinstance(c, Join) for c in changes):
            changes = _with(changes, hand_over(entry.holding, catalogue))
        return _outside(entry, changes, domains)

    absent = Because(f"not in the directory of {connection.name}")
    outcome = sync.everyone(corridor, absent=absent, extra=extra)
    people.follow(corridor, connection.id, None)  # what was said while it was staged
    return outcome


def _with(changes: tuple[Change, ...], taken: tuple[Take, ...]) -> tuple[Change, ...]:
    """The changes and what is taken beside; a row that they take already is taken once."""
    gone = {change.assignment for change in changes if isinstance(change, Take)}
    return (*changes, *(take for take in taken if take.assignment not in gone))


def _outside(entry: Entry, changes: tuple[Change, ...], domains: frozenset[str]) -> tuple[Change, ...]:
    """A member who cannot link, being outside the verified domains, is suspended for that reason and not for being absent."""
    absent = entry.user_id is None and not breaks_glass(entry.holding)
    if not absent or people.inside((entry.subject.email or "").lower(), domains):
        return changes
    rest = tuple(c for c in changes if not (isinstance(c, Suspend) and c.cause is Cause.DIRECTORY))
    if Cause.CANNOT_LINK in entry.holding.causes:
        return rest
    because = Because("outside the verified domains: cannot be linked to an account at the IdP")
    return (*rest, Suspend(Cause.CANNOT_LINK, because))


def _stage_others(corridor: Corridor, connection: Any) -> None:
    connections = t.Connection
    others = (
        connections.organization_id == corridor.organization_id,
        connections.directory.in_(("live", "paused")),
        connections.id != connection.id,
    )
    for other in corridor.tx.execute(select(connections.id, connections.directory).where(*others)).all():
        change = {"target": f"connection:{other.id}", "before": {"directory": other.directory}, "after": {"directory": "staging"}}
        apply.tell(corridor, "directory.staged", [change])
    corridor.tx.execute(update(connections).where(*others).values(directory="staging"))
    no_longer_heard(corridor)


def replaced(corridor: Corridor, connection: Any) -> dict[str, str]:
    """The connection whose directory was the authority when this one's went live, for the audit trail."""
    other = corridor.entered.authority
    return {} if other in (None, connection.id) else {"replaces": f"connection:{other}"}


def no_longer_heard(corridor: Corridor) -> None:
    """What waits to be confirmed was asked by the directory that speaks no more: the next one is judged by what it says."""
    corridor.tx.execute(delete(t.Withheld).where(t.Withheld.organization_id == corridor.organization_id))


def _without_directory(corridor: Corridor, *, handing: bool) -> sync.Outcome:
    """A connection goes live without a directory: members outside the domains, who could never sign in, are suspended.

    Not those whom the live directory of another connection knows, who are linked by what it said of them. Without one, what
    sign-ins through active connections said before speaks at once.
    """
    setting = facts.setting(corridor)
    if setting.authority is not None:
        known = select(t.DirectoryUser.person_id).where(t.DirectoryUser.connection_id == setting.authority)
        return _settle_silent(corridor, known, setting.domains, handing=False)
    spoken = sync.everyone(
        corridor, extra=lambda entry, changes: _heard(entry, changes, setting.catalogue) if handing else changes
    )
    who, idp = t.ExternalIdentity, t.Connection
    mine = (who.organization_id == corridor.organization_id, idp.state == "active")
    told = select(who.person_id).join(idp, idp.id == who.connection_id).where(*mine)
    silent = _settle_silent(corridor, told, setting.domains, handing=handing)
    parts = (*spoken.plan.parts, *silent.plan.parts)
    return sync.Outcome(Plan(parts, setting.catalogue), spoken.withheld, silent.notes)


def _heard(entry: Entry, changes: tuple[Change, ...], catalogue: Any) -> tuple[Change, ...]:
    """Somebody who signed in before: if they told of groups, the rules speak now, else when they do."""
    if any(claim.groups_known for claim in entry.claims):
        return _with(changes, hand_over(entry.holding, catalogue))
    return (*changes, *await_rules(entry.holding, catalogue))


def _settle_silent(corridor: Corridor, known: Select[Any], domains: frozenset[str], *, handing: bool) -> sync.Outcome:
    """Decide about members who are none of the persons `known`: of them there is an address and nothing else. With `handing` they
    keep what people gave them until a sign-in of theirs tells of groups."""
    catalogue = facts.setting(corridor).catalogue
    everybody = select(t.Membership.id, t.Membership.person_id).where(t.Membership.organization_id == corridor.organization_id)
    heard = set(corridor.tx.execute(known).scalars())
    silent = [row.id for row in corridor.tx.execute(everybody) if row.person_id not in heard]

    def decide(entry: Entry) -> tuple[Change, ...]:
        waiting = await_rules(entry.holding, catalogue) if handing else ()
        return _outside(entry, waiting, domains)

    outcome = sync.settle(corridor, facts.members(corridor, id_rows(silent)), decide)
    waiting = sum(any(isinstance(change, Give) for change in part.changes) for part in outcome.plan.parts)
    if not waiting:
        return outcome
    told = f"What {waiting} of the members were given by hand stays until a sign-in of theirs tells of groups"
    return replace(outcome, notes=(f"{told}: then the rules speak.",))
