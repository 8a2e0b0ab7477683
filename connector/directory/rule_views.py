"""Rules as people see them: in words, with what they give, and whether the group they name is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, select, tuple_

from connector.directory.connections import MANAGE, reachable
from connector.directory.rule_rows import options
from connector.errors import Invalid, NotFound
from connector.membership.model import Target
from connector.provisioning.acting import OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.pages import Page, page_of
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import among


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule as people see it. `match` says what it looks for in words; `orphaned` that the group it names is gone;
    `members` how many hold something by it now."""

    id: str
    connection: str
    match: str
    target: str
    level: str
    orphaned: bool
    position: int
    members: int


def list_(
    database: Database,
    organization_id: str,
    connection_id: str | None = None,
    *,
    limit: int = 200,
    after: str | None = None,
    in_order: bool = False,
    actor: Actor = OPERATOR,
) -> Page[RuleView]:
    """Return a page of the rules of a connection, or of all of the organization: oldest first, or as they count (`in_order`).
    Raises NotFound `connection_not_found`, Invalid `cursor_invalid`, and what `acting.look` raises."""
    beyond = _beyond(after, in_order=in_order)

    def work(glance: Glance, standing: Standing) -> Page[RuleView]:
        reachable(glance, standing, connection_id)
        mine = [t.Rule.connection_id == connection_id] if connection_id is not None else []
        order = (t.Rule.position, t.Rule.id) if in_order else (t.Rule.id,)
        chosen = _selected(organization_id).where(*mine, *beyond).order_by(*order).limit(limit + 1)
        found = [_view(row) for row in glance.tx.execute(chosen)]
        return page_of(found, limit, lambda view: f"{view.position} {view.id}" if in_order else view.id)

    return look(database, organization_id, actor, MANAGE, work, by_link=True)


def _beyond(after: str | None, *, in_order: bool) -> list[ColumnElement[bool]]:
    """What comes behind the place of a rule."""
    if after is None:
        return []
    if not in_order:
        return [t.Rule.id > after]
    position, _, rule = after.partition(" ")
    if not (position.isascii() and position.isdecimal() and len(position) < 10):
        raise Invalid("cursor_invalid", "This is no place among the rules.", expected="the place that the page before ended with")
    return [tuple_(t.Rule.position, t.Rule.id) > (int(position), rule)]


def show(database: Database, organization_id: str, rule_id: str, *, actor: Actor = OPERATOR) -> RuleView:
    """One rule. Raises NotFound `rule_not_found`, and what `acting.look` raises."""

    def work(glance: Glance, standing: Standing) -> RuleView:
        row = glance.tx.execute(_selected(organization_id).where(t.Rule.id == rule_id)).one_or_none()
        if row is None:
            raise not_found(rule_id)
        reachable(glance, standing, row.connection_id)
        return _view(row)

    return look(database, organization_id, actor, MANAGE, work, by_link=True)


def _selected(organization_id: str) -> Any:
    rule, group, given = t.Rule, t.DirectoryGroup, t.Assignment
    mine = given.rule_id == rule.id
    each, several = (
        select(count).where(mine).scalar_subquery() for count in (func.count(), func.count(given.membership_id.distinct()))
    )
    # Only a pattern gives one member several things; whatever else gives is counted in the index alone.
    members = case((rule.match_kind == "pattern", several), else_=each)
    return (
        select(rule, t.Team.slug.label("team"), t.Project.slug.label("project"), group.id.label("known"), group.display_name)
        .outerjoin(t.Team, t.Team.id == rule.team_id)
        .outerjoin(t.Project, t.Project.id == rule.project_id)
        .outerjoin(group, (group.id == rule.match_value) & (rule.match_kind == "group"))
        .add_columns(exists().where(t.ClaimedGroup.id == rule.match_value).label("claimed"), members.label("members"))
        .where(rule.organization_id == organization_id)
    )


def _view(row: Any) -> RuleView:
    orphaned = row.match_kind == "group" and row.known is None and not row.claimed
    target = Target(row.target_kind, row.team or row.project or row.slug)
    words = match_words(row.match_kind, row.match_value, row.match_attribute, row.display_name or row.match_label)
    return RuleView(row.id, row.connection_id, words, str(target), row.level, orphaned, row.position, row.members)


def match_words(kind: str, value: str, attribute: str, label: str) -> str:
    """Whom a rule is for, in words; `label` is the name of the group where it is for one."""
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
        raise not_found(rule_id)
    return found


def not_found(rule_id: str) -> NotFound:
    """The refusal of an id that no rule has."""
    return NotFound("rule_not_found", f"There is no rule {rule_id}.", expected="an id as `connector rule list` prints it")


def audited(corridor: Corridor, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """What the audit says of rules: each with what it looks for and what it gives, and the options that make it again."""
    places = [row["team_id"] or row["project_id"] for row in rows if row["team_id"] or row["project_id"]]
    slugs: dict[str, str] = {}
    for table in (t.Team, t.Project):
        slugs |= {row.id: row.slug for row in corridor.tx.execute(select(table.id, table.slug).where(among(table.id, places)))}
    told = []
    for row in rows:
        words = match_words(row["match_kind"], row["match_value"], row["match_attribute"], row["match_label"])
        place = slugs.get(row["team_id"] or row["project_id"], row["slug"])
        said = {"match": words, "target": str(Target(row["target_kind"], place)), "level": row["level"]}
        told.append((f"rule:{row['id']}", {**said, "options": options(row, place)}))
    return told
