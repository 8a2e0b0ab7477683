"""The rows of rules: made of the options that an admin gives, and checked as rules of the heart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import select

from connector.directory.connections import known
from connector.directory.model import Document
from connector.errors import Conflict, Invalid, NotFound
from connector.membership import roles
from connector.membership.fold import fold, is_storable
from connector.membership.mapping import check
from connector.membership.model import Match, MatchKind, Rule, TargetKind
from connector.provisioning import apply
from connector.provisioning.corridor import Corridor
from connector.provisioning.setting import Setting
from connector.storage import tables as t
from connector.storage.ids import new_id

_MATCHES: Mapping[str, MatchKind] = {
    "group": "name",
    "group_id": "group",
    "external_id": "external_id",
    "pattern": "pattern",
    "attribute": "attribute",
}


def named(options: Document) -> Document:
    """Options of a rule with the id that it will have."""
    return {**options, "id": new_id()}


def options(row: Mapping[str, Any], place: str) -> Document:
    """The options that make a row again; `place` is the slug of its team or project, if it has one."""
    name = next((option for option, kind in _MATCHES.items() if kind == row["match_kind"]), "everyone")
    said = f"{row['match_attribute']}={row['match_value']}" if name == "attribute" else row["match_value"]
    who = {"everyone": True} if name == "everyone" else {name: said}
    gives = row["level"] if row["target_kind"] == "role" else f"{place}:{row['level']}"
    return {"connection": row["connection_id"], **who, row["target_kind"]: gives}


def connection_of(corridor: Corridor, spec: Document) -> str:
    """The connection that options name. Raises NotFound `connection_not_found`."""
    connection_id = str(spec.get("connection", ""))
    known(corridor, connection_id)
    return connection_id


def row_of(corridor: Corridor, setting: Setting, connection_id: str, spec: Document, position: int) -> dict[str, Any]:
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
