"""The groups of an organization's identity providers, pushed or told of by sign-ins, and what rules make of them.

A group that was told of and is pushed as well is one group, with one id: it is listed as pushed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from sqlalchemy import ColumnElement, exists, func, literal, null, select, union_all

from connector.directory.connections import MANAGE, reachable
from connector.directory.rule_views import match_words
from connector.membership.fold import fold
from connector.membership.mapping import Mapping, prepare
from connector.membership.model import Group, Match, Rule, Target
from connector.provisioning import facts
from connector.provisioning.acting import OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.provisioning.pages import Page, page_of
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import among, json_texts

_Gifts = tuple[tuple[Rule, Target], ...]


@dataclass(frozen=True, slots=True)
class GroupRule:
    """A rule that matches a group: whom it is for in words, and what it gives."""

    id: str
    match: str
    target: str
    level: str


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group. `source` says how it is known: `pushed` by SCIM, or `claimed` by sign-ins; `members` how many are in it, as pushed
    or as they said last."""

    id: str
    connection: str
    name: str
    external_id: str | None
    source: Literal["pushed", "claimed"]
    members: int
    rules: tuple[GroupRule, ...]


def list_(
    database: Database,
    organization_id: str,
    connection_id: str | None = None,
    *,
    q: str | None = None,
    mapped: bool | None = None,
    limit: int,
    after: str | None = None,
    actor: Actor = OPERATOR,
) -> Page[GroupView]:
    """Return a page of groups, oldest first, with a constant number of statements: of one connection or of all, with `q` in their
    name, and only those that a rule matches (`mapped`) or that none does.

    Raises NotFound `connection_not_found`, and what `acting.look` raises.
    """

    def work(glance: Glance, standing: Standing) -> Page[GroupView]:
        reachable(glance, standing, connection_id)
        matched = _matcher(glance)
        found = _found(glance, connection_id, q, after, None if mapped is not None else limit + 1)
        chosen = (row for row in found if mapped is None or bool(matched(row)) is mapped)
        page = page_of(list(islice(chosen, limit + 1)), limit, lambda row: str(row.id))
        return Page(tuple(_views(glance, page.items, matched)), page.next)

    return look(database, organization_id, actor, MANAGE, work, by_link=True)


def _found(glance: Glance, connection_id: str | None, q: str | None, after: str | None, limit: int | None) -> Iterable[Any]:
    pushed, claimed = t.DirectoryGroup, t.ClaimedGroup
    adopted = exists().where(pushed.id == claimed.id, pushed.connection_id == claimed.connection_id)
    of_pushed = select(
        pushed.id, pushed.connection_id, pushed.display_name.label("name"), pushed.external_id, literal("pushed").label("source")
    ).where(*_chosen(glance, pushed, pushed.display_name_key, connection_id, q, after))
    of_claimed = (
        select(claimed.id, claimed.connection_id, func.min(claimed.value), null(), literal("claimed"))
        .where(~adopted, *_chosen(glance, claimed, claimed.value_key, connection_id, q, after))
        .group_by(claimed.id, claimed.connection_id)
    )
    both = union_all(of_pushed, of_claimed).subquery()
    return glance.tx.execute(select(both).order_by(both.c.id).limit(limit))


def _chosen(
    glance: Glance, group: Any, name: Any, connection_id: str | None, q: str | None, after: str | None
) -> Iterator[ColumnElement[bool]]:
    """Their connections are named because there the indexes are."""
    if connection_id is None:
        yield group.connection_id.in_(select(t.Connection.id).where(t.Connection.organization_id == glance.organization_id))
    else:
        yield group.connection_id == connection_id
    if q:
        yield name.contains(fold(q), autoescape=True)
    if after is not None:
        yield group.id > after


def _matcher(glance: Glance) -> Callable[[Any], _Gifts]:
    """What says which rules match a row, and what they are about: those of its connection, whether they are in force or not."""
    setting = facts.setting(glance)
    rules = _rules(glance)
    mappings: dict[str, Mapping] = {
        connection: prepare([rule for of, rule in rules if of == connection], setting.catalogue, setting.policy)
        for connection in {of for of, _ in rules}
    }

    def matched(row: Any) -> _Gifts:
        mapping = mappings.get(row.connection_id)
        # A claim says a name or an id and nothing else: it counts as either.
        said = Group(row.id, row.name, row.external_id if row.source == "pushed" else row.name)
        return mapping.gifts_of(said) if mapping else ()

    return matched


def _rules(glance: Glance) -> list[tuple[str, Rule]]:
    rule, team, project = t.Rule, t.Team, t.Project
    found = (
        select(rule, func.coalesce(team.slug, project.slug, rule.slug).label("place"))
        .outerjoin(team, team.id == rule.team_id)
        .outerjoin(project, project.id == rule.project_id)
        .where(rule.organization_id == glance.organization_id)
    )
    return [(row.connection_id, _rule(row)) for row in glance.tx.execute(found)]


def _rule(row: Any) -> Rule:
    match = Match(row.match_kind, row.match_value, row.match_attribute)
    return Rule(row.id, match, row.target_kind, row.place, row.level, row.position)


def _views(glance: Glance, rows: Sequence[Any], matched: Callable[[Any], _Gifts]) -> Iterator[GroupView]:
    pushed = _pushed_members(glance, [row.id for row in rows if row.source == "pushed"])
    said = _said_members(glance, [row.name for row in rows if row.source == "claimed"])
    for row in rows:
        members = pushed.get(row.id, 0) if row.source == "pushed" else said.get((row.connection_id, row.name), 0)
        rules = tuple(_of_group(rule, target, row.name) for rule, target in matched(row))
        yield GroupView(row.id, row.connection_id, row.name, row.external_id, row.source, members, rules)


def _of_group(rule: Rule, target: Target, name: str) -> GroupRule:
    words = match_words(rule.match.kind, rule.match.value, rule.match.attribute, name)
    return GroupRule(rule.id, words, str(target), rule.level)


def _pushed_members(glance: Glance, groups: Sequence[str]) -> dict[str, int]:
    if not groups:
        return {}
    member = t.DirectoryMember
    found = select(member.group_id, func.count().label("members")).where(among(member.group_id, groups)).group_by(member.group_id)
    return {row.group_id: row.members for row in glance.tx.execute(found)}


def _said_members(glance: Glance, values: Sequence[str]) -> dict[tuple[str, str], int]:
    """How many said these groups when they signed in last, by connection and group."""
    if not values:
        return {}
    said = t.ExternalIdentity
    group = json_texts(said.groups)
    found = (
        select(said.connection_id, group.c.value, func.count())
        .where(said.organization_id == glance.organization_id, among(group.c.value, values))
        .group_by(said.connection_id, group.c.value)
    )
    return {(connection, value): count for connection, value, count in glance.tx.execute(found)}
