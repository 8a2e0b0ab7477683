"""Rules: what an IdP's groups (or attributes, or everybody) become here. Every edit is a plan, carried out by `plans.py`, which
judges who may.

An edit writes the rule rows and then brings everybody in line; a preview is the same, rolled back. Rules of a connection not in
force are kept and give nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import delete, func, select
from sqlalchemy.orm import aliased

from connector.directory.model import Document
from connector.directory.rule_rows import connection_of, row_of
from connector.directory.rule_views import audited, not_found
from connector.errors import Conflict
from connector.membership.guard import refuse_last_owner
from connector.membership.ledger import level_of
from connector.membership.mapping import gift
from connector.membership.model import (
    RULE,
    Assignment,
    Because,
    Change,
    Give,
    Holding,
    Take,
)
from connector.membership.plan import Part, Plan
from connector.organizations.last_owner import guard_by_hand
from connector.provisioning import apply, facts, sync
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry
from connector.storage import tables as t
from connector.storage.ids import new_id
from connector.storage.sets import among
from connector.storage.writes import insert_rows, update_rows


def add(corridor: Corridor, given: Document) -> sync.Outcome:
    """Add one rule; `given` has `id`, `connection` and the options of `rule add`; with `position` where it stood before. Raises
    Invalid, Conflict `rule_exists`."""
    connection_id = connection_of(corridor, given)
    position = cast("int | None", given.get("position"))
    position = _next_position(corridor, connection_id) if position is None else position
    wanted = row_of(corridor, facts.setting(corridor), connection_id, given, position)
    if any(_same(wanted, row) for row in _rows(corridor, connection_id)):
        raise Conflict("rule_exists", "This connection has the same rule already.", advice="Remove the other one first.")
    insert_rows(corridor.tx, t.Rule, [wanted])
    apply.record_all(corridor, "rule.added", [(rule, None, said) for rule, said in audited(corridor, [wanted])])
    return sync.everyone(corridor)


def remove(corridor: Corridor, given: Document) -> sync.Outcome:
    """Remove one rule (`given`: `id`, `keep`): what it gave is withdrawn, or kept as if given by hand."""
    row = corridor.tx.execute(select(t.Rule).where(t.Rule.id == given["id"])).one_or_none()
    if row is None or row.organization_id != corridor.organization_id:
        raise not_found(str(given["id"]))
    [(rule, said)] = audited(corridor, [dict(row._mapping)])
    said["position"] = row.position
    apply.record(corridor, "rule.removed", rule, said, {"kept": True} if given.get("keep") else None)
    return drop(corridor, [row.id], keep=bool(given.get("keep")))


def order(corridor: Corridor, given: Document) -> sync.Outcome:
    """Put the rules in the order of `given["ids"]`; those that it does not name come behind, in the order they have."""
    present = _rows(corridor, None)
    places = {rule: at for at, rule in enumerate(cast("list[str]", given["ids"]))}
    ordered = sorted(present, key=lambda row: places.get(row["id"], len(places)))
    moved = [{"id": row["id"], "position": at} for at, row in enumerate(ordered) if row["position"] != at]
    update_rows(corridor.tx, t.Rule, moved, keys=("id",))
    _tell_replaced(corridor, present, ordered)
    return sync.everyone(corridor)


def drop(corridor: Corridor, rule_ids: Sequence[str], *, keep: bool) -> sync.Outcome:
    """Take rules and what they gave out of the organization, whether they are in force or not, and bring everybody in line.

    Raises Conflict `last_owner` where one of them is all that keeps an active holder of the top role.
    """
    sources = frozenset(RULE + rule_id for rule_id in rule_ids)
    catalogue = facts.setting(corridor).catalogue

    def kept(entry: Entry, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        gone = [c.assignment for c in changes if isinstance(c, Take) and c.assignment.source in sources]
        return (*changes, *as_manual(entry.holding, gone, catalogue)) if keep else changes

    settled = _settle_rows(corridor, rule_ids, kept)
    corridor.tx.execute(delete(t.Rule).where(among(t.Rule.id, rule_ids)))
    outcome = sync.everyone(corridor, extra=kept)
    refuse_last_owner([part for part in outcome.withheld if _takes(part, sources)], 0, catalogue)
    return sync.Outcome(Plan(settled.plan.parts + outcome.plan.parts, catalogue), outcome.withheld)


def _takes(part: Part, sources: frozenset[str]) -> bool:
    return any(isinstance(change, Take) and change.assignment.source in sources for change in part.changes)


def _governed(corridor: Corridor, rule_ids: Sequence[str]) -> bool:
    """True when the rules belong to the live directory, whose sync withdraws their rows by itself."""
    authority = facts.setting(corridor).authority
    found = select(t.Rule.id).where(among(t.Rule.id, rule_ids), t.Rule.connection_id != (authority or ""))
    return corridor.tx.execute(found.limit(1)).first() is None


def _settle_rows(corridor: Corridor, rule_ids: Sequence[str], kept: sync.Extra) -> sync.Outcome:
    """Withdraw the rows that no sync withdraws. Of rules of the live directory these are those of break-glass owners, from the
    time before."""
    sources = frozenset(RULE + rule_id for rule_id in rule_ids)
    because = Because("the rule was removed")

    def decide(entry: Entry) -> tuple[Change, ...]:
        taken = tuple(Take(row, because) for row in sorted(entry.holding.rows) if row.source in sources)
        return kept(entry, taken)

    row, glass = t.Assignment, aliased(t.Assignment)
    held = select(row.membership_id).where(among(row.rule_id, rule_ids))
    if _governed(corridor, rule_ids):
        held = held.join(glass, (glass.membership_id == row.membership_id) & (glass.source == "break_glass"))
    entries = facts.members(corridor, held)
    guard_by_hand(corridor, [Part(entry.subject, entry.holding, decide(entry)) for entry in entries])
    return sync.settle(corridor, entries, decide)


def as_manual(holding: Holding, rows: Sequence[Assignment], catalogue: Any) -> tuple[Change, ...]:
    """Keep what rules gave as rows given by hand: one per target, at the level they came to, never below a manual row."""
    changes: list[Change] = []
    for target in dict.fromkeys(row.target for row in rows):
        old = next((r.level for r in holding.rows if r.target == target and r.source == "manual"), None)
        levels = {row.level for row in rows if row.target == target} | ({old} if old else set())
        level = level_of(target, levels, catalogue)
        if level != old:
            because = Because(f"kept as given by hand: {gift(target, level)}")
            changes.append(Give(Assignment(target, level, "manual"), because, replaces=old))
    return tuple(changes)


def replace_all(corridor: Corridor, given: Document) -> sync.Outcome:
    """Make the organization's rules those of `given["rules"]`, in that order (`None`: today's). Equal rules keep their ids.

    With `given["instead_of"]` only where these are the ids of those there are: no rule that came meanwhile goes unseen. Raises
    Conflict `rules_changed`, and what `row_of` and `drop` raise.
    """
    wanted = cast("list[Document] | None", given.get("rules"))
    if wanted is None:
        return sync.everyone(corridor, confirm=True)
    present, setting = _rows(corridor, None), facts.setting(corridor)
    _refuse_changed([row["id"] for row in present], given.get("instead_of"))
    fresh: list[dict[str, Any]] = []
    kept: dict[str, int] = {}
    ordered: list[dict[str, Any]] = []
    for position, spec in enumerate(wanted):
        row = row_of(corridor, setting, connection_of(corridor, spec), {"id": new_id(), **spec}, position)
        twin = next((old for old in present if _same(row, old) and old["id"] not in kept), None)
        if twin is None:
            fresh.append(row)
        else:
            kept[twin["id"]] = position
        ordered.append(twin or row)
    insert_rows(corridor.tx, t.Rule, fresh)
    update_rows(corridor.tx, t.Rule, [{"id": rule, "position": at} for rule, at in kept.items()], keys=("id",))
    _tell_replaced(corridor, present, ordered)
    return drop(corridor, [row["id"] for row in present if row["id"] not in kept], keep=False)


def _refuse_changed(present: list[str], expected: object) -> None:
    if isinstance(expected, list) and sorted(expected) != sorted(present):
        raise Conflict(
            "rules_changed",
            "Rules were added or removed by somebody else meanwhile; nothing was applied.",
            expected="rules as they were when this was looked at",
            advice="Look at the rules as they are now, and change those.",
        )


def _tell_replaced(corridor: Corridor, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> None:
    """One entry for all of them, in their order, unless they are the same in the same order."""
    if [row["id"] for row in before] != [row["id"] for row in after]:
        apply.record(corridor, "rules.replaced", "rules", _listed(corridor, before), _listed(corridor, after))


def _listed(corridor: Corridor, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    told = zip(rows, audited(corridor, rows), strict=True)
    return {"rules": [{"id": row["id"], **said} for row, (_, said) in told]}


def _rows(corridor: Corridor, connection_id: str | None) -> list[dict[str, Any]]:
    found = select(t.Rule).where(t.Rule.organization_id == corridor.organization_id)
    if connection_id is not None:
        found = found.where(t.Rule.connection_id == connection_id)
    return [dict(row._mapping) for row in corridor.tx.execute(found.order_by(t.Rule.position, t.Rule.id))]


def _next_position(corridor: Corridor, connection_id: str) -> int:
    last = select(func.max(t.Rule.position)).where(t.Rule.connection_id == connection_id)
    return (corridor.tx.execute(last).scalar_one() or 0) + 1


_MEANING = (
    "connection_id",
    "match_kind",
    "match_value",
    "match_attribute",
    "target_kind",
    "team_id",
    "project_id",
    "slug",
    "level",
)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one[name] == other[name] for name in _MEANING)
