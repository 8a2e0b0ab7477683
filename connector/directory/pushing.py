"""What every push has in common: the corridor of the client's organization, its connection read again after the locks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from connector.directory import access
from connector.directory.model import Client, Document
from connector.provisioning.corridor import Corridor, Opening, Origin, enter
from connector.storage.database import Database
from connector.storage.ids import new_id

Result = TypeVar("Result")

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Push:
    """One write of an IdP under way. `live` tells whether memberships follow, or the directory is only being filled."""

    corridor: Corridor
    client: Client
    live: bool


def push(
    database: Database, client: Client, meaning: str, work: Callable[[Push], Result], *, opening: Opening | None = None
) -> Result:
    """Run one write of an IdP in the corridor. `opening` reads more than `access.opening`, for a verb that asks it at once.

    Raises Unauthenticated, Forbidden `directory_off`, Unavailable `directory_paused`, and what `enter` and `work` raise.
    """
    origin = Origin(f"scim:{client.connection_id}", f"the IdP asked: {meaning}", client.address)

    def entered(corridor: Corridor) -> Result:
        state = access.still_valid(corridor.beside)
        access.write_gate(state)
        return work(Push(corridor, client, live=state.directory == "live"))

    return enter(database, client.organization_id, origin, entered, opening=opening or access.opening(client))


def reserve() -> str:
    """Return the id of a user or group that is created later, for those that refer to it before (RFC 7644 section 3.7.1)."""
    return new_id()


def document_text(resource_id: str, document: Document) -> str:
    """The canonical document with its id as compact JSON text, as it is stored and served."""
    return _encode({"schemas": document["schemas"], "id": resource_id, **document})


def document_of(stored: str) -> dict[str, Any]:
    """The canonical document as the protocol room knows it: without the id."""
    document: dict[str, Any] = json.loads(stored)
    del document["id"]
    return document
