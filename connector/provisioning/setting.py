"""What an organization decides by, read with one statement: mode, catalogue, policy, verified domains, authority, rules.

What was read is compared, not trusted: the same texts give the same prepared rules, which a process keeps. Nothing is decided by
what a process remembers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, and_, bindparam, cast, exists, or_, select

from connector.membership.claims import ClaimRules
from connector.membership.mapping import Mapping as RuleMapping
from connector.membership.mapping import prepare
from connector.membership.model import Catalogue, Match, Mode, Policy, Role, Rule, Target
from connector.storage import tables as t
from connector.storage.hot import Hot
from connector.storage.sets import rows_as_json


@dataclass(frozen=True, slots=True)
class Setting:
    """What an organization decides by: mode, catalogue, policy, verified domains, the live (or paused) directory if there is one,
    its rules, and the ids of the teams and projects that these name.

    `default_project` is the slug of the project that everybody becomes a member of on the way in, where there is one.

    Without a live directory claims decide: `claims` has the rules of each active connection, `rules` those of all."""

    mode: Mode
    catalogue: Catalogue
    policy: Policy
    domains: frozenset[str]
    authority: str | None
    mapping: RuleMapping
    rules: tuple[Rule, ...]
    places: Mapping[Target, str]
    claims: Mapping[str, ClaimRules]
    default_project: str | None


_HOME = t.Organization.__table__.alias("home")


def is_there(organization_id: Any) -> ColumnElement[bool]:
    """The condition that the organization with this id was not deleted, for whoever does not come through its corridor."""
    return exists().where(_HOME.c.id == organization_id, _HOME.c.deleted_at.is_(None))


_LIVE = t.Connection.__table__.alias("live")
_IS_LIVE = or_(_LIVE.c.directory == "live", _LIVE.c.directory == "paused")
_ROLES = rows_as_json(
    t.Role.name, t.Role.rank, t.Role.top, t.Role.can_own, t.Role.org_visible, cast(t.Role.permissions, Text)
).where(t.Role.organization_id == t.Organization.id)
_DOMAINS = rows_as_json(t.Domain.name).where(t.Domain.organization_id == t.Organization.id, t.Domain.verified_at.is_not(None))


_DEFAULT_PROJECT = rows_as_json(t.Project.slug, t.Project.id).where(
    t.Project.organization_id == t.Organization.id, t.Project.is_default
)


def _rules(*of: Any) -> Any:
    rule, team, project = t.Rule, t.Team, t.Project
    matched = (rule.match_kind, rule.match_value, rule.match_attribute)
    placed = (rule.team_id, team.slug, rule.project_id, project.slug, rule.slug)
    columns = (rule.position, rule.id, rule.connection_id, *matched, rule.target_kind, *placed, rule.level)
    found = rows_as_json(*columns).select_from(rule).outerjoin(team, team.id == rule.team_id)
    return found.outerjoin(project, project.id == rule.project_id).where(*of)


_ACTIVE = t.Connection.__table__.alias("active")
_SPEAKING = rows_as_json(_ACTIVE.c.id).where(
    _ACTIVE.c.organization_id == t.Organization.id, _ACTIVE.c.state == "active", _LIVE.c.id.is_(None)
)
"""The connections whose claims decide: all active ones, unless a directory is live."""

_OF_CLAIMS = _rules(
    t.Rule.organization_id == t.Organization.id,
    _LIVE.c.id.is_(None),
    t.Rule.connection_id.in_(
        select(_ACTIVE.c.id)
        .where(_ACTIVE.c.organization_id == t.Organization.id, _ACTIVE.c.state == "active")
        .correlate(t.Organization)
    ),
)


SETTING = (
    select(
        t.Organization.membership_mode,
        t.Organization.default_role,
        t.Organization.role_strategy,
        t.Organization.top_by_rules,
        t.Organization.entry_gate,
        _LIVE.c.id.label("authority"),
        _ROLES.scalar_subquery().label("roles"),
        _DOMAINS.scalar_subquery().label("domains"),
        _rules(t.Rule.connection_id == _LIVE.c.id).correlate(_LIVE).scalar_subquery().label("rules"),
        _SPEAKING.correlate(t.Organization, _LIVE).scalar_subquery().label("speaking"),
        _OF_CLAIMS.correlate(t.Organization, _LIVE).scalar_subquery().label("claimed"),
        _DEFAULT_PROJECT.scalar_subquery().label("default_project"),
    )
    .outerjoin(_LIVE, and_(_LIVE.c.organization_id == t.Organization.id, _IS_LIVE))
    .where(t.Organization.id == bindparam("organization"), t.Organization.deleted_at.is_(None))
)
"""The query for it, of an organization that was not deleted; whoever wants to know more at the same time adds columns behind, and
reads the row with `setting_of`."""

READ_SETTING = Hot(SETTING)
_RULES = Hot(_rules(t.Rule.connection_id == bindparam("connection")))
_WIDTH = len(SETTING.selected_columns)


def read_setting(tx: Connection, organization_id: str) -> Setting | None:
    """What the organization decides by, as it is now; None when there is no such organization."""
    row = READ_SETTING.first(tx, {"organization": organization_id})
    return None if row is None else setting_of(row)


def setting_of(row: Any) -> Setting:
    """What a row of `SETTING` says."""
    return _setting(*row[:_WIDTH])


def read_rules(tx: Connection, connection_id: str) -> tuple[Rule, ...]:
    """The rules of a connection, in their order, teams and projects by their slug of today."""
    return tuple(each.rule for each in _parsed(_RULES.scalars(tx, {"connection": connection_id})[0]))


@lru_cache(maxsize=256)
def _setting(
    mode: str,
    default_role: str,
    strategy: Any,
    top_by_rules: bool,
    gate: bool,
    authority: str | None,
    roles: str | None,
    domains: str | None,
    rules: str | None,
    speaking: str | None,
    claimed: str | None,
    default_project: str | None,
) -> Setting:
    ranked = sorted(json.loads(roles or "[]"), key=_by_rank)
    catalogue = Catalogue(tuple(_role(*each) for each in ranked), default_role)
    policy = Policy(strategy, bool(top_by_rules), bool(gate))
    parsed = _parsed(rules if authority else claimed)
    known = tuple(each.rule for each in parsed)
    places = {each.target: each.place for each in parsed if each.target is not None and each.place is not None}
    verified = frozenset(name for (name,) in json.loads(domains or "[]"))
    claims = {
        connection: _claim_rules(tuple(each.rule for each in parsed if each.connection == connection), catalogue, policy)
        for (connection,) in sorted(json.loads(speaking or "[]"))
    }
    mapping = prepare(known if authority else (), catalogue, policy)
    default = json.loads(default_project or "[]")
    places |= {Target("project", slug): project_id for slug, project_id in default}
    default_slug = default[0][0] if default else None
    return Setting(Mode(mode), catalogue, policy, verified, authority, mapping, known, places, claims, default_slug)


def _claim_rules(rules: tuple[Rule, ...], catalogue: Catalogue, policy: Policy) -> ClaimRules:
    return ClaimRules(prepare(rules, catalogue, policy), rules)


def _by_rank(role: list[Any]) -> tuple[int, str]:
    return -role[1], role[0]


def _role(name: str, rank: int, top: bool, can_own: bool, org_visible: bool, permissions: str) -> Role:
    return Role(name, rank, bool(top), frozenset(json.loads(permissions)), bool(can_own), bool(org_visible))


class _Parsed(NamedTuple):
    """A rule, its connection, the team or project it names and the id of that."""

    rule: Rule
    connection: str
    target: Target | None
    place: str | None


def _parsed(rules: str | None) -> list[_Parsed]:
    return [_rule(*each) for each in sorted(json.loads(rules or "[]"))]


def _rule(
    position: int,
    identity: str,
    connection: str,
    kind: Any,
    value: str,
    attribute: str,
    target: Any,
    team_id: str | None,
    team: str | None,
    project_id: str | None,
    project: str | None,
    slug: str,
    level: str,
) -> _Parsed:
    rule = Rule(identity, Match(kind, value, attribute), target, team or project or slug, level, position)
    place = team_id or project_id
    return _Parsed(rule, connection, Target(target, rule.slug) if place else None, place)
