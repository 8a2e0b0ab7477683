"""PATCH (RFC 7644 section 3.5.2) on documents: pure functions from a message to an edit.

`user_patch` and `group_patch` judge the message at once and return an edit that may be run, and run again, on whatever document
is stored. Nested values are never changed in place. An edit that changes nothing returns an equal document.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from typing import Any

from connector.directory.model import Document, GroupPatch, PushedGroup, PushedUser, UserEdit
from connector.errors import Invalid
from connector.membership.fold import fold
from connector.scim.dialects import entra_element_to_create, entra_remove_with_value, one_as_list
from connector.scim.documents import read_group, read_user
from connector.scim.matching import matches
from connector.scim.members import member_changes
from connector.scim.operations import Operation, read_operations
from connector.scim.refusals import no_target, shown
from connector.scim.schemas import GROUP, USER, Attribute
from connector.scim.values import bounded, changes, is_empty, is_unassigned, normal, settle_primary
from connector.storage.conditions import Condition


def user_patch(body: Mapping[str, Any], resource_id: str) -> UserEdit:
    """Read a PatchOp for the user `resource_id`. The edit takes the stored document and its `active`.

    Raises Invalid, as the edit does: `invalid_syntax`, `invalid_path`, `invalid_filter`, `invalid_value`, `mutability`,
    `no_target`. Removing `active` only stops it from being shown: the person stays as they are.
    """
    operations = read_operations(body, USER, resource_id)
    says_active = any(_says_active(operation) for operation in operations)

    def edit(document: Document, active: bool) -> PushedUser:
        edited = _apply(operations, document)
        if "active" not in edited:
            return _without_active(read_user(edited, active))
        if not says_active:
            edited["active"] = active
        return replace(read_user(edited), says_active=says_active)

    return edit


def group_patch(body: Mapping[str, Any], resource_id: str) -> GroupPatch:
    """Read a PatchOp for the group `resource_id`, member operations split off by their resolved target.

    Raises as `user_patch`; the edit is None when nothing but members is spoken of.
    """
    operations = read_operations(body, GROUP, resource_id)
    members = member_changes([operation for operation in operations if operation.target.is_members])
    others = [operation for operation in operations if not operation.target.is_members]

    def edit(document: Document) -> PushedGroup:
        return read_group(_apply(others, document))[0]

    return GroupPatch(edit if others else None, members)


def _without_active(user: PushedUser) -> PushedUser:
    """Show `active` as unassigned, which is what was asked for; the person stays as they are."""
    document, search = ({name: part[name] for name in part if name != "active"} for part in (user.document, user.search))
    return replace(user, document=document, search=search)


def _says_active(operation: Operation) -> bool:
    target = operation.target
    named = target.urn is None and target.attribute is not None and target.attribute.name == "active"
    return named and operation.op != "remove" and not is_empty(operation.value)


def _apply(operations: list[Operation], document: Document) -> dict[str, Any]:
    edited: dict[str, Any] = {key: value for key, value in document.items() if key != "id"}
    for operation in operations:
        if operation.target.urn is None:
            _edit(edited, operation)
        else:
            _edit_extension(edited, operation.target.urn, operation)
    return edited


def _edit_extension(document: dict[str, Any], urn: str, operation: Operation) -> None:
    key = _spelling(document, urn)
    extension = dict(document.get(key, {}))
    if operation.target.attribute is None:
        extension = {}
    else:
        _edit(extension, operation)
    _put(document, key, extension)


def _edit(container: dict[str, Any], operation: Operation) -> None:
    """Apply one operation to the attribute it names, within the core document or one extension."""
    attribute = operation.target.attribute
    if attribute is not None:
        key = _spelling(container, attribute.name)
        _put(container, key, _changed(attribute, container.get(key), operation))


def _spelling(container: Mapping[str, Any], name: str) -> str:
    """Return the key under which `name` is stored already, whatever its case, else `name`."""
    return name if name in container else next((key for key in container if key.lower() == name.lower()), name)


def _put(container: dict[str, Any], key: str, value: Any) -> None:
    """Store a value; the last value gone means the attribute is unassigned."""
    if is_empty(value):
        container.pop(key, None)
    else:
        container[key] = value


def _changed(attribute: Attribute, before: Any, operation: Operation) -> Any:
    """Return what the attribute is after the operation."""
    target, value = operation.target, operation.value
    if _is_list(attribute, before, operation):
        elements = before if isinstance(before, list) else []
        if target.part is None and target.condition is None:
            return _whole_list(attribute, elements, operation)
        return _selected(attribute, elements, operation)
    if operation.op == "remove":
        return None if target.part is None else _merged(attribute, before, {target.part.name: None})
    if target.part is not None:
        return _merged(attribute, before, _part_change(attribute, target.part, value))
    if is_unassigned(attribute, value):
        return None
    if attribute.type == "complex" or (isinstance(before, dict) and isinstance(value, dict)):
        return _merged(attribute, before, changes(attribute, value, attribute.name))
    return normal(attribute, value, attribute.name)


def _is_list(attribute: Attribute, before: Any, operation: Operation) -> bool:
    """Lists by schema; an attribute of an unknown extension is one when it holds or selects elements."""
    if attribute.type != "any":
        return attribute.many
    return operation.target.condition is not None or (isinstance(before, list) and operation.op in ("add", "remove"))


def _part_change(attribute: Attribute, part: Attribute, value: Any) -> dict[str, Any]:
    return {part.name: normal(part, value, f"{attribute.name}.{part.name}")}


def _merged(attribute: Attribute, before: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    """Sub-attributes not named stay (section 3.5.2.3), None clears; a `$ref` goes with the value it pointed at."""
    merged: dict[str, Any] = dict(before) if isinstance(before, dict) else {}
    moved = "value" in said and said["value"] != merged.get("value") and "$ref" not in said
    if moved and attribute.type != "any":
        merged.pop("$ref", None)
    for name, item in said.items():
        _put(merged, _spelling(merged, name), item)
    return merged


# ------------------------------------------------------------------------------------------------------------------- lists


def _whole_list(attribute: Attribute, elements: list[Any], operation: Operation) -> list[Any]:
    """add appends what is not there yet (section 3.5.2.1), replace puts the new list, remove takes all, or those named."""
    if operation.op == "remove" and not entra_remove_with_value(operation.value):
        return []
    value = operation.value if attribute.many else one_as_list(operation.value)
    new: list[Any] = normal(attribute, value, attribute.name) or []
    if operation.op == "replace":
        return new
    if operation.op == "remove":
        return _without(elements, new)
    added = [element for element in new if element not in elements]
    both: list[Any] = bounded([*elements, *added], attribute.name)
    return _demoted(both, range(len(elements), len(both)))


def _without(elements: list[Any], named: list[Any]) -> list[Any]:
    """Leave out the elements that a remove names: by their value, and type if it is told, or else by being equal.

    One pass over each list: five hundred elements in hundreds of operations must not be compared pair by pair.
    """
    wanted = {_signatures(element)[0] for element in named}
    return [element for element in elements if wanted.isdisjoint(_signatures(element))]


def _signatures(element: Any) -> list[tuple[str, ...]]:
    """Return what an element can be named by, the most telling first: value and type, value alone, or all of it."""
    if not isinstance(element, dict) or "value" not in element:
        return [("all", _folded(element))]
    by_value = ("value", _folded(element["value"]))
    return [(*by_value, _folded(element["type"])), by_value] if "type" in element else [by_value]


def _folded(value: Any) -> str:
    """Return what is equal without case as equal text; a text never equals another kind of value."""
    return '"' + fold(value) if isinstance(value, str) else fold(json.dumps(value, sort_keys=True, ensure_ascii=False))


def _selected(attribute: Attribute, elements: list[Any], operation: Operation) -> list[Any]:
    """Elements chosen by a value path, or all of them for `attr.sub`. Raises Invalid `no_target` when a filter finds none."""
    condition, part = operation.target.condition, operation.target.part
    found = {index: None for index, element in enumerate(elements) if condition is None or _chosen(condition, element)}
    if operation.op == "remove":
        if condition is not None and not found:
            raise _missed(attribute)
        if part is None:
            return [element for index, element in enumerate(elements) if index not in found]
        return _with(attribute, elements, found, {part.name: None})
    if part is None:
        said = changes(attribute, _single(operation.value), attribute.name)
    else:
        said = _part_change(attribute, part, operation.value)
    if not found:
        return _created(attribute, elements, operation, said)
    result = _with(attribute, elements, found, said)
    return _demoted(result, found) if said.get("primary") is True else result


def _chosen(condition: Condition, element: Any) -> bool:
    return isinstance(element, dict) and matches(condition, element)


def _single(value: Any) -> Any:
    """A list of one stands for its element where one element is meant."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _with(attribute: Attribute, elements: list[Any], found: Container[int], said: Mapping[str, Any]) -> list[Any]:
    return [_merged(attribute, element, said) if index in found else element for index, element in enumerate(elements)]


def _created(attribute: Attribute, elements: list[Any], operation: Operation, said: Mapping[str, Any]) -> list[Any]:
    """Nothing was selected: make the element that the condition describes, unless there is nothing to put into it."""
    condition = operation.target.condition
    described = {} if condition is None else entra_element_to_create(condition)
    if described is None:
        raise _missed(attribute)
    if all(item is None for item in said.values()):
        return elements
    spelled = {part.name: item for name, item in described.items() if (part := attribute.part(name)) is not None}
    return _demoted(bounded([*elements, _merged(attribute, spelled, said)], attribute.name), [len(elements)])


def _missed(attribute: Attribute) -> Invalid:
    return no_target(f"The path selects no element of {shown(attribute.name)}.", "a value path that matches an element")


def _demoted(elements: list[Any], changed: Iterable[int]) -> list[Any]:
    """An element made primary demotes the others (section 3.5.2)."""
    chosen = next((index for index in changed if _is_primary(elements[index])), None)
    return elements if chosen is None else settle_primary(elements, chosen)


def _is_primary(element: Any) -> bool:
    return isinstance(element, dict) and element.get("primary") is True
