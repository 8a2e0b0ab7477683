"""The strict writer: stored resources -> the JSON text of RFC 7643 and of the ListResponse of RFC 7644 section 3.4.2.

The stored text is spliced, never parsed, unless a projection (`attributes`, `excludedAttributes`, section 3.9) asks for less.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from connector.directory.model import GroupRef, MemberRef, StoredGroup, StoredUser
from connector.membership.fold import timestamp
from connector.scim.dialects import entra_bracketed_attribute
from connector.scim.refusals import invalid_value
from connector.scim.schemas import ResourceSchema, resolve
from connector.scim.versions import version_of

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_ALWAYS = frozenset({("id",), ("schemas",)})  # returned "always" (RFC 7643 section 3.1)
_COMPUTED = frozenset({("members",), ("groups",)})

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Names = frozenset[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Projection:
    """What a client wants to see: only `included` (None: everything), less `excluded`. Names are lower-case."""

    included: Names | None = None
    excluded: Names = frozenset()

    def wants(self, name: str) -> bool:
        """Whether any of the top-level attribute `name`, in lower case, is asked for."""
        if self.included is None:
            return (name,) not in self.excluded
        return any(names[0] == name for names in self.included)


EVERYTHING = Projection()


def read_projection(schema: ResourceSchema, attributes: str | None, excluded: str | None) -> Projection:
    """Read the two parameters, comma-separated names in any spelling of section 3.10; unknown names are ignored.

    Raises Invalid `invalid_value` when both are given: section 3.9 lets a client give one.
    """
    if attributes and excluded:
        raise invalid_value("attributes", "given together with excludedAttributes", "one of the two")
    included = _names(schema, attributes) if attributes else None
    return Projection(included, _names(schema, excluded or ""))


def _names(schema: ResourceSchema, text: str) -> Names:
    names = set()
    for item in text.split(","):
        name = resolve(schema, entra_bracketed_attribute(item.strip()))
        if name is not None:
            parts = (name.attribute, name.part)
            urn = (name.urn.lower(),) if name.urn else ()
            names.add((*urn, *(part.name.lower() for part in parts if part is not None)))
    return frozenset(names - {()})


def dumps(value: Any) -> str:
    """Return JSON text as connector writes it: compact, not escaped beyond need."""
    return _encode(value)


def render_user(user: StoredUser, base: str, projection: Projection = EVERYTHING) -> str:
    """Return a User as JSON text; `base` is the SCIM base URL of the connection, `groups` is computed (section 4.1.2)."""
    groups = ""
    if user.groups and projection.wants("groups"):
        groups = ',"groups":[' + ",".join(_group_reference(group, base) for group in user.groups) + "]"
    return _projected(user.document[:-1] + groups + _meta("User", user, f"{base}/Users/{user.id}") + "}", projection)


def render_group(group: StoredGroup, base: str, projection: Projection = EVERYTHING) -> str:
    """Return a Group as JSON text, with its members as far as they were loaded.

    A group without members says `[]`: authentik before July 2026 adds nobody to a group that does not speak of its members
    (github.com/goauthentik/authentik/pull/23950).
    """
    members = ""
    if group.members is not None and projection.wants("members"):
        display = ("members", "display") in (projection.included or ())
        members = ',"members":[' + ",".join(_member_reference(member, base, display) for member in group.members) + "]"
    return _projected(group.document[:-1] + members + _meta("Group", group, f"{base}/Groups/{group.id}") + "}", projection)


def render_list(total: int, items: Sequence[str], *, start_index: int | None = None, next_cursor: str | None = None) -> str:
    """Return a ListResponse of finished resources; `Resources` is there also when empty, as Entra's documentation shows it."""
    head = {"schemas": [LIST_RESPONSE], "totalResults": total, "itemsPerPage": len(items)}
    told = {"startIndex": start_index, "nextCursor": next_cursor}
    head |= {name: value for name, value in told.items() if value is not None}
    return f'{dumps(head)[:-1]},"Resources":[{",".join(items)}]}}'


@lru_cache(maxsize=4096)
def _group_reference(group: GroupRef, base: str) -> str:
    """Many users of a page are in the same groups."""
    reference = f'"value":"{group.id}","$ref":"{base}/Groups/{group.id}"'
    return f'{{{reference},"display":{dumps(group.display_name)},"type":"direct"}}'


def _member_reference(member: MemberRef, base: str, display: bool) -> str:
    """The name of a member is sent on request only: clients compare what they pushed with what they get."""
    reference = f'"value":"{member.id}","$ref":"{base}/Users/{member.id}","type":"User"'
    return f'{{{reference},"display":{dumps(member.display)}}}' if display else f"{{{reference}}}"


def _meta(kind: str, stored: StoredUser | StoredGroup, location: str) -> str:
    """RFC 7643 section 3.1; moments in UTC to the millisecond."""
    created = timestamp(stored.created_at)[:-4] + "Z"
    modified = created if stored.updated_at == stored.created_at else timestamp(stored.updated_at)[:-4] + "Z"
    version = version_of(stored).replace('"', '\\"')
    return (
        f',"meta":{{"resourceType":"{kind}","created":"{created}","lastModified":"{modified}",'
        f'"location":"{location}","version":"{version}"}}'
    )


# ----------------------------------------------------------------------------------------------------------- projection


def _projected(text: str, projection: Projection) -> str:
    """Leave out what was not asked for. Computed attributes are left out by not writing them."""
    if projection.included is None and projection.excluded <= _COMPUTED:
        return text
    document: dict[str, Any] = json.loads(text)
    return dumps(_shown(document, (), projection))


def _shown(place: dict[str, Any], above: tuple[str, ...], projection: Projection) -> dict[str, Any]:
    shown = {}
    for key, value in place.items():
        names = (*above, key.lower())
        if names in _ALWAYS or _is_whole(names, projection):
            shown[key] = value
        elif _is_opened(names, projection):
            inner = _inside(value, names, projection)
            if inner:
                shown[key] = inner
    return shown


def _is_whole(names: tuple[str, ...], projection: Projection) -> bool:
    """Whether everything at and below `names` is to be seen."""
    if projection.included is not None:
        return names in projection.included
    return names not in projection.excluded and not _is_opened(names, projection)


def _is_opened(names: tuple[str, ...], projection: Projection) -> bool:
    """Whether the projection speaks of something below `names`."""
    listed = projection.excluded if projection.included is None else projection.included
    return names not in listed and any(longer[: len(names)] == names for longer in listed)


def _inside(value: Any, names: tuple[str, ...], projection: Projection) -> Any:
    if isinstance(value, list):
        return [inner for element in value if (inner := _inside(element, names, projection))]
    return _shown(value, names, projection) if isinstance(value, dict) else None
