"""/Bulk (RFC 7644 section 3.7): many operations in one message. Each is one verb of the directory and one transaction of its own.

What one operation does stays done when another is refused. The ids of what is to be created are chosen before anything runs, so
operations may refer to each other in any order and in circles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge

from connector.directory.pushing import reserve
from connector.errors import Conflict, NotFound, Unauthenticated, Unavailable
from connector.scim import groups, users
from connector.scim.bulk_message import BulkOperation, read_bulk, too_large
from connector.scim.bulk_references import in_order, references, resolved
from connector.scim.discovery import MAX_PAYLOAD
from connector.scim.errors import Refusal
from connector.scim.exchange import Answer, Exchange
from connector.scim.noting import note, refusal_for
from connector.scim.refusals import invalid_syntax, kind_of, shown
from connector.scim.rendering import dumps

BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"

VerbT = TypeVar("VerbT")

_CREATES: Mapping[str, Callable[[Exchange], Answer]] = {"Users": users.create, "Groups": groups.create}
_CHANGES: Mapping[str, Mapping[str, Callable[[Exchange, str], Answer]]] = {
    "Users": {"PUT": users.replace, "PATCH": users.patch, "DELETE": users.delete},
    "Groups": {"PUT": groups.replace, "PATCH": groups.patch, "DELETE": groups.delete},
}


def perform(exchange: Exchange) -> Answer:
    """POST /Bulk: 200 with what became of each operation, in the order of the request.

    After `failOnErrors` errors the rest is not run, and not in the answer. Raises, before anything runs, Invalid and TooLarge for
    the whole message; Unauthenticated and Unavailable when they meet the first operation.
    """
    request = read_bulk(_body(exchange), exchange.base)
    job = _Job(exchange, {each.bulk_id: reserve() for each in request.operations if each.creates and each.bulk_id})
    results: dict[int, dict[str, Any]] = {}
    for operation in in_order(request.operations):
        results[operation.index] = job.run(operation)
        if job.errors == request.fail_on_errors:
            break
    return Answer(200, dumps({"schemas": [BULK_RESPONSE], "Operations": [results[index] for index in sorted(results)]}))


def _body(exchange: Exchange) -> dict[str, Any]:
    try:
        return exchange.body()
    except RequestEntityTooLarge:
        raise too_large("maxPayloadSize", MAX_PAYLOAD) from None


@dataclass(slots=True)
class _Job:
    """A Bulk under way.

    `ids` are what bulkIds stand for, less those whose creation failed; `made` are the bulkIds of what is there; `closed` is why
    nothing is tried any more.
    """

    exchange: Exchange
    ids: dict[str, str]
    made: set[str] = field(default_factory=set)
    errors: int = 0
    begun: bool = False
    closed: Refusal | None = None

    def run(self, operation: BulkOperation) -> dict[str, Any]:
        """Run one operation; returns what became of it (section 3.7.3)."""
        if self.closed is not None:
            return self._refused(operation, self.closed)
        try:
            operation = resolved(operation, self._ids_for(operation))
            answer = _verb(operation)(self._exchange_for(operation))
        except Exception as error:
            return self._failed(operation, error)
        return self._succeeded(operation, answer)

    def _failed(self, operation: BulkOperation, error: Exception) -> dict[str, Any]:
        """What stops one operation leaves the others alone; a client that is locked out, or a database away, stops the rest."""
        refusal = refusal_for(error)
        if isinstance(error, Unauthenticated | Unavailable):
            if not self.begun:
                raise error
            self.closed = refusal
        note(self.exchange.database, self.exchange.client, operation.method, operation.segments, refusal)
        return self._refused(operation, refusal)

    def _ids_for(self, operation: BulkOperation) -> Mapping[str, str]:
        """Return what the references of an operation stand for. Raises Conflict for one that nothing stands behind.

        A group of a circle that is still to come is told as the group that names it: groups are passed over as members.
        """
        named = references(operation)
        for name in sorted(named - self.ids.keys()):
            raise Conflict(
                "bulk_reference",
                f"The operation refers to {shown('bulkId:' + name)}, which no operation of this request has created.",
                expected="the bulkId of a POST in the same request that succeeds",
                advice="See what was answered to that POST.",
            )
        if not operation.creates or operation.segments != ("Groups",):
            return self.ids
        return self.ids | dict.fromkeys(named - self.made, self.ids[operation.bulk_id or ""])

    def _exchange_for(self, operation: BulkOperation) -> Exchange:
        """What a request of its own would be; parameters and headers of the Bulk are not its."""
        identity = self.ids[operation.bulk_id or ""] if operation.creates else None
        own = replace(self.exchange, arguments={}, body=partial(_data, operation), identity=identity)
        return replace(own, if_match=operation.version, if_none_match=None)

    def _succeeded(self, operation: BulkOperation, answer: Answer) -> dict[str, Any]:
        self.begun = True
        if operation.creates and operation.bulk_id:
            self.made.add(operation.bulk_id)
        location = answer.location or self._location(operation)
        return _entry(operation, answer.status, location=location, version=answer.version)

    def _refused(self, operation: BulkOperation, refusal: Refusal) -> dict[str, Any]:
        """A failed POST has no location; what it should have created is nowhere, and referring to it fails too."""
        self.begun, self.errors = True, self.errors + 1
        if operation.creates:
            self.ids.pop(operation.bulk_id or "")
        location = None if operation.creates else self._location(operation)
        return _entry(operation, refusal.status, location=location, response=refusal.body())

    def _location(self, operation: BulkOperation) -> str:
        return "/".join((self.exchange.base, *operation.segments))


def _entry(operation: BulkOperation, status: int, **told: Any) -> dict[str, Any]:
    """One operation of a BulkResponse; `status` is a text, and nothing is null."""
    entry = {"method": operation.method, "bulkId": operation.bulk_id, **told, "status": str(status)}
    return {name: value for name, value in entry.items() if value is not None}


def _data(operation: BulkOperation) -> dict[str, Any]:
    """Return what would be the body of a single request."""
    if not isinstance(operation.data, dict):
        raise invalid_syntax(f"The data of the operation arrived as {kind_of(operation.data)}.", "a JSON object")
    return operation.data


def _verb(operation: BulkOperation) -> Callable[[Exchange], Answer]:
    """Return what an operation asks for. Raises NotFound for any other address, or 405 with what would be allowed."""
    kind, *ids = operation.segments or ("",)
    if kind not in _CREATES or len(ids) > 1:
        raise NotFound("not_found", "There is nothing at this address.", expected="/Users, /Groups or a resource below them")
    if not ids:
        return _allowed({"POST": _CREATES[kind]}, operation.method)
    verb = _allowed(_CHANGES[kind], operation.method)
    return lambda exchange: verb(exchange, ids[0])


def _allowed(verbs: Mapping[str, VerbT], method: str) -> VerbT:
    if method not in verbs:
        raise MethodNotAllowed(list(verbs))
    return verbs[method]
