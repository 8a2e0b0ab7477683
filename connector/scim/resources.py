"""The door of the protocol: `/scim/v2/{connection_id}/...`, one view for everything below it.

The order of checks is the same for every request, which a routing table of the framework could not promise: authenticate, then
find the endpoint (404), then the method (405), then read the message, then call one verb of the directory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from flask import Blueprint, Response, current_app, g, request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.exceptions import NotImplemented as NotOffered

from connector.directory import access
from connector.directory.model import Client
from connector.errors import Forbidden, NotFound, Unauthenticated
from connector.membership.fold import is_storable
from connector.scim import bulk, discovery, groups, users
from connector.scim.exchange import Answer, Exchange
from connector.scim.listing import find
from connector.scim.noting import note, refusal_for
from connector.scim.rendering import dumps
from connector.scim.schemas import GROUP, USER
from connector.scim.search import search
from connector.scim.wire import MAX_BODY, agent_of, exchange_of, note_stranger, response_of

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

blueprint = Blueprint("scim", __name__)

Verb = Callable[[Exchange], Answer]
VerbOnOne = Callable[[Exchange, str], Answer]
VerbT = TypeVar("VerbT")


def _service_provider_config(exchange: Exchange) -> Answer:
    _refuse_filter(exchange)
    return Answer(200, dumps(discovery.service_provider_config(exchange.base)))


def _listed(documents: Callable[[str], list[discovery.Sent]]) -> Verb:
    def show(exchange: Exchange) -> Answer:
        _refuse_filter(exchange)
        return Answer(200, dumps(discovery.listed(documents(exchange.base))))

    return show


def _single(documents: Callable[[str], list[discovery.Sent]]) -> VerbOnOne:
    def show(exchange: Exchange, wanted: str) -> Answer:
        _refuse_filter(exchange)
        for document in documents(exchange.base):
            if document["id"].lower() == wanted.lower():
                return Answer(200, dumps(document))
        raise NotFound("not_found", "There is no document of that id.", advice="Ask without an id for all of them.")

    return show


def _refuse_filter(exchange: Exchange) -> None:
    """RFC 7644 section 4: discovery is not filtered; a filter SHOULD be answered with 403."""
    if "filter" in exchange.arguments:
        raise Forbidden("discovery_filter", "Discovery documents cannot be filtered.", advice="Ask without a filter.")


def _not_offered(_: Exchange) -> Answer:
    """RFC 7644 section 3.11: /Me, where it is not supported, answers 501."""
    raise NotOffered


def _find_all(exchange: Exchange) -> Answer:
    """RFC 7644 section 3.4.2.1: a query of the base URL is one over all kinds of resources."""
    return find(exchange, USER, GROUP)


_OF_ALL: Mapping[str, Mapping[str, Verb]] = {
    "": {"GET": _find_all},
    "Users": {"GET": users.find, "POST": users.create},
    "Groups": {"GET": groups.find, "POST": groups.create},
    "ServiceProviderConfig": {"GET": _service_provider_config},
    "Schemas": {"GET": _listed(discovery.schemas)},
    "ResourceTypes": {"GET": _listed(discovery.resource_types)},
    "Bulk": {"POST": bulk.perform},
    ".search": {"POST": search(USER, GROUP)},
    "Me": dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), _not_offered),
}
_SEARCHES: Mapping[str, Mapping[str, Verb]] = {"Users": {"POST": search(USER)}, "Groups": {"POST": search(GROUP)}}
_OF_ONE: Mapping[str, Mapping[str, VerbOnOne]] = {
    "Users": {"GET": users.get, "PUT": users.replace, "PATCH": users.patch, "DELETE": users.delete},
    "Groups": {"GET": groups.get, "PUT": groups.replace, "PATCH": groups.patch, "DELETE": groups.delete},
    "Schemas": {"GET": _single(discovery.schemas)},
    "ResourceTypes": {"GET": _single(discovery.resource_types)},
}


@blueprint.route("/scim/<path:path>", methods=_METHODS, provide_automatic_options=False, merge_slashes=False)
def serve(path: str) -> Response:
    """Answer any SCIM request; slashes may be doubled or trail, as some clients put together their URLs."""
    version, _, rest = path.partition("/")
    connection_id, *segments = [segment for segment in rest.split("/") if segment] or [""]
    if version != "v2" or not connection_id:
        raise NotFound("not_found", "There is nothing at this address.", expected="/scim/v2/{connection}/Users")
    house = current_app.extensions["connector"]
    client = _authenticated(connection_id)
    longest = discovery.MAX_PAYLOAD if segments == ["Bulk"] else MAX_BODY
    exchange = exchange_of(request, house.database, client, house.settings, longest)
    return response_of(_verb(segments)(exchange))


def _authenticated(connection_id: str) -> Client:
    """First of all: whoever has no living token of this connection learns nothing, not even whether it exists (401)."""
    database = current_app.extensions["connector"].database
    connection = connection_id if is_storable(connection_id) else ""
    authorization, address = request.headers.get("Authorization"), request.remote_addr or ""
    try:
        client = access.authenticate(database, connection, authorization, agent=agent_of(request), address=address)
    except Unauthenticated as error:
        note_stranger(database, connection, request, error)
        raise
    g.scim_client = client
    return client


def _verb(segments: list[str]) -> Verb:
    """Return what the request asks for. Raises NotFound, or 405 with what would be allowed."""
    head = segments[0] if segments else ""
    method = "GET" if request.method == "HEAD" else request.method
    if len(segments) == 2 and segments[1] == ".search" and head in _SEARCHES:
        return _allowed(_SEARCHES[head], method)
    if len(segments) <= 1 and head in _OF_ALL:
        return _allowed(_OF_ALL[head], method)
    if len(segments) == 2 and head in _OF_ONE and is_storable(segments[1]):
        on_one = _allowed(_OF_ONE[head], method)
        return lambda exchange: on_one(exchange, segments[1])
    raise NotFound("not_found", "There is nothing at this address.", expected="an endpoint of SCIM 2.0 such as /Users")


def _allowed(verbs: Mapping[str, VerbT], method: str) -> VerbT:
    if method not in verbs:
        raise MethodNotAllowed(list(verbs))
    return verbs[method]


# ---------------------------------------------------------------------------------------------------------------- refusals


@blueprint.errorhandler(Exception)
def _refused(error: Exception) -> Response:
    """Whatever goes wrong is told as a SCIM error, and noted once it is known who asked."""
    refusal = refusal_for(error)
    client: Client | None = g.get("scim_client")
    if client is not None:
        segments = [segment for segment in request.path.split("/")[4:] if segment]
        note(current_app.extensions["connector"].database, client, request.method, segments, refusal)
    return refusal.response()
