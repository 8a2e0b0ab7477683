"""The PatchOp message: its form, its limits, and whom it may speak of (RFC 7644 section 3.5.2)."""

from __future__ import annotations

from typing import Any

import pytest

from connector.errors import Invalid
from connector.scim.operations import MAX_OPERATIONS
from connector.scim.patch import user_patch
from tests.scim.samples import (
    BARBARA,
    CUSTOM,
    HOME,
    PATCH_OP,
    USER,
    WORK,
    group_patched,
    message,
    patched,
    put,
    refused,
    remove,
    stored,
)

MESSAGES: list[tuple[str, dict[str, Any]]] = [
    ("no schemas", {"Operations": [put("title", "Dr")]}),
    ("other schemas", {"schemas": [USER], "Operations": [put("title", "Dr")]}),
    ("schemas as a text", {"schemas": PATCH_OP, "Operations": [put("title", "Dr")]}),
    ("no Operations", {"schemas": [PATCH_OP]}),
    ("an empty list", message()),
    ("Operations as an object", {"schemas": [PATCH_OP], "Operations": put("title", "Dr")}),
    ("an operation that is a text", {"schemas": [PATCH_OP], "Operations": ["add"]}),
    ("too many operations", message(*[put("title", "Dr")] * (MAX_OPERATIONS + 1))),
    ("too many keys without path", message({"op": "add", "value": {f"{CUSTOM}:a{n}": 1 for n in range(MAX_OPERATIONS + 1)}})),
]


@pytest.mark.parametrize("body", [row[1] for row in MESSAGES], ids=[row[0] for row in MESSAGES])
def test_a_message_of_the_wrong_form_is_refused(body: dict[str, Any]) -> None:
    """400 invalidSyntax: PatchOp in schemas, one to 1000 operations."""
    with pytest.raises(Invalid) as refusal:
        user_patch(body, "u1")
    assert refusal.value.code == "invalid_syntax"


def test_comparisons_in_value_paths_are_bounded() -> None:
    """Each is made on every element: two hundred in one message, and no more."""
    hundred = put("emails[" + " or ".join(['type eq "home"'] * 100) + "].display", "B")
    assert patched(hundred, hundred)["emails"] == [WORK, {**HOME, "display": "B"}]
    assert refused(hundred, hundred, remove('emails[type eq "home"]')) == "invalid_path"


def test_a_thousand_operations_are_read() -> None:
    """The limit itself is allowed; member names of the message come in any case."""
    operations = [put("title", str(number)) for number in range(MAX_OPERATIONS)]
    edit = user_patch({"SCHEMAS": [PATCH_OP.upper()], "operations": operations}, "u1")
    assert edit(stored(BARBARA), True).document["title"] == "999"


def test_an_id_in_a_value_must_be_the_own_one() -> None:
    """C20: equal to the resource it is ignored, any other is 400 mutability."""
    assert "id" not in patched({"op": "replace", "value": {"id": "u1", "title": "Dr"}})
    assert refused({"op": "replace", "value": {"id": "u2", "title": "Dr"}}) == "mutability"
    assert refused({"op": "add", "value": {"ID": None}}) == "mutability"


@pytest.mark.parametrize("path", ["members.display", "members.type", 'members[value eq "u1"].display'])
def test_what_follows_a_member_cannot_be_changed(path: str) -> None:
    """RFC 7643 section 8.7.1: the parts of a member are immutable; another member is another value."""
    with pytest.raises(Invalid) as refusal:
        group_patched(put(path, "Ann"))
    assert refusal.value.code == "mutability"
