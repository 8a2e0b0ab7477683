"""Set-up links over HTTP: with which a customer's IT person prepares connections, without an account."""

from __future__ import annotations

from pydantic import Field

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.directory import setup_links
from connector.directory.connections import MANAGE
from connector.directory.setup_links import NewSetupLink, SetupLinkView
from connector.provisioning.pages import Page

_TAG = "Connections"


class NewLink(Body):
    """For whom it is, and how long it is to live."""

    name: str = Field(default="", max_length=setup_links.LONGEST_NAME, examples=["IT of Acme"])
    expires_days: int = Field(default=setup_links.DAYS, ge=1, le=setup_links.LONGEST, examples=[setup_links.DAYS])


@operation(
    "POST",
    "/api/orgs/<o>/setup-links",
    tag=_TAG,
    summary="Make a set-up link",
    permission=MANAGE,
    body=NewLink,
    answer=NewSetupLink,
    status=201,
    errors={"name_invalid": 400, "setup_link_limit": 409},
    idempotent=True,
)
def create(call: Call, o: str, body: NewLink) -> NewSetupLink:
    """Its address is shown this once. Whoever holds it prepares drafts of connections, their rules, and domains: nothing in force
    changes. It works while you may manage SSO here. At most five live at once."""
    return setup_links.create(
        call.database,
        call.organization(o),
        base_url=call.settings.base_url,
        name=body.name,
        days=body.expires_days,
        now=call.now,
        actor=call.actor,
        once=call.once,
    )


@operation(
    "GET",
    "/api/orgs/<o>/setup-links",
    tag=_TAG,
    summary="List set-up links",
    permission=MANAGE,
    query=Listing,
    answer=Page[SetupLinkView],
)
def list_(call: Call, o: str, query: Listing) -> Page[SetupLinkView]:
    """Oldest first, for a month dead ones too; `hint` are the last letters. A dormant one waits until who made it is active and
    may manage SSO again."""
    home = call.organization(o)
    return setup_links.list_(call.database, home, now=call.now, limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>/setup-links/<link>",
    tag=_TAG,
    summary="Revoke a set-up link",
    permission=MANAGE,
    answer=None,
    status=204,
    errors={"setup_link_not_found": 404},
)
def revoke(call: Call, o: str, link: str) -> None:
    """At once. A dead one stays dead."""
    setup_links.revoke(call.database, call.organization(o), link, actor=call.actor)
