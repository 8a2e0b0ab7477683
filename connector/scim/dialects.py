"""What real identity providers send beside the RFC, each quirk one function with the page that documents it.

Entra: learn.microsoft.com/en-us/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups (called "the Entra page")
and .../application-provisioning-config-problem-scim-compatibility ("the Entra compatibility page").
Okta: developer.okta.com/docs/reference/scim/scim-20/ ("the Okta page").
Microsoft's two Postman collections: github.com/AzureAD/SCIMReferenceCode, PostmanCollection.json ("Microsoft's collection") and
SCIM Inbound.postman_collection.json ("Microsoft's inbound collection").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from connector.scim.refusals import mutability
from connector.storage.conditions import And, Compare, Condition, Or

_BRACKETS: Final = re.compile(r"\[[^]]*]?")


def entra_operation_case(op: object) -> object:
    """Entra writes `Add`, `Replace`, `Remove` (the Entra compatibility page): operations are compared without case."""
    return op.lower() if isinstance(op, str) else op


def entra_string_boolean(value: object) -> object:
    """Entra without the aadOptscim062020 flag sends `"active": "False"` (the Entra compatibility page): such texts are booleans.

    Everything else is returned as it came.
    """
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def entra_manager_forms(value: object) -> object:
    """Entra sends a manager as a bare id, and formerly as a list of one object (the Entra page, update of a manager).

    Returns the object of RFC 7643 section 4.3; a list of one is its element; everything else is returned as it came.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return {"value": value} if isinstance(value, str) and value else value


def entra_unprefixed_manager(name: str) -> str:
    """Entra's reference check asks `manager eq "id"` without the extension's URN (the Entra page): it is put before the name."""
    head, dot, tail = name.partition(".")
    if head.lower() != "manager":
        return name
    return f"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager{dot}{tail}"


def entra_dotted_extension(text: str, urns: Iterable[str]) -> str:
    """Microsoft's inbound collection ("Update User (manager)") writes `...enterprise:2.0:User.manager`, a point where RFC 7644
    section 3.10 wants a colon. Behind a schema we know (`urns`, in lower case) it is read as the colon: else the value would end
    up, unseen, under an extension nobody meant.
    """
    lower = text.lower()
    for urn in urns:
        if lower.startswith(urn + "."):
            return f"{text[: len(urn)]}:{text[len(urn) + 1 :]}"
    return text


def entra_bracketed_attribute(name: str) -> str:
    """Microsoft's collection ("Get user attributes") asks for `attributes=emails[type eq "work"]`. RFC 7644 section 3.9 knows no
    brackets: what is in them is left out, so that the whole attribute is shown rather than nothing of it.
    """
    return _BRACKETS.sub("", name)


def texts_as_elements(value: object) -> object:
    """Several identity providers send `"roles": ["admin"]`: a bare text is the `value` of an element (RFC 7643 section 2.4)."""
    return {"value": value} if isinstance(value, str) else value


def one_as_list(value: object) -> list[Any]:
    """JumpCloud and hand-made clients send one object where a list belongs: a single value is a list of one."""
    return value if isinstance(value, list) else [value]


def okta_pathless_id(value: object, resource_id: str) -> None:
    """Okta's group push sends `{"id": ..., "displayName": ...}` without a path on every change (the Okta page).

    An `id` equal to the resource's own is ignored. Raises Invalid `mutability` for any other.
    """
    if value != resource_id:
        raise mutability("id", "is given by connector and cannot be changed", "Leave id out of the operation.")


def entra_remove_with_value(value: object) -> bool:
    """Entra without the flag removes single members by `Remove`, path `members` and a value array (the Entra compatibility page).

    Tells whether the operation names what to remove; read literally it would empty the group.
    """
    return value is not None and value != ""


def null_beside_remove(path: object) -> list[object] | None:
    """Entra writes nulls where it has nothing to say (the Entra page, sample requests). Beside a Remove of `members` that names
    nobody: it must not be read as a Remove without a value, which empties the group. Elsewhere null is no value.
    """
    return [] if isinstance(path, str) and path.lower() == "members" else None


def entra_element_to_create(condition: Condition) -> dict[str, Any] | None:
    """Entra sets `emails[type eq "work"].value` also when no such element exists (the Entra page, attribute mappings).

    Returns the element that an `eq` condition, or several joined by `and`, describes; None for any other condition.
    """
    parts = condition.parts if isinstance(condition, And) else (condition,)
    element: dict[str, Any] = {}
    for part in parts:
        if not isinstance(part, Compare) or part.operator != "eq" or len(part.path.names) != 1:
            return None
        element[part.path.names[0]] = part.value
    return element


def ids_named_by(condition: Condition) -> tuple[str, ...] | None:
    """Okta and Entra remove members by `members[value eq "id"]` (both pages), some clients by several joined by `or`.

    Returns the ids; None when the condition is of any other form.
    """
    parts = condition.parts if isinstance(condition, Or) else (condition,)
    ids = []
    for part in parts:
        if not isinstance(part, Compare) or part.operator != "eq" or part.path.names != ("value",):
            return None
        ids.append(str(part.value))
    return tuple(ids)
