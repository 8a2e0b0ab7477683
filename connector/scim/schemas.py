"""The attributes of User, Group and the enterprise extension as one table, derived once from scim2-models.

RFC 7643 sections 4.1, 4.2 and 4.3 name the attributes, section 7 their characteristics. `resolve` turns any spelling of an
attribute name (RFC 7644 section 3.10) into an entry of the table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import scim2_models

from connector.scim.dialects import entra_dotted_extension

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*", re.ASCII)
_URN = re.compile(r"urn:[a-z0-9][a-z0-9-]{0,31}:[a-z0-9_$:.\-/%#?@!*+,;=~']*[a-z0-9]", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute and its characteristics (RFC 7643 section 7); `parts` are its sub-attributes by lower-case name.

    `type` is that of the RFC, or `any` for an attribute of an extension that connector does not know.
    """

    name: str
    type: str
    many: bool = False
    exact: bool = False
    mutability: str = "readWrite"
    required: bool = False
    parts: Mapping[str, Attribute] | None = None

    def part(self, name: str) -> Attribute | None:
        """Return the sub-attribute called `name` in any case; of an unknown attribute, any well-formed name is one."""
        if self.parts is not None:
            return self.parts.get(name.lower())
        return unknown_attribute(name) if self.type == "any" else None


@dataclass(frozen=True, slots=True)
class ResourceSchema:
    """A resource type: core attributes by lower-case name, known extensions by lower-case URN."""

    name: Literal["User", "Group"]
    urn: str
    endpoint: str
    attributes: Mapping[str, Attribute]
    extensions: Mapping[str, Mapping[str, Attribute]]
    spelling: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Name:
    """A resolved attribute name. `urn` is None for the core schema; `attribute` is None for a whole schema or extension."""

    urn: str | None
    attribute: Attribute | None
    part: Attribute | None = None


def unknown_attribute(name: str) -> Attribute | None:
    """Return a stand-in for an attribute of an extension unknown to us, or None when the name is not well formed."""
    return Attribute(name, "any") if _NAME.fullmatch(name) else None


def is_extension(schema: ResourceSchema, key: str) -> bool:
    """Tell whether `key` is a well-formed URN of an extension: not a core schema, nor an attribute of a schema we know."""
    lower = key.lower()
    if _URN.fullmatch(key) is None or lower.startswith((CORE_USER.lower(), CORE_GROUP.lower())):
        return False
    return not any(lower.startswith((known + ":", known + ".")) for known in schema.extensions)


def extension_attribute(schema: ResourceSchema, urn: str, name: str) -> Attribute | None:
    """Return the attribute `name` under the extension `urn`: a known one, or a stand-in when its name is well formed."""
    known = schema.extensions.get(urn.lower(), {})
    return known.get(name.lower()) or unknown_attribute(name)


def resolve(schema: ResourceSchema, text: str) -> Name | None:
    """Return what `text` names: `attr`, `attr.sub`, `URN:attr`, `URN:attr.sub`, or a whole URN, in any case.

    None when it is malformed, or no attribute of a schema we know. Any well-formed name under another extension is allowed.
    """
    urn, rest = _split_urn(schema, entra_dotted_extension(text, schema.spelling))
    if not rest:
        return None if urn is None else Name(None if urn == schema.urn else urn, None)
    head, dot, tail = rest.partition(".")
    if urn is None or urn == schema.urn:
        urn, attribute = None, schema.attributes.get(head.lower())
    else:
        known = schema.extensions.get(urn.lower())
        attribute = unknown_attribute(head) if known is None else known.get(head.lower())
    if attribute is None or not dot:
        return Name(urn, attribute) if attribute else None
    part = attribute.part(tail)
    return Name(urn, attribute, part) if part else None


def _split_urn(schema: ResourceSchema, text: str) -> tuple[str | None, str]:
    """Split `URN:rest`. Of an unknown URN the last piece is the attribute, unless it is the resource's own name."""
    lower = text.lower()
    if not lower.startswith("urn:"):
        return None, text
    for known, spelling in schema.spelling.items():
        if lower == known or lower.startswith(known + ":"):
            return spelling, text[len(known) + 1 :]
    urn, _, rest = text.rpartition(":")
    if rest.lower() == schema.name.lower():
        urn, rest = text, ""
    return (urn, rest) if is_extension(schema, urn) else (None, text)


# ------------------------------------------------------------------------------------------------ derived from scim2-models


def _schema_document(model: type[Any]) -> dict[str, Any]:
    """Return the schema of a model as sent (RFC 7643 section 7), its descriptions on one line."""
    document: dict[str, Any] = model.to_schema().model_dump()
    for attribute in document["attributes"]:
        for entry in (attribute, *attribute.get("subAttributes", [])):
            entry["description"] = " ".join(entry.get("description", "").split()) or _DESCRIPTIONS[entry["name"]]
    return document


_DESCRIPTIONS = {"display": "A human-readable name of the member."}


def _user_document() -> dict[str, Any]:
    document = _schema_document(scim2_models.User)
    document["description"] = "A person as the identity provider describes them."
    document["name"] = "User"
    return document


def _group_document() -> dict[str, Any]:
    """displayName is required (RFC 7643 erratum 5368) and unique within one connection.

    `members.display` is not part of the RFC's own schema of a group (section 8.7.1): it follows the user and is sent on request.
    """
    document = _schema_document(scim2_models.Group)
    document["description"] = "A group of people as the identity provider describes it."
    display_name = next(entry for entry in document["attributes"] if entry["name"] == "displayName")
    display_name.update(required=True, uniqueness="server")
    members = next(entry for entry in document["attributes"] if entry["name"] == "members")
    display = next(entry for entry in members["subAttributes"] if entry["name"] == "display")
    display.update(mutability="readOnly", returned="request")
    return document


def _enterprise_document() -> dict[str, Any]:
    """`manager.value` and `manager.$ref` are optional: identity providers send one or the other."""
    document = _schema_document(scim2_models.EnterpriseUser)
    document["description"] = "What an enterprise knows of a person."
    manager = next(entry for entry in document["attributes"] if entry["name"] == "manager")
    for part in manager["subAttributes"]:
        part["required"] = False
    return document


_USER, _GROUP, _ENTERPRISE = _user_document(), _group_document(), _enterprise_document()


def _table(entries: list[dict[str, Any]]) -> dict[str, Attribute]:
    return {entry["name"].lower(): _attribute(entry) for entry in entries}


def _attribute(entry: dict[str, Any]) -> Attribute:
    """Turn one attribute of a schema document into a line of the table. Elements of a list may be called `primary`."""
    parts = entry.get("subAttributes")
    return Attribute(
        name=entry["name"],
        type=entry["type"],
        many=entry.get("multiValued", False),
        exact=entry.get("caseExact", False),
        mutability=entry.get("mutability", "readWrite"),
        required=entry.get("required", False),
        parts=_table(parts) if parts else None,
    )


# Attributes of every resource (RFC 7643 sections 3 and 3.1); a schema document does not list them.
_META = [
    {"name": "resourceType", "type": "string", "caseExact": True, "mutability": "readOnly"},
    {"name": "created", "type": "dateTime", "mutability": "readOnly"},
    {"name": "lastModified", "type": "dateTime", "mutability": "readOnly"},
    {"name": "location", "type": "reference", "caseExact": True, "mutability": "readOnly"},
    {"name": "version", "type": "string", "caseExact": True, "mutability": "readOnly"},
]
_COMMON: list[dict[str, Any]] = [
    {"name": "schemas", "type": "reference", "multiValued": True, "caseExact": True, "required": True},
    {"name": "id", "type": "string", "caseExact": True, "mutability": "readOnly"},
    {"name": "externalId", "type": "string", "caseExact": True},
    {"name": "meta", "type": "complex", "mutability": "readOnly", "subAttributes": _META},
]

USER = ResourceSchema(
    name="User",
    urn=CORE_USER,
    endpoint="Users",
    attributes=_table(_COMMON + _USER["attributes"]),
    extensions={ENTERPRISE_USER.lower(): _table(_ENTERPRISE["attributes"])},
    spelling={CORE_USER.lower(): CORE_USER, ENTERPRISE_USER.lower(): ENTERPRISE_USER},
)
GROUP = ResourceSchema(
    name="Group",
    urn=CORE_GROUP,
    endpoint="Groups",
    attributes=_table(_COMMON + _GROUP["attributes"]),
    extensions={},
    spelling={CORE_GROUP.lower(): CORE_GROUP},
)

# What /Schemas tells. `password` is read and dropped at once, so it is not advertised. `externalId` is listed, as RFC 7643
# section 3.1 allows: Entra's gallery validation (test 15) looks every mapped attribute up here, and maps this one.
_EXTERNAL_ID = {
    "name": "externalId",
    "type": "string",
    "multiValued": False,
    "description": "The identifier that the identity provider has for the resource.",
    "required": False,
    "caseExact": True,
    "mutability": "readWrite",
    "returned": "default",
    "uniqueness": "server",
}
_USER["attributes"] = [_EXTERNAL_ID, *(entry for entry in _USER["attributes"] if entry["name"] != "password")]
_GROUP["attributes"] = [_EXTERNAL_ID, *_GROUP["attributes"]]
SCHEMA_DOCUMENTS: tuple[dict[str, Any], ...] = (_USER, _GROUP, _ENTERPRISE)
