"""SYNC: the one way in which facts become memberships. Facts, decide, guard, apply; a preview is the same without the last step.

users(corridor, ids)        the IdP said something about these people (known, newcomer: the same, with less to read)
claimed(corridor, entries)  they signed in, and no directory is live
everyone(corridor)          rules, states or mode changed
settle(corridor, …)         a person decided about one member: the same guard, the same apply
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from connector.membership.claims import desired_by_claims
from connector.membership.guard import divide, holds_top, withhold_last
from connector.membership.ledger import breaks_glass, play, release
from connector.membership.model import (
    Assignment,
    Because,
    Catalogue,
    Cause,
    Change,
    Desired,
    Give,
    Join,
    Leave,
    Lift,
    Target,
)
from connector.membership.plan import Part, Plan, reconcile
from connector.provisioning import apply, facts, people, testimony
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry, Known
from connector.provisioning.setting import Setting
from connector.storage import tables as t
from connector.storage.writes import insert_rows

Extra = Callable[[Entry, tuple[Change, ...]], tuple[Change, ...]]
"""What a verb adds to the changes of one person: a rehire's rows, a hand-over. Pure."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the plan (as applied, or as it would be), the parts that were withheld to keep an owner, and what else
    happens to the organization beside people's access, in sentences."""

    plan: Plan
    withheld: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()


def users(corridor: Corridor, ids: Collection[str], *, extra: Extra | None = None) -> Outcome:
    """Bring the people behind these directory users in line with what the IdP says now."""
    org = corridor.entered
    return _run(corridor, org, _linked(corridor, org, facts.people(corridor, org, ids)), extra=extra)


def known(corridor: Corridor, users: Sequence[Known]) -> Outcome:
    """As `users`, of directory users that the verb has locked and read."""
    org = corridor.entered
    return _run(corridor, org, _linked(corridor, org, facts.known_people(corridor, users)))


def newcomer(corridor: Corridor, user: Known) -> Outcome:
    """As `users`, of somebody of whom it was seen that nobody here knows them."""
    return _run(corridor, corridor.entered, [facts.newcomer(user)])


def claimed(corridor: Corridor, entries: Sequence[Entry], *, extra: Extra | None = None) -> Outcome:
    """Bring people in line with what their sign-ins say (`Entry.claims`); who is no member joins by them."""
    return _run(corridor, corridor.entered, entries, extra=extra)


def join(corridor: Corridor, entry: Entry, because: Because) -> Outcome:
    """Make somebody a member on the way in of whom the live directory does not speak."""
    part = Part(entry.subject, entry.holding, _welcomed(corridor.entered, (Join(because),)))
    return _apply(corridor, corridor.entered, [part], (), [entry], joined_by="jit")


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of garbage, which would look through the values of 100,000 people a dozen times and find nothing to
    free: a quarter of the work. Of two at once the first begins and ends it for both."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@_uncollected()
def everyone(corridor: Corridor, *, absent: Because | None = None, extra: Extra | None = None, confirm: bool = False) -> Outcome:
    """Bring everybody in line: after a rule edit, an activation, a resumed directory, a repair.

    With `absent` members whom the directory does not know are suspended for that reason; without it they stay as they are. With
    `confirm` changes that were withheld to keep an owner are tried again: an owner (or the operator) has seen the plan.
    """
    corridor.need_exclusive()
    org = facts.setting(corridor)
    if org.authority is None:
        return _run(corridor, org, testimony.everybody(corridor, org) if org.claims else [], extra=extra, confirm=confirm)
    entries = facts.everybody(corridor, org)
    if people.link(corridor, _alone(entries), org.domains):
        entries = facts.everybody(corridor, org)
    return _run(corridor, org, entries, absent=absent, extra=extra, confirm=confirm)


def _linked(corridor: Corridor, org: Setting, entries: list[Entry]) -> list[Entry]:
    """Those active and linked to nobody are linked first, where an address of theirs is verified here."""
    if people.link(corridor, _alone(entries), org.domains):
        return facts.people(corridor, org, [entry.user_id for entry in entries if entry.user_id])
    return entries


def _alone(entries: Sequence[Entry]) -> list[str]:
    return [entry.user_id for entry in entries if entry.user_id and entry.person_id is None and entry.facts.active]


def leave(corridor: Corridor, ids: Collection[str], because: Because) -> Outcome:
    """The IdP deleted these people: their memberships end. Break-glass owners are outside of what an IdP can do."""
    org = corridor.entered
    entries = facts.people(corridor, org, ids)
    going = [entry for entry in entries if entry.membership_id and not breaks_glass(entry.holding)]
    parts = [Part(entry.subject, entry.holding, (Leave(because),)) for entry in going]
    kept, withheld = guard(corridor, org.catalogue, parts)
    return _apply(corridor, org, kept, withheld, entries, joined_by="scim", newly=withheld)


def settle(
    corridor: Corridor, entries: Sequence[Entry], decide: Callable[[Entry], tuple[Change, ...]], *, joined_by: str = "manual"
) -> Outcome:
    """Apply what a person decided about members, in a preview too: what is decided next builds on it, and all is rolled back.

    The guard of the last owner is the caller's (`members.guard_by_hand`).
    """
    org = facts.setting(corridor)
    decided = ((entry, _welcomed(org, decide(entry))) for entry in entries)
    parts = [Part(entry.subject, entry.holding, changes) for entry, changes in decided if changes]
    return _apply(corridor, org, parts, (), entries, joined_by=joined_by)


def _run(
    corridor: Corridor,
    org: Setting,
    entries: Sequence[Entry],
    *,
    absent: Because | None = None,
    extra: Extra | None = None,
    confirm: bool = False,
) -> Outcome:
    parts = []
    known: dict[tuple[int, int, bool, int], tuple[Change, ...]] = {}
    for entry in entries:
        if confirm and entry.withheld and entry.facts.active is None:
            changes: tuple[Change, ...] = (Leave(Because("the IdP deleted this person; an owner confirmed it")),)
        else:
            # People of whom the same is said and who hold the same share these values (`facts.py`): they are decided once.
            alike = (id(entry.facts), id(entry.holding), entry.user_id is None, id(entry.claims))
            changes = known[alike] if alike in known else known.setdefault(alike, _decided(org, entry, absent))
        if extra is not None:
            changes = extra(entry, changes)
        if changes:
            parts.append(Part(entry.subject, entry.holding, changes))
    _forget_withheld(corridor, entries, parts, org.catalogue)
    parts, waiting = (parts, []) if confirm else _keep_waiting(parts, entries, org.catalogue)
    kept, withheld = guard(corridor, org.catalogue, parts)
    if corridor.preview:
        return Outcome(Plan(tuple(kept), org.catalogue), (*withheld, *waiting))
    if confirm:
        _forget_confirmed(corridor, entries, kept)
    joined_by = "scim" if org.authority else "jit"
    return _apply(corridor, org, kept, (*withheld, *waiting), entries, joined_by=joined_by, newly=withheld)


def _decided(org: Setting, entry: Entry, absent: Because | None) -> tuple[Change, ...]:
    """What the authority makes of somebody. Once it speaks of them, of their groups too, what was kept until then goes."""
    if org.authority is None:
        desired = desired_by_claims(entry.claims, org.claims, entry.holding)
        heard = any(claim.groups_known and claim.connection in org.claims for claim in entry.claims)
    else:
        desired = _standing(org.mapping.desired(entry.facts), entry, absent)
        heard = entry.user_id is not None
    released = release(entry.holding, org.catalogue) if heard else ()
    return _welcomed(org, (*reconcile(desired, entry.holding), *_found(entry), *released))


def _welcomed(org: Setting, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Whoever joins, in whatever way, is in the default project, where there is one. They see what stands there; what they may
    change there their role says, or a hand or a rule that gives them more (TG-15, TG-17)."""
    if org.default_project is None or not any(isinstance(change, Join) for change in changes):
        return changes
    return (*changes, Give(Assignment(Target("project", org.default_project), "viewer", "system"), _WELCOME))


_WELCOME = Because("everybody is in the default project")


def _found(entry: Entry) -> tuple[Change, ...]:
    """Who could not be linked, and is now, is back."""
    if (entry.user_id is None and not entry.claims) or Cause.CANNOT_LINK not in entry.holding.causes:
        return ()
    return (Lift(Cause.CANNOT_LINK, Because("linked to an account at the IdP")),)


def _standing(desired: Desired, entry: Entry, absent: Because | None) -> Desired:
    """What the directory does not speak of stays: somebody it does not know is suspended only when the verb says so."""
    if entry.facts.active is not None:
        return desired
    if absent is not None:
        return replace(desired, suspended=absent)
    if Cause.DIRECTORY in entry.holding.causes:
        return replace(desired, suspended=Because("suspended before, and the directory says nothing new"))
    return desired


def guard(corridor: Corridor, catalogue: Catalogue, parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """Keep an active holder of the top role: returns the parts to apply and the parts withheld.

    A plan that may take the top role from, suspend or remove a holder needs the exclusive lock, else two of them could each count
    on the other's owner.
    """
    losing = [part for part in parts if loses_top(part, catalogue)]
    if not losing:
        return list(parts), []
    corridor.need_exclusive()
    others = facts.other_top_holders(corridor, catalogue, [part.subject.key for part in losing])
    kept, withheld = withhold_last(parts, others, catalogue)
    return list(kept), list(withheld)


def loses_top(part: Part, catalogue: Catalogue) -> bool:
    """True when the part takes an active holder of the top role out of it: judge the change, not the row."""
    return holds_top(part.before, catalogue) and not holds_top(play(part.changes, part.before), catalogue)


def _keep_waiting(parts: Sequence[Part], entries: Sequence[Entry], catalogue: Catalogue) -> tuple[list[Part], list[Part]]:
    """Leave out what was withheld before and nobody has confirmed."""
    held = {entry.subject.key for entry in entries if entry.withheld}
    going: list[Part] = []
    waiting: list[Part] = []
    for part in parts:
        if part.subject.key not in held or not loses_top(part, catalogue):
            going.append(part)
            continue
        harmless, harmful = divide(part, catalogue)
        waiting.append(replace(part, changes=harmful))
        if harmless:
            going.append(replace(part, changes=harmless))
    return going, waiting


def _forget_withheld(corridor: Corridor, entries: Sequence[Entry], parts: Iterable[Part], catalogue: Catalogue) -> None:
    """A withheld change is moot once the IdP no longer asks for it."""
    if not any(entry.withheld for entry in entries):
        return
    asked = {part.subject.key for part in parts if loses_top(part, catalogue)}
    deleted = {entry.subject.key for entry in entries if entry.facts.active is None}
    moot = [e.membership_id for e in entries if e.withheld and e.subject.key not in asked | deleted]
    corridor.delete(t.Withheld, [{"membership_id": membership_id} for membership_id in moot])


def _forget_confirmed(corridor: Corridor, entries: Sequence[Entry], kept: Iterable[Part]) -> None:
    """What an owner confirmed waits no longer."""
    waiting = {entry.subject.key for entry in entries if entry.withheld}
    done = [part.subject.key for part in kept if part.subject.key in waiting]
    corridor.delete(t.Withheld, [{"membership_id": membership_id} for membership_id in done])


def _apply(
    corridor: Corridor,
    org: Setting,
    parts: Sequence[Part],
    withheld: Sequence[Part],
    entries: Sequence[Entry],
    *,
    joined_by: str,
    newly: Sequence[Part] = (),
) -> Outcome:
    plan = Plan(tuple(parts), org.catalogue)
    by_key = {entry.subject.key: entry for entry in entries}
    apply.write(corridor, org, plan, by_key, joined_by=joined_by)
    for part in newly:
        _withhold(corridor, part)
    return Outcome(plan, tuple(withheld))


def _withhold(corridor: Corridor, part: Part) -> None:
    """Audit and alert a change that would have left the organization without an owner; keep it until it is confirmed."""
    if corridor.preview:
        return
    reason = "; ".join(change.because.sentence for change in part.changes)
    row = {"membership_id": part.subject.key, "organization_id": corridor.organization_id, "reason": reason}
    insert_rows(corridor.tx, t.Withheld, [{**row, "created_at": corridor.now}], ignore=True)
    because = [reason, "withheld: nobody else active holds the top role"]
    apply.record(corridor, "guard.last_owner", part.subject.email or part.subject.key, None, None, because)
