"""Bulk messages, and what is read from their answers."""

from __future__ import annotations

from typing import Any

from connector.scim.bulk import BULK_RESPONSE
from connector.scim.bulk_message import BULK_REQUEST
from tests.scim.answers import said
from tests.scim.conftest import Idp

Sent = dict[str, Any]


def bulk(*operations: Any, **more: Any) -> Sent:
    """A BulkRequest message."""
    return {"schemas": [BULK_REQUEST], "Operations": list(operations), **more}


def post(bulk_id: str, kind: str = "Users", **data: Any) -> Sent:
    """The operation that creates a user or group; a name that is not given is the bulkId."""
    name = "userName" if kind == "Users" else "displayName"
    return {"method": "POST", "path": f"/{kind}", "bulkId": bulk_id, "data": {name: bulk_id, **data}}


def on(method: str, path: str, data: Any = None, **more: Any) -> Sent:
    """An operation on one resource."""
    return {"method": method, "path": path, **({} if data is None else {"data": data}), **more}


def performed(idp: Idp, *operations: Any, **more: Any) -> list[Sent]:
    """Send a Bulk and return what became of its operations."""
    answer = idp.send("POST", "/Bulk", bulk(*operations, **more))
    body = said(answer)
    assert answer.status_code == 200, body
    assert (body["schemas"], set(body)) == ([BULK_RESPONSE], {"schemas", "Operations"})
    results: list[Sent] = body["Operations"]
    return results


def statuses(results: list[Sent]) -> list[str]:
    """The statuses of the operations, which are texts."""
    return [result["status"] for result in results]


def id_of(result: Sent) -> str:
    """The id of the resource an operation created or changed."""
    location: str = result["location"]
    return location.rpartition("/")[2]
