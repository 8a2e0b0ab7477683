"""Messages and small helpers that several tests of the SCIM room share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.directory.model import GroupPatch, PushedUser
from connector.errors import Invalid
from connector.scim.documents import read_group, read_user
from connector.scim.patch import group_patch, user_patch

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)

WORK = {"value": "barbara@example.com", "type": "work", "primary": True}
HOME = {"value": "babs@home.example", "type": "home"}
CUSTOM = "urn:acme:params:scim:1.0:User"
BARBARA: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE],
    "externalId": "bJensen",
    "userName": "BJensen@Example.com",
    "name": {"givenName": "Barbara", "familyName": "Jensen"},
    "emails": [WORK, HOME],
    "active": True,
    ENTERPRISE: {"employeeNumber": "701984", "manager": {"value": "26118915"}},
}


def message(*operations: dict[str, Any]) -> dict[str, Any]:
    """A PatchOp message."""
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def add(path: str, value: Any) -> dict[str, Any]:
    """An add operation."""
    return {"op": "add", "path": path, "value": value}


def put(path: str, value: Any) -> dict[str, Any]:
    """A replace operation."""
    return {"op": "replace", "path": path, "value": value}


def remove(path: str) -> dict[str, Any]:
    """A remove operation."""
    return {"op": "remove", "path": path}


def stored(body: dict[str, Any]) -> dict[str, Any]:
    """The canonical document of a user as it is kept, with its id."""
    return {**read_user(body).document, "id": "u1"}


def pushed(*operations: dict[str, Any], body: dict[str, Any] = BARBARA, active: bool = True) -> PushedUser:
    """What a PATCH makes of the user in `body`."""
    return user_patch(message(*operations), "u1")(stored(body), active)


def patched(*operations: dict[str, Any], body: dict[str, Any] = BARBARA) -> dict[str, Any]:
    """The document after a PATCH of the user in `body`."""
    return dict(pushed(*operations, body=body).document)


def group_patched(*operations: dict[str, Any]) -> GroupPatch:
    """What a PATCH of the group `g1` means."""
    return group_patch(message(*operations), "g1")


def group_document(patch: GroupPatch, body: dict[str, Any]) -> dict[str, Any]:
    """The document after the part of a group PATCH that is not about members."""
    assert patch.edit is not None
    return dict(patch.edit({**read_group(body)[0].document, "id": "g1"}).document)


def refused(*operations: dict[str, Any], body: dict[str, Any] = BARBARA) -> str:
    """The code with which a PATCH of the user in `body` is refused."""
    with pytest.raises(Invalid) as refusal:
        pushed(*operations, body=body)
    return refusal.value.code
