"""Rules: what an IdP's groups (or attributes, or everybody) become here. Every edit is a plan.

An edit writes the rule rows and then brings everybody in line; a preview is the same, rolled back. Rules of a connection not in
force are kept and give nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import delete, exists, func, select

from connector.directory.model import Document
from connector.errors import Conflict, Invalid, NotFound
from connector.membership import roles
from connector.membership.fold import fold, is_storable
from connector.membership.guard import refuse_last_owner
from connector.membership.ledger import level_of
from connector.membership.mapping import check, gift
from connector.membership.model import (
    RULE,
    Assignment,
    Because,
    Change,
    Give,
    Holding,
    Match,
    MatchKind,
    Rule,
    Take,
    Target,
    TargetKind,
)
from connector.membership.plan import Part, Plan
from connector.organizations import members
from connector.provisioning import apply, facts, sync
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry
from connector.provisioning.setting import Setting
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.sets import among
from connector.storage.writes import insert_rows, update_rows

_MATCHES: Mapping[str, MatchKind] = {
    "group": "name",
    "group_id": "group",
    "external_id": "external_id",
    "pattern": "pattern",
    "attribute": "attribute",
}


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule as people see it. `match` says what it looks for in words; `orphaned` that the group it names is gone."""

    id: str
    connection: str
    match: str
    target: str
    level: str
    orphaned: bool
    position: int


def add(corridor: Corridor, given: Document) -> sync.Outcome:
    """Add one rule; `given` has `id`, `connection` and the options of `rule add`. Raises Invalid, Conflict `rule_exists`."""
    connection_id = _connection(corridor, given)
    wanted = _row(corridor, facts.setting(corridor), connection_id, given, _next_position(corridor, connection_id))
    if any(_same(wanted, row) for row in _rows(corridor, connection_id)):
        raise Conflict("rule_exists", "This connection has the same rule already.", advice="Remove the other one first.")
    insert_rows(corridor.tx, t.Rule, [wanted])
    apply.record_all(corridor, "rule.added", [(rule, None, said) for rule, said in _told(corridor, [wanted])])
    return sync.everyone(corridor)


def remove(corridor: Corridor, given: Document) -> sync.Outcome:
    """Remove one rule (`given`: `id`, `keep`): what it gave is withdrawn, or kept as if given by hand."""
    row = corridor.tx.execute(select(t.Rule).where(t.Rule.id == given["id"])).one_or_none()
    if row is None or row.organization_id != corridor.organization_id:
        raise _not_found(str(given["id"]))
    apply.record_all(corridor, "rule.removed", [(rule, said, None) for rule, said in _told(corridor, [dict(row._mapping)])])
    return drop(corridor, [row.id], keep=bool(given.get("keep")))


def drop(corridor: Corridor, rule_ids: Sequence[str], *, keep: bool) -> sync.Outcome:
    """Take rules and what they gave out of the organization, whether they are in force or not, and bring everybody in line.

    Raises Conflict `last_owner` where one of them is all that keeps an active holder of the top role.
    """
    sources = frozenset(RULE + rule_id for rule_id in rule_ids)
    catalogue = facts.setting(corridor).catalogue

    def kept(entry: Entry, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        gone = [c.assignment for c in changes if isinstance(c, Take) and c.assignment.source in sources]
        return (*changes, *as_manual(entry.holding, gone, catalogue)) if keep else changes

    settled = None if _governed(corridor, rule_ids) else _settle_rows(corridor, rule_ids, kept)
    corridor.tx.execute(delete(t.Rule).where(among(t.Rule.id, rule_ids)))
    outcome = sync.everyone(corridor, extra=kept)
    refuse_last_owner([part for part in outcome.withheld if _takes(part, sources)], 0, catalogue)
    return (
        outcome if settled is None else sync.Outcome(Plan(settled.plan.parts + outcome.plan.parts, catalogue), outcome.withheld)
    )


def _takes(part: Part, sources: frozenset[str]) -> bool:
    return any(isinstance(change, Take) and change.assignment.source in sources for change in part.changes)


def _governed(corridor: Corridor, rule_ids: Sequence[str]) -> bool:
    """True when the rules belong to the live directory, whose sync withdraws their rows by itself."""
    authority = facts.setting(corridor).authority
    found = select(t.Rule.id).where(among(t.Rule.id, rule_ids), t.Rule.connection_id != (authority or ""))
    return corridor.tx.execute(found.limit(1)).first() is None


def _settle_rows(corridor: Corridor, rule_ids: Sequence[str], kept: sync.Extra) -> sync.Outcome:
    """Withdraw the rows of rules that are not in force: no sync would do it."""
    sources = frozenset(RULE + rule_id for rule_id in rule_ids)
    because = Because("the rule was removed")

    def decide(entry: Entry) -> tuple[Change, ...]:
        taken = tuple(Take(row, because) for row in sorted(entry.holding.rows) if row.source in sources)
        return kept(entry, taken)

    entries = facts.members(corridor, select(t.Assignment.membership_id).where(among(t.Assignment.rule_id, rule_ids)))
    members.guard_by_hand(corridor, [Part(entry.subject, entry.holding, decide(entry)) for entry in entries])
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
    """Make the organization's rules those of `given["rules"]`, in that order (`None`: today's). Equal rules keep their ids."""
    wanted = cast("list[Document] | None", given.get("rules"))
    if wanted is None:
        return sync.everyone(corridor, confirm=True)
    present, setting = _rows(corridor, None), facts.setting(corridor)
    fresh: list[dict[str, Any]] = []
    kept: dict[str, int] = {}
    for position, spec in enumerate(wanted):
        row = _row(corridor, setting, _connection(corridor, spec), {"id": new_id(), **spec}, position)
        twin = next((old for old in present if _same(row, old) and old["id"] not in kept), None)
        if twin is None:
            fresh.append(row)
        else:
            kept[twin["id"]] = position
    insert_rows(corridor.tx, t.Rule, fresh)
    update_rows(corridor.tx, t.Rule, [{"id": rule, "position": at} for rule, at in kept.items()], keys=("id",))
    apply.record_all(corridor, "rule.added", [(rule, None, said) for rule, said in _told(corridor, fresh)])
    removed = [row for row in present if row["id"] not in kept]
    apply.record_all(corridor, "rule.removed", [(rule, said, None) for rule, said in _told(corridor, removed)])
    return drop(corridor, [row["id"] for row in removed], keep=False)


def list_(database: Database, connection_id: str) -> list[RuleView]:
    """The rules of a connection, in their order."""
    with database.read() as tx:
        rule, group = t.Rule, t.DirectoryGroup
        rows = tx.execute(
            select(rule, t.Team.slug.label("team"), t.Project.slug.label("project"), group.id.label("known"), group.display_name)
            .outerjoin(t.Team, t.Team.id == rule.team_id)
            .outerjoin(t.Project, t.Project.id == rule.project_id)
            .outerjoin(group, (group.id == rule.match_value) & (rule.match_kind == "group"))
            .add_columns(exists().where(t.ClaimedGroup.id == rule.match_value).label("claimed"))
            .where(rule.connection_id == connection_id)
            .order_by(rule.position, rule.id)
        ).all()
    return [_view(row) for row in rows]


def _view(row: Any) -> RuleView:
    orphaned = row.match_kind == "group" and row.known is None and not row.claimed
    target = Target(row.target_kind, row.team or row.project or row.slug)
    words = _words(row.match_kind, row.match_value, row.match_attribute, row.display_name or row.match_label)
    return RuleView(row.id, row.connection_id, words, str(target), row.level, orphaned, row.position)


def _words(kind: str, value: str, attribute: str, label: str) -> str:
    return {
        "group": f'group "{label}"',
        "name": f'group named "{value}"',
        "external_id": f'group with externalId "{value}"',
        "pattern": f"groups matching {value}",
        "attribute": f'{attribute} = "{value}"',
    }.get(kind, "everyone")


def owner_of(database: Database, rule_id: str) -> str:
    """The organization a rule belongs to. Raises NotFound `rule_not_found`."""
    with database.read() as tx:
        found = tx.execute(select(t.Rule.organization_id).where(t.Rule.id == rule_id)).scalar_one_or_none()
    if found is None:
        raise _not_found(rule_id)
    return found


def _not_found(rule_id: str) -> NotFound:
    return NotFound("rule_not_found", f"There is no rule {rule_id}.", expected="an id as `connector rule list` prints it")


def _connection(corridor: Corridor, spec: Document) -> str:
    connection_id = str(spec.get("connection", ""))
    found = select(t.Connection.id).where(
        t.Connection.id == connection_id, t.Connection.organization_id == corridor.organization_id
    )
    if corridor.tx.execute(found).first() is None:
        raise NotFound("connection_not_found", f'This organization has no connection "{connection_id}".')
    return connection_id


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


def _told(corridor: Corridor, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """What the audit says of rules: each with what it looks for and what it gives."""
    places = [row["team_id"] or row["project_id"] for row in rows if row["team_id"] or row["project_id"]]
    slugs: dict[str, str] = {}
    for table in (t.Team, t.Project):
        slugs |= {row.id: row.slug for row in corridor.tx.execute(select(table.id, table.slug).where(among(table.id, places)))}
    told = []
    for row in rows:
        words = _words(row["match_kind"], row["match_value"], row["match_attribute"], row["match_label"])
        target = Target(row["target_kind"], slugs.get(row["team_id"] or row["project_id"], row["slug"]))
        told.append((f"rule:{row['id']}", {"match": words, "target": str(target), "level": row["level"]}))
    return told


def _row(corridor: Corridor, setting: Setting, connection_id: str, spec: Document, position: int) -> dict[str, Any]:
    """A row from the options of `rule add`; checked as a rule of the heart, team or project found or made.

    Raises Invalid `rule_invalid` when not exactly one match and one target is given, or a text that cannot be kept, and what
    `mapping.check` raises.
    """
    if not all(is_storable(str(value)) for value in spec.values()):
        raise Invalid("rule_invalid", "A text has letters that no database keeps.", expected="texts without NUL and half letters")
    match, label = _match(corridor, connection_id, spec)
    kind, slug, level = _target(spec)
    rule = Rule(str(spec["id"]), match, kind, slug, level, position)
    check(rule, setting.catalogue)
    _refuse_top(setting, rule)
    place = {"team_id": None, "project_id": None, "slug": slug}
    if kind != "role" and "{" not in slug:
        place |= {f"{kind}_id": apply.ensure(corridor, kind, [slug])[slug], "slug": ""}
    return {
        "id": rule.id,
        "organization_id": corridor.organization_id,
        "connection_id": connection_id,
        "position": position,
        "match_kind": match.kind,
        "match_value": match.value,
        "match_attribute": match.attribute,
        "match_label": label,
        "target_kind": kind,
        **place,
        "level": level,
        "created_at": corridor.now,
    }


def _refuse_top(setting: Setting, rule: Rule) -> None:
    if rule.kind == "role" and rule.level == roles.top(setting.catalogue).name and not setting.policy.top_by_rules:
        raise Conflict(
            "top_role_by_rule",
            f"Rules do not give the role {rule.level} in this organization.",
            expected="a role below the top one",
            advice=f"Give {rule.level} by hand: `connector member set-role`.",
        )


def _match(corridor: Corridor, connection_id: str, spec: Document) -> tuple[Match, str]:
    given = [name for name in (*_MATCHES, "everyone") if spec.get(name)]
    if len(given) != 1:
        said = ", ".join(given) or "none"
        raise Invalid("rule_invalid", f"Given for whom: {said}.", expected=f"exactly one of {', '.join(_MATCHES)}, everyone")
    if given == ["everyone"]:
        return Match("everyone"), ""
    option, value = given[0], str(spec[given[0]])
    if option == "attribute":
        name, sign, wanted = value.partition("=")
        if not (name and sign and wanted):
            raise Invalid("rule_invalid", f'The attribute is "{value}".', expected="NAME=VALUE")
        return Match("attribute", wanted, name), ""
    return _group_match(corridor, connection_id, _MATCHES[option], value)


def _group_match(corridor: Corridor, connection_id: str, kind: MatchKind, value: str) -> tuple[Match, str]:
    """A rule by name becomes a rule by id where the group is known: a rename then changes nothing."""
    pushed, claimed = t.DirectoryGroup, t.ClaimedGroup
    of_pushed = select(pushed.id, pushed.display_name).where(pushed.connection_id == connection_id)
    of_claimed = select(claimed.id, claimed.value.label("display_name")).where(claimed.connection_id == connection_id)
    if kind == "name":
        row = corridor.tx.execute(of_pushed.where(pushed.display_name_key == fold(value))).one_or_none()
        row = row or corridor.tx.execute(of_claimed.where(claimed.value_key == fold(value)).order_by(claimed.id)).first()
        return (Match("group", row.id), row.display_name) if row else (Match("name", value), "")
    if kind == "group":
        row = corridor.tx.execute(of_pushed.where(pushed.id == value)).one_or_none()
        row = row or corridor.tx.execute(of_claimed.where(claimed.id == value)).first()
        if row is None:
            raise NotFound("group_not_found", f"There is no group {value} in this connection.")
        return Match("group", row.id), row.display_name
    return Match(kind, value), ""


def _target(spec: Document) -> tuple[TargetKind, str, str]:
    given = [name for name in ("role", "team", "project") if spec.get(name)]
    if len(given) != 1:
        raise Invalid(
            "rule_invalid", f"Given for what: {', '.join(given) or 'none'}.", expected="exactly one of role, team, project"
        )
    kind, value = cast(TargetKind, given[0]), str(spec[given[0]])
    if kind == "role":
        return kind, "", value
    slug, _, level = value.partition(":")
    return kind, slug, level or "member"
