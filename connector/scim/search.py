"""Queries by POST (RFC 7644 section 3.4.3): a SearchRequest is read into the parameters of a GET, and answered as that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from connector.scim.exchange import Answer, Exchange
from connector.scim.listing import find
from connector.scim.refusals import invalid_syntax, invalid_value, kind_of
from connector.scim.schemas import ResourceSchema

SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def search(*schemas: ResourceSchema) -> Callable[[Exchange], Answer]:
    """Return the verb `.search` over the resources of these schemas; what stands in the address is not looked at."""

    def verb(exchange: Exchange) -> Answer:
        return find(replace(exchange, arguments=read_search(exchange.body())), *schemas)

    return verb


def read_search(body: Mapping[str, Any]) -> dict[str, str]:
    """Return a SearchRequest as query parameters; null is as good as absent, and what nobody knows is passed over.

    Raises Invalid: `invalid_syntax` when the message does not say what it is, `invalid_value` for a value of the wrong kind.
    """
    message = {key.lower(): value for key, value in body.items()}
    schemas = message.get("schemas")
    if not isinstance(schemas, list) or SEARCH_REQUEST.lower() not in [str(urn).lower() for urn in schemas]:
        raise invalid_syntax("The message does not say that it is a SearchRequest.", f"schemas with {SEARCH_REQUEST}")
    given = {name: message.get(name.lower()) for name in _READERS}
    return {name: _READERS[name](name, value) for name, value in given.items() if value is not None}


def _names(name: str, value: Any) -> str:
    """A list of attribute names; one text with commas, as in an address, will do."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid_value(name, kind_of(value), "a list of attribute names")
    return ",".join(value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise invalid_value(name, kind_of(value), "a text")
    return value


def _integer(name: str, value: Any) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid_value(name, kind_of(value), "an integer")
    return str(value)


_READERS: Mapping[str, Callable[[str, Any], str]] = {
    "attributes": _names,
    "excludedAttributes": _names,
    "filter": _text,
    "sortBy": _text,
    "sortOrder": _text,
    "startIndex": _integer,
    "count": _integer,
    "cursor": _text,
}
