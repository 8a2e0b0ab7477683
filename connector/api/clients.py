"""OAuth clients over HTTP: for identity providers that fetch their SCIM tokens themselves."""

from __future__ import annotations

from connector.api.connections import FOUND
from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.directory import clients
from connector.directory.clients import ClientView, NewClient
from connector.directory.connections import MANAGE
from connector.provisioning.pages import Page

_TAG = "Connections"


@operation(
    "POST",
    "/api/orgs/<o>/connections/<c>/clients",
    tag=_TAG,
    summary="Make an OAuth client",
    permission=MANAGE,
    answer=NewClient,
    status=201,
    errors=FOUND,
    idempotent=True,
)
def create(call: Call, o: str, c: str) -> NewClient:
    """Its secret is shown this once. With the first that can push, a directory that is off begins to stage."""
    home, base_url = call.organization(o), call.settings.base_url
    return clients.create(call.database, home, c, base_url=base_url, actor=call.actor, once=call.once)


@operation(
    "GET",
    "/api/orgs/<o>/connections/<c>/clients",
    tag=_TAG,
    summary="List OAuth clients",
    permission=MANAGE,
    query=Listing,
    answer=Page[ClientView],
    errors=FOUND,
)
def list_(call: Call, o: str, c: str, query: Listing) -> Page[ClientView]:
    """Oldest first, revoked ones too."""
    return clients.list_(call.database, call.organization(o), c, limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>/connections/<c>/clients/<client_id>",
    tag=_TAG,
    summary="Revoke an OAuth client",
    permission=MANAGE,
    answer=None,
    status=204,
    errors={**FOUND, "client_not_found": 404},
)
def revoke(call: Call, o: str, c: str, client_id: str) -> None:
    """At once, with every token it fetched."""
    clients.revoke(call.database, call.organization(o), c, client_id, actor=call.actor)
