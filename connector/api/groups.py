"""Groups over HTTP, as identity providers push them and as sign-ins tell of them."""

from __future__ import annotations

from pydantic import Field

from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.directory import known_groups
from connector.directory.connections import MANAGE
from connector.directory.known_groups import GroupView
from connector.provisioning.pages import Page


class Groups(Listing):
    """Which of the groups."""

    connection: str | None = Field(default=None, description="Of this connection.")
    q: str | None = Field(default=None, min_length=1, max_length=200, description="What stands in the name, in any case.")
    mapped: bool | None = Field(default=None, description="Only those that a rule matches, or that none does.")


@operation(
    "GET",
    "/api/orgs/<o>/groups",
    tag="Rules",
    summary="List the groups of identity providers",
    permission=MANAGE,
    query=Groups,
    answer=Page[GroupView],
    errors={"connection_not_found": 404},
)
def list_(call: Call, o: str, query: Groups) -> Page[GroupView]:
    """Oldest first, with how many are in each and the rules that match it."""
    return known_groups.list_(
        call.database,
        call.organization(o),
        query.connection,
        q=query.q,
        mapped=query.mapped,
        limit=query.limit,
        after=query.after,
        actor=call.actor,
    )
