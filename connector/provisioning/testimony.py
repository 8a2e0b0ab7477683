"""TESTIMONY: what people's sign-ins said last, turned into the values of the heart. It decides where no directory is live."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import bindparam, select

from connector.membership.claims import Claim
from connector.membership.model import Group, PersonFacts
from connector.provisioning import facts
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.facts import Entry
from connector.provisioning.setting import Setting
from connector.storage import tables as t
from connector.storage.hot import Hot
from connector.storage.sets import among_these, these


@dataclass(frozen=True, slots=True)
class Said:
    """What an identity said last: groups (None: never), and attributes as rules look at them."""

    person_id: str
    connection_id: str
    groups: list[str] | None
    attributes: Mapping[str, Any] = field(default_factory=dict)


_SAID = (
    select(t.ExternalIdentity.person_id, t.ExternalIdentity.connection_id, t.ExternalIdentity.groups)
    .join(t.Connection, t.Connection.id == t.ExternalIdentity.connection_id)
    .where(t.ExternalIdentity.organization_id == bindparam("organization"), t.Connection.state == "active")
    .order_by(t.ExternalIdentity.id)
)
_WHOLE = _SAID.add_columns(t.ExternalIdentity.attributes)
_ALL_SAID = {documents: Hot(_WHOLE if documents else _SAID) for documents in (False, True)}
_THESE_SAID = Hot(_WHOLE.where(among_these(t.ExternalIdentity.person_id)))
_CLAIMED = (
    select(t.ClaimedGroup.connection_id, t.ClaimedGroup.value, t.ClaimedGroup.id)
    .add_columns(t.DirectoryGroup.display_name, t.DirectoryGroup.external_id)
    .outerjoin(t.DirectoryGroup, t.DirectoryGroup.id == t.ClaimedGroup.id)
    .where(t.ClaimedGroup.organization_id == bindparam("organization"))
)
_ALL_CLAIMED, _THESE_CLAIMED = Hot(_CLAIMED), Hot(_CLAIMED.where(among_these(t.ClaimedGroup.value)))


def members(corridor: Corridor, persons: Collection[str]) -> list[Entry]:
    """Lock and read members who signed in through an active connection, with what they said last."""
    entries = facts.members_of(corridor, persons)
    return _with_claims(entries, claims_of(corridor, said_by(corridor, persons)))


def everybody(corridor: Corridor, org: Setting) -> list[Entry]:
    """The same of everybody. People of whom the same is said share it, unless a rule looks at attributes: nobody's are alike."""
    given = {**these(()), "organization": corridor.organization_id}
    entries = facts.members_of(corridor, None)
    documents = any(rules.mapping.needs_document for rules in org.claims.values())
    said = [Said(*row) for row in corridor.read(_ALL_SAID[documents], given)]
    groups = _known_groups(corridor.read(_ALL_CLAIMED, given))
    alike: dict[tuple[Any, ...], Claim] = {}
    claims: dict[str, list[Claim]] = defaultdict(list)
    for each in said:
        key = (each.connection_id, None if each.groups is None else tuple(each.groups), each.person_id if documents else None)
        claims[each.person_id].append(alike.get(key) or alike.setdefault(key, _claim(each, groups)))
    together: dict[tuple[int, ...], tuple[Claim, ...]] = {}
    shared = {person: together.setdefault(tuple(map(id, mine)), tuple(mine)) for person, mine in claims.items()}
    return _with_claims(entries, shared)


def _with_claims(entries: Sequence[Entry], claims: Mapping[str, tuple[Claim, ...]]) -> list[Entry]:
    active, said = PersonFacts(active=True), ((entry, claims.get(entry.person_id or "")) for entry in entries)
    return [replace(entry, facts=active, claims=mine) for entry, mine in said if mine is not None]


def said_by(corridor: Corridor | Glance, persons: Collection[str]) -> list[Said]:
    """What people said when they last signed in through connections that are active."""
    given = {**these(persons), "organization": corridor.organization_id}
    return [Said(*row) for row in corridor.read(_THESE_SAID, given)]


def claims_of(corridor: Corridor | Glance, said: Sequence[Said]) -> dict[str, tuple[Claim, ...]]:
    """What identities say, by person; groups as rules know them. A group nobody has told of before has no id yet."""
    values = sorted({value for each in said for value in each.groups or ()})
    given = {**these(values), "organization": corridor.organization_id}
    known = _known_groups(corridor.read(_THESE_CLAIMED, given) if values else [])
    claims: dict[str, tuple[Claim, ...]] = {}
    for each in said:
        claims[each.person_id] = (*claims.get(each.person_id, ()), _claim(each, known))
    return claims


def _known_groups(rows: Sequence[Any]) -> dict[tuple[str, str], Group]:
    return {(r.connection_id, r.value): Group(r.id, r.display_name or r.value, r.external_id or r.value) for r in rows}


def _claim(each: Said, known: Mapping[tuple[str, str], Group]) -> Claim:
    groups = (known.get((each.connection_id, value)) or Group("", value, value) for value in each.groups or ())
    return Claim(each.connection_id, PersonFacts(True, tuple(groups), each.attributes), each.groups is not None)
