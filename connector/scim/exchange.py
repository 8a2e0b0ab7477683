"""One request of an authenticated client: what it asks, read from HTTP, and the answer to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.directory.model import Check, Client
from connector.scim.rendering import Projection, read_projection
from connector.scim.schemas import ResourceSchema
from connector.scim.versions import is_known, required
from connector.storage.database import Database


@dataclass(frozen=True, slots=True)
class Exchange:
    """Who asks, and what: read from HTTP, from a search message, or from one operation of a Bulk.

    `base` is the SCIM base URL of the connection; `keys` seal cursors; `arguments` are the query parameters; `body` reads the
    JSON object sent, and raises what `messages.read_body` raises, besides 413 and 415 of HTTP. `identity` is the id of what is
    created, where it had to be known before. `if_match` and `if_none_match` are the headers of section 3.14, or the `version` of
    one operation.
    """

    database: Database
    client: Client
    base: str
    keys: tuple[str, ...] = field(repr=False)
    arguments: Mapping[str, str]
    body: Callable[[], dict[str, Any]]
    identity: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None

    def projection(self, schema: ResourceSchema) -> Projection:
        """Return what of a resource is to be shown (RFC 7644 section 3.9)."""
        return read_projection(schema, self.arguments.get("attributes"), self.arguments.get("excludedAttributes"))

    def check(self) -> Check:
        """Return what the request asks of the version it changes (RFC 7644 section 3.14)."""
        return required(self.if_match, self.if_none_match)

    def knows(self, version: str) -> bool:
        """Whether the reader has this version already."""
        return is_known(self.if_none_match, version)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: the JSON text of a resource or a message, empty for 204 and 304; of one resource also its version."""

    status: int = 200
    text: str = ""
    location: str | None = None
    version: str | None = None


NOTHING = Answer(204)
"""Done, and nothing to tell."""
