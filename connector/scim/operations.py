"""The PatchOp message (RFC 7644 section 3.5.2) -> a flat list of operations, each with a resolved target.

Operations without a path are taken apart: their keys may be attributes, dotted paths, URN paths, value paths or whole extension
objects, as Okta and Entra send them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from connector.errors import Invalid
from connector.scim.dialects import entra_operation_case, null_beside_remove, okta_pathless_id
from connector.scim.filters import MAX_TERMS
from connector.scim.paths import Target, parse_path
from connector.scim.refusals import invalid_path, invalid_syntax, invalid_value, kind_of, mutability, no_target, shown
from connector.scim.schemas import ResourceSchema, is_extension
from connector.scim.values import is_empty

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MAX_OPERATIONS = 1000
Op = Literal["add", "remove", "replace"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One change of one target; `value` is as it came."""

    op: Op
    target: Target
    value: Any


def read_operations(body: Mapping[str, Any], schema: ResourceSchema, resource_id: str) -> list[Operation]:
    """Read a PatchOp message for the resource called `resource_id`.

    Raises Invalid: `invalid_syntax` for the form of the message, `invalid_path`, `invalid_filter`, `mutability` or `no_target`
    for a target, `invalid_value` where an object was expected.
    """
    reader = _Reader(schema, resource_id)
    operations = _bounded(operation for entry in _entries(body) for operation in reader.read(entry))
    for operation in operations:
        _check_mutability(operation)
    return [operation for operation in operations if not _without_effect(operation)]


def _entries(body: Mapping[str, Any]) -> list[Any]:
    """Return the Operations of a message whose `schemas` name PatchOp."""
    message = {key.lower(): value for key, value in body.items()}
    schemas = message.get("schemas")
    if not isinstance(schemas, list) or PATCH_OP.lower() not in [str(urn).lower() for urn in schemas]:
        raise invalid_syntax("The message does not say that it is a PatchOp.", f"schemas with {PATCH_OP}")
    entries = message.get("operations")
    if not isinstance(entries, list) or not entries:
        raise invalid_syntax(f"Operations arrived as {kind_of(entries)}.", "a list of one operation or more")
    if len(entries) > MAX_OPERATIONS:
        raise _too_many(str(len(entries)))
    return entries


def _bounded(read: Iterator[Operation]) -> list[Operation]:
    """Read no further than is allowed: one entry without a path may hold a hundred thousand keys."""
    operations: list[Operation] = []
    terms = 0
    for operation in read:
        operations.append(operation)
        terms += 0 if operation.target.is_members else operation.target.terms
        if len(operations) > MAX_OPERATIONS:
            raise _too_many(f"more than {MAX_OPERATIONS}")
        if terms > MAX_TERMS:
            detail = f"The value paths make more than {MAX_TERMS} comparisons."
            raise invalid_path(detail, f"at most {MAX_TERMS}", "Send several requests.")
    return operations


def _too_many(number: str) -> Exception:
    return invalid_syntax(f"The message has {number} operations.", f"at most {MAX_OPERATIONS}", "Send several requests.")


def _check_mutability(operation: Operation) -> None:
    """RFC 7644 section 3.5.2: readOnly attributes are not changed, required ones not removed: 400 `mutability`."""
    attribute, part = operation.target.attribute, operation.target.part
    if attribute is not None and _is_read_only(operation.target):
        name = f"{attribute.name}.{part.name}" if part is not None else attribute.name
        raise mutability(name, "is kept by connector and cannot be changed by a client", "Leave it out.")
    if attribute is not None and attribute.required and part is None and operation.op == "remove":
        raise mutability(attribute.name, "is required and cannot be removed", "Replace its value instead.")


def _is_read_only(target: Target) -> bool:
    """Whether it is connector's own. A client that sends back what it read names such too: without a path they are ignored."""
    return any(entry is not None and entry.mutability == "readOnly" for entry in (target.attribute, target.part))


def _without_effect(operation: Operation) -> bool:
    """`schemas` is computed from what is used; a password is dropped at once, nobody signs in with one here."""
    target = operation.target
    return target.urn is None and target.attribute is not None and target.attribute.name in ("schemas", "password")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes single entries of Operations apart."""

    schema: ResourceSchema
    resource_id: str

    def read(self, entry: Any) -> Iterator[Operation]:
        if not isinstance(entry, dict):
            raise invalid_syntax(f"An operation arrived as {kind_of(entry)}.", "an object with op, path and value")
        fields = {key.lower(): value for key, value in entry.items()}
        op = entra_operation_case(fields.get("op"))
        if op not in ("add", "remove", "replace"):
            raise invalid_syntax("An operation has no op, or an unknown one.", "add, remove or replace")
        path, value = fields.get("path"), fields.get("value")
        if op == "remove" and "value" in fields and is_empty(value):
            value = null_beside_remove(path)
        if "value" not in fields and op != "remove":
            raise invalid_value("value", "nothing", f"the value to {op}")
        if path is None or path == "":
            yield from self._pathless(op, value)
        elif isinstance(path, str):
            yield from self._at(op, path, value)
        else:
            raise invalid_path(f"A path arrived as {kind_of(path)}.")

    def _at(self, op: Op, path: str, value: Any) -> Iterator[Operation]:
        target = parse_path(path, self.schema)
        if target is None:
            detail = f"{shown(path)} is no attribute of a {self.schema.name}."
            raise invalid_path(detail, "an attribute of the schema", "See /Schemas.")
        if target.attribute is None:
            yield from self._whole(op, target.urn, value)
        else:
            yield Operation(op, target, value)

    def _pathless(self, op: Op, value: Any) -> Iterator[Operation]:
        """Without a path the value holds the attributes (RFC 7644 section 3.5.2.1); a remove needs a path (section 3.5.2.2)."""
        if op == "remove":
            raise no_target("A remove operation has no path.", "the path of what to remove")
        if not isinstance(value, dict):
            raise invalid_value("value", kind_of(value), "an object with attributes, as the operation has no path")
        for key, item in value.items():
            if key.lower() == "id":
                okta_pathless_id(item, self.resource_id)
            else:
                yield from self._key(op, key, item)

    def _key(self, op: Op, key: str, item: Any) -> Iterator[Operation]:
        """One key of a value: names unknown to the core schema are ignored as in PUT, broken value paths are not."""
        if is_extension(self.schema, key) and isinstance(item, dict):
            yield from self._whole(op, self.schema.spelling.get(key.lower(), key), item)
        else:
            yield from self._named(op, key, item)

    def _named(self, op: Op, key: str, item: Any) -> Iterator[Operation]:
        try:
            target = parse_path(key, self.schema)
        except Invalid:
            if "[" in key:
                raise
            return
        if target is not None and target.attribute is None:
            yield from self._whole(op, target.urn, item)
        elif target is not None and not _is_read_only(target):
            yield Operation(op, target, item)

    def _whole(self, op: Op, urn: str | None, value: Any) -> Iterator[Operation]:
        """A whole schema as target: the value's keys are attributes of it; remove, or replacing by null, clears an extension."""
        if urn is None:
            yield from self._pathless(op, value)
        elif op == "remove" or (op == "replace" and is_empty(value) and value != {}):
            yield Operation("remove", Target(urn, None), None)
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from self._named(op, f"{urn}:{key}", item)
        elif not is_empty(value):
            raise invalid_value(urn, kind_of(value), "an object with the attributes of the extension")
