"""The BulkRequest message (RFC 7644 section 3.7) -> operations, its form checked before any of them runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.errors import TooLarge
from connector.scim.discovery import MAX_OPERATIONS
from connector.scim.refusals import invalid_syntax, invalid_value, kind_of

MAX_TEXT = 1000
"""Characters of a method, path, bulkId or version: they are repeated in the answer."""

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One operation: its place in the request, its method in upper case, and the segments of its address below the base URL.

    `bulk_id` is what others call the resource by that this operation creates; `version` is what it has to be, None for any;
    `data` is as it came.
    """

    index: int
    method: str
    segments: tuple[str, ...]
    bulk_id: str | None
    version: str | None
    data: Any

    @property
    def creates(self) -> bool:
        """Whether it makes a new resource, which others may refer to."""
        return self.method == "POST"


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """The operations in the order of the message; `fail_on_errors` errors end it, None for as many as there are."""

    operations: tuple[BulkOperation, ...]
    fail_on_errors: int | None


def read_bulk(body: Mapping[str, Any], base: str) -> BulkRequest:
    """Read a BulkRequest message. Addresses may be relative to `base`, the SCIM base URL, or begin with it.

    Raises Invalid for its form: `invalid_syntax` without its schema or without operations, `invalid_value` for a value of a wrong
    kind, no method, no path, a POST without bulkId, or a bulkId twice. Raises TooLarge `too_large` for more than MAX_OPERATIONS.
    """
    message = {key.lower(): value for key, value in body.items()}
    schemas = message.get("schemas")
    if not isinstance(schemas, list) or BULK_REQUEST.lower() not in [str(urn).lower() for urn in schemas]:
        raise invalid_syntax("The message does not say that it is a BulkRequest.", f"schemas with {BULK_REQUEST}")
    entries = message.get("operations")
    if not isinstance(entries, list) or not entries:
        raise invalid_syntax(f"Operations arrived as {kind_of(entries)}.", "a list of one operation or more")
    if len(entries) > MAX_OPERATIONS:
        raise too_large("maxOperations", MAX_OPERATIONS)
    operations = tuple(_operation(index, entry, base) for index, entry in enumerate(entries))
    _refuse_twins(operations)
    return BulkRequest(operations, _fail_on_errors(message.get("failonerrors")))


def too_large(limit: str, value: int) -> TooLarge:
    """More than a limit of /ServiceProviderConfig, which the refusal has to name (section 3.7.4)."""
    detail = f"The Bulk is larger than {limit} ({value})."
    return TooLarge("too_large", detail, expected=f"at most {value}", advice="Send several requests.")


def _fail_on_errors(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid_value("failOnErrors", kind_of(value), "a whole number, 1 or more")
    if value < 1:
        raise invalid_value("failOnErrors", "a number below 1", "a whole number, 1 or more")
    return value


def _operation(index: int, entry: Any, base: str) -> BulkOperation:
    where = f"Operations[{index}]"
    if not isinstance(entry, dict):
        raise invalid_syntax(f"{where} arrived as {kind_of(entry)}.", "an object with method, path, bulkId and data")
    fields = {key.lower(): value for key, value in entry.items()}
    method = _text(fields, where, "method", "POST, PUT, PATCH or DELETE").upper()
    path = _text(fields, where, "path", "the address of a resource such as /Users")
    bulk_id = _optional_text(fields, where, "bulkId")
    if method == "POST" and bulk_id is None:
        raise invalid_value(f"{where}.bulkId", "nothing", "a name of the client's choice, as the method is POST")
    segments = tuple(segment for segment in path.removeprefix(base).split("/") if segment)
    return BulkOperation(index, method, segments, bulk_id, _optional_text(fields, where, "version"), fields.get("data"))


def _text(fields: Mapping[str, Any], where: str, name: str, expected: str) -> str:
    found = _optional_text(fields, where, name)
    if found is None:
        raise invalid_value(f"{where}.{name}", "nothing", expected)
    return found


def _optional_text(fields: Mapping[str, Any], where: str, name: str) -> str | None:
    found = fields.get(name.lower())
    if found is not None and (not isinstance(found, str) or not 0 < len(found) <= MAX_TEXT):
        raise invalid_value(f"{where}.{name}", kind_of(found), f"a text of at most {MAX_TEXT} characters")
    return found


def _refuse_twins(operations: Sequence[BulkOperation]) -> None:
    """A bulkId is unique within the request. Beside other methods than POST it names nothing, and may repeat."""
    seen: set[str | None] = set()
    for operation in operations:
        if operation.creates and operation.bulk_id in seen:
            raise invalid_value(f"Operations[{operation.index}].bulkId", "one that was used already", "a bulkId of its own")
        seen |= {operation.bulk_id} if operation.creates else set()
