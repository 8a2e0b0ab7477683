"""Members of a group in messages: ids out of every form identity providers send, never the group itself.

A group may have a hundred thousand members; nothing here looks at the ones it already has.
"""

from __future__ import annotations

from typing import Any

from connector.directory.model import AddMembers, MemberChange, RemoveMembers, RemoveMembersWhere, ReplaceMembers
from connector.scim.dialects import entra_remove_with_value, ids_named_by, one_as_list, texts_as_elements
from connector.scim.filters import MAX_TERMS
from connector.scim.operations import Operation
from connector.scim.refusals import invalid_path, invalid_value, kind_of, mutability
from connector.storage.conditions import Condition

MAX_MEMBERS = 20_000
_MAX_ID = 500


def member_ids(value: Any) -> tuple[str, ...]:
    """Return the ids in a `members` value: a list of objects with `value`, one such object, or bare ids; each once, in order.

    Raises Invalid `invalid_value` when an element has no id, or there are more than MAX_MEMBERS.
    """
    if value is None or value == []:
        return ()
    elements = one_as_list(value)
    if len(elements) > MAX_MEMBERS:
        advice = "Send the members in several requests."
        raise invalid_value("members", f"a list of {len(elements)}", f"at most {MAX_MEMBERS} in one request", advice)
    return tuple(dict.fromkeys(_member_id(element) for element in elements))


def _member_id(element: Any) -> str:
    element = texts_as_elements(element)
    if not isinstance(element, dict):
        raise invalid_value("members", kind_of(element), "an object with the member's id as value")
    found = element.get("value")
    if found is None:
        found = next((item for key, item in element.items() if key.lower() == "value"), None)
    if not isinstance(found, str) or not 0 < len(found) <= _MAX_ID:
        raise invalid_value("members.value", kind_of(found), "the id of a user, as a text")
    return found


def member_changes(operations: list[Operation]) -> tuple[MemberChange, ...]:
    """Return what PATCH operations on `members` mean, in their order. Raises Invalid `mutability`, `invalid_value`, or
    `invalid_path` when members are to be searched by more than MAX_TERMS comparisons.
    """
    found = tuple(_member_change(operation) for operation in operations)
    named = sum(len(change.ids) for change in found if not isinstance(change, RemoveMembersWhere))
    if named > MAX_MEMBERS:
        advice = "Send the members in several requests."
        raise invalid_value("members", f"{named} in all operations", f"at most {MAX_MEMBERS} in one request", advice)
    pairs = zip(operations, found, strict=True)
    terms = sum(operation.target.terms for operation, change in pairs if isinstance(change, RemoveMembersWhere))
    if terms > MAX_TERMS:
        raise invalid_path(f"The value paths make {terms} comparisons.", f"at most {MAX_TERMS}", "Send several requests.")
    return found


def _member_change(operation: Operation) -> MemberChange:
    """RFC 7644 section 3.5.2 for `members`, whose sub-attributes are immutable (RFC 7643 section 8.7.1)."""
    target = operation.target
    if target.part is not None and (target.part.name != "value" or target.condition is None):
        raise mutability(f"members.{target.part.name}", "follows the member and cannot be changed", "Change the user instead.")
    if target.condition is not None:
        return _selected(operation.op, target.condition)
    if operation.op == "add":
        return AddMembers(member_ids(operation.value))
    if operation.op == "remove" and entra_remove_with_value(operation.value):
        return RemoveMembers(member_ids(operation.value))
    return ReplaceMembers(() if operation.op == "remove" else member_ids(operation.value))


def _selected(op: str, condition: Condition) -> MemberChange:
    if op != "remove":
        raise mutability("members", "cannot be edited one by one", "Remove the member and add another.")
    ids = ids_named_by(condition)
    return RemoveMembersWhere(condition) if ids is None else RemoveMembers(ids)
