"""UNDO: what takes back the last change of the rules, or of how they are read.

It is found in the audit trail, where each such change says what it made, and is a plan like every other: looked at, then applied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from connector.directory.model import Document
from connector.provisioning.acting import OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import among

ADDED, REMOVED, REPLACED, POLICY = "rule.added", "rule.removed", "rules.replaced", "organization.policy_changed"


@dataclass(frozen=True, slots=True)
class Undo:
    """The last change: when, by whom, its action, and of one rule whom it was for and what it gave. `kind` and `given` are the
    plan that takes it back; where `kind` is "", `obstacle` says why there is none. `stays` says what will not be as it was."""

    at: datetime
    actor: str
    action: str
    rule: Mapping[str, Any] | None
    kind: str = ""
    given: Document = field(default_factory=dict)
    obstacle: str = ""
    stays: str = ""


def last(database: Database, organization_id: str, *, actor: Actor = OPERATOR) -> Undo | None:
    """The last change of rules or policy, and what takes it back; None when nothing was changed yet. Needs `sso.manage`."""

    def work(glance: Glance, _: Standing) -> Undo | None:
        entry = glance.tx.execute(_LAST, {"organization": organization_id}).first()
        return None if entry is None else _undo(glance, entry)

    return look(database, organization_id, actor, "sso.manage", work)


_ENTRY = t.AuditEntry
# As the index says it (`ix_audit_entry_rules`): with parameters SQLite would not see that it is the same.
_OF_RULES = text("action IN ('rule.added', 'rule.removed', 'rules.replaced', 'organization.policy_changed')")
_LAST = (
    select(_ENTRY.at, _ENTRY.actor, _ENTRY.action, _ENTRY.target, _ENTRY.before, _ENTRY.after)
    .where(text("audit_entry.organization_id = :organization"), _OF_RULES)
    .order_by(_ENTRY.at.desc(), _ENTRY.id.desc())
    .limit(1)
)


def _undo(glance: Glance, entry: Any) -> Undo:
    of_one = {ADDED: entry.after, REMOVED: entry.before}
    change = Undo(entry.at, entry.actor, entry.action, of_one.get(entry.action))
    if entry.action == POLICY:
        return replace(change, kind="policy", given=entry.before)
    if entry.action == REPLACED:
        return _of_replaced(glance, change, entry.before["rules"], entry.after["rules"])
    rule = entry.target.partition(":")[2]
    if entry.action == ADDED:
        return _of_added(glance, change, rule)
    again = {**entry.before["options"], "id": rule, "position": entry.before["position"]}
    stays = "What it gave was kept as given by hand, and stays." if entry.after else ""
    return _if_there(glance, [again], replace(change, kind="add_rule", given=again, stays=stays))


def _of_added(glance: Glance, change: Undo, rule: str) -> Undo:
    if glance.tx.execute(select(t.Rule.id).where(t.Rule.id == rule)).first() is None:
        return replace(change, obstacle="The rule is gone already.")
    return replace(change, kind="remove_rule", given={"id": rule, "keep": False})


def _of_replaced(glance: Glance, change: Undo, before: Sequence[Any], after: Sequence[Any]) -> Undo:
    """Another order is put back as an order; other rules are put back as rules."""
    ids = [rule["id"] for rule in before]
    if set(ids) == {rule["id"] for rule in after}:
        return replace(change, kind="order_rules", given={"ids": ids})
    again = [{**rule["options"], "id": rule["id"]} for rule in before]
    there = list(glance.tx.execute(select(t.Rule.id).where(t.Rule.organization_id == glance.organization_id)).scalars())
    return _if_there(glance, again, replace(change, kind="rules", given={"rules": again, "instead_of": there}))


def _if_there(glance: Glance, rules: Sequence[Mapping[str, Any]], change: Undo) -> Undo:
    """The same, unless a connection or a group that the rules are for is gone."""
    connections, groups = ({rule[name] for rule in rules if name in rule} for name in ("connection", "group_id"))
    if connections - _known(glance, [t.Connection], connections):
        return replace(change, kind="", given={}, obstacle="The connection that it belonged to is gone.")
    if groups - _known(glance, [t.DirectoryGroup, t.ClaimedGroup], groups):
        return replace(change, kind="", given={}, obstacle="The group that it was for is gone.")
    return change


def _known(glance: Glance, kinds: Sequence[Any], ids: set[str]) -> set[str]:
    chosen = [
        select(kind.id).where(among(kind.id, sorted(ids)), kind.organization_id == glance.organization_id) for kind in kinds
    ]
    return {found for each in chosen for found in glance.tx.execute(each).scalars()} if ids else set()
