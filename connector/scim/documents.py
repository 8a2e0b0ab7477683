"""The tolerant reader: a resource as an identity provider sends it -> the canonical document that is stored.

Canonical (RFC 7643 sections 2 and 3): names spelled as in the schema, `schemas` computed, nothing unassigned, nothing readOnly,
no password. Unknown names of the core schema are ignored; objects under any well-formed extension URN are kept as they came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.directory.model import PushedGroup, PushedUser
from connector.membership.fold import fold
from connector.scim.members import member_ids
from connector.scim.refusals import invalid_value, kind_of
from connector.scim.schemas import GROUP, USER, Attribute, ResourceSchema, extension_attribute, is_extension
from connector.scim.values import is_empty, normal

MAX_NAME = 500  # characters of a name that is indexed: a longer one does not fit into an index page of PostgreSQL
_MAX_ADDRESS = 320
_NOT_STORED = frozenset({"schemas", "password", "members"})


def read_user(body: Mapping[str, Any], active: bool = True) -> PushedUser:
    """Read a User (RFC 7643 section 4.1). Without `active` in the message the person is as `active` says.

    Raises Invalid `invalid_value`: userName missing or empty, or a value of the wrong kind.
    """
    document = _canonical(USER, body)
    user_name = _name(document, "userName")
    external_id = _optional_name(document, "externalId")
    says_active = "active" in document
    document.setdefault("active", active)
    return PushedUser(
        user_name=user_name,
        external_id=external_id,
        active=document["active"],
        says_active=says_active,
        display_name=_display_name(document),
        email=_email(document),
        document=document,
        search=search_document(USER, document),
    )


def read_group(body: Mapping[str, Any]) -> tuple[PushedGroup, tuple[str, ...] | None]:
    """Read a Group (RFC 7643 section 4.2) and the ids of its members: None when the message does not speak of members.

    Raises Invalid `invalid_value`: displayName missing or empty, members without a value, or a value of the wrong kind.
    """
    document = _canonical(GROUP, body)
    group = PushedGroup(
        display_name=_name(document, "displayName"),
        external_id=_optional_name(document, "externalId"),
        document=document,
        search=search_document(GROUP, document),
    )
    members = None
    for key, value in body.items():
        if key.lower() == "members" and value is not None:
            members = member_ids(value)
    return group, members


def search_document(schema: ResourceSchema, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document as filters see it: names in lower case, texts without case folded unless their attribute is exact."""
    search: dict[str, Any] = {}
    for key, value in document.items():
        attribute = schema.attributes.get(key.lower())
        if attribute is not None:
            search[key.lower()] = _searched(attribute, value)
        else:
            parts = {name: extension_attribute(schema, key, name) for name in value}
            search[key.lower()] = {name.lower(): _searched(part, value[name]) for name, part in parts.items()}
    return search


def _searched(attribute: Attribute | None, value: Any) -> Any:
    """Fold one value; below an attribute that is not known (None, or of type any) everything is folded."""
    if isinstance(value, str):
        return value if attribute is not None and attribute.exact else fold(value)
    if isinstance(value, list):
        return [_searched(attribute, element) for element in value]
    if isinstance(value, dict):
        return {name.lower(): _searched(attribute.part(name) if attribute else None, item) for name, item in value.items()}
    return value


def _canonical(schema: ResourceSchema, body: Mapping[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {"schemas": [schema.urn]}
    for key, value in body.items():
        attribute = schema.attributes.get(key.lower())
        if attribute is not None and attribute.mutability != "readOnly" and attribute.name not in _NOT_STORED:
            item = normal(attribute, value, attribute.name)
            if item is not None:
                document[attribute.name] = item
        elif attribute is not None and attribute.name == "schemas":
            _check_schemas(value)
        elif attribute is None and is_extension(schema, key) and not is_empty(value):
            _extend(schema, document, key, value)
    return document


def _check_schemas(value: Any) -> None:
    """`schemas` is computed from what is used; a client's list may be incomplete or hold URIs of its own (Entra's groups)."""
    if value is not None and not (isinstance(value, list) and all(isinstance(urn, str) for urn in value)):
        raise invalid_value("schemas", kind_of(value), "a list of URIs")


def _extend(schema: ResourceSchema, document: dict[str, Any], urn: str, value: Any) -> None:
    """Take an extension over (RFC 7643 section 3.3): a known one normalised, any other as it came, less what is unassigned."""
    if not isinstance(value, dict):
        raise invalid_value(urn, kind_of(value), "an object with the attributes of the extension")
    kept = {}
    for name, item in value.items():
        attribute = extension_attribute(schema, urn, name)
        item = item if attribute is None else normal(attribute, item, f"{urn}:{attribute.name}")
        if not is_empty(item):
            kept[attribute.name if attribute else name] = item
    if kept:
        spelling = schema.spelling.get(urn.lower(), urn)
        document["schemas"].append(spelling)
        document[spelling] = kept


def _name(document: Mapping[str, Any], attribute: str) -> str:
    """A required name: RFC 7643 section 4.1.1 for userName, section 4.2 with erratum 5368 for displayName of a group."""
    name = _optional_name(document, attribute)
    if name is None or not name.strip():
        advice = f"Map {attribute} to an attribute every person or group has."
        raise invalid_value(attribute, "nothing or an empty text", "a non-empty text, it is required", advice)
    return name


def _optional_name(document: Mapping[str, Any], attribute: str) -> str | None:
    name: str | None = document.get(attribute)
    if name is not None and len(name) > MAX_NAME:
        raise invalid_value(attribute, f"a text of {len(name)} characters", f"at most {MAX_NAME}")
    return name


def _display_name(document: Mapping[str, Any]) -> str:
    """The name to show: displayName, else name.formatted, else given and family name, else userName."""
    name = document.get("name", {})
    spelled = " ".join(name[part] for part in ("givenName", "familyName") if part in name)
    found: str = document.get("displayName") or name.get("formatted") or spelled or document["userName"]
    return found


def _email(document: Mapping[str, Any]) -> str | None:
    """The address to know a person by: the primary one, else that of type work, else the first, else a userName that is one."""
    emails = [email for email in document.get("emails", []) if 0 < len(email.get("value", "")) <= _MAX_ADDRESS]
    primary = [email for email in emails if email.get("primary") is True]
    work = [email for email in emails if fold(email.get("type", "")) == "work"]
    for email in (*primary, *work, *emails):
        address: str = email["value"]
        return address
    user_name: str = document["userName"]
    return user_name if _is_address(user_name) else None


def _is_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and "@" not in local and not any(map(str.isspace, text)) and len(text) <= _MAX_ADDRESS
