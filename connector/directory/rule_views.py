"""Rules as people see them: in words, with what they give, and whether the group they name is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select

from connector.directory.connections import MANAGE, reachable
from connector.errors import NotFound
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
    actor: Actor = OPERATOR,
) -> Page[RuleView]:
    """Return a page of the rules of a connection, or of all of the organization, oldest first. Raises NotFound
    `connection_not_found`, and what `acting.look` raises."""

    def work(glance: Glance, standing: Standing) -> Page[RuleView]:
        reachable(glance, standing, connection_id)
        mine = [t.Rule.connection_id == connection_id] if connection_id is not None else []
        beyond = [t.Rule.id > after] if after is not None else []
        found = [_view(row) for row in glance.tx.execute(_selected(organization_id).where(*mine, *beyond).limit(limit + 1))]
        return page_of(found, limit, lambda view: view.id)

    return look(database, organization_id, actor, MANAGE, work, by_link=True)


def _selected(organization_id: str) -> Any:
    rule, group, given = t.Rule, t.DirectoryGroup, t.Assignment
    members = select(func.count(given.membership_id.distinct())).where(given.rule_id == rule.id).scalar_subquery()
    return (
        select(rule, t.Team.slug.label("team"), t.Project.slug.label("project"), group.id.label("known"), group.display_name)
        .outerjoin(t.Team, t.Team.id == rule.team_id)
        .outerjoin(t.Project, t.Project.id == rule.project_id)
        .outerjoin(group, (group.id == rule.match_value) & (rule.match_kind == "group"))
        .add_columns(exists().where(t.ClaimedGroup.id == rule.match_value).label("claimed"), members.label("members"))
        .where(rule.organization_id == organization_id)
        .order_by(rule.id)
    )


def _view(row: Any) -> RuleView:
    orphaned = row.match_kind == "group" and row.known is None and not row.claimed
    target = Target(row.target_kind, row.team or row.project or row.slug)
    words = _words(row.match_kind, row.match_value, row.match_attribute, row.display_name or row.match_label)
    return RuleView(row.id, row.connection_id, words, str(target), row.level, orphaned, row.position, row.members)


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
        raise not_found(rule_id)
    return found


def not_found(rule_id: str) -> NotFound:
    """The refusal of an id that no rule has."""
    return NotFound("rule_not_found", f"There is no rule {rule_id}.", expected="an id as `connector rule list` prints it")


def audited(corridor: Corridor, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
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
