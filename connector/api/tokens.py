"""SCIM tokens over HTTP: with which an identity provider pushes."""

from __future__ import annotations

from pydantic import Field

from connector.api.connections import FOUND
from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.directory import tokens
from connector.directory.connections import MANAGE
from connector.directory.tokens import NewToken, TokenView
from connector.provisioning.pages import Page

_TAG = "Connections"


class TokenAsked(Body):
    """How long it is to live."""

    expires_days: int = Field(default=365, ge=1, le=tokens.LONGEST, examples=[365])


@operation(
    "POST",
    "/api/orgs/<o>/connections/<c>/tokens",
    tag=_TAG,
    summary="Make a SCIM token",
    permission=MANAGE,
    body=TokenAsked,
    answer=NewToken,
    status=201,
    errors={**FOUND, "token_limit": 409},
    idempotent=True,
)
def create(call: Call, o: str, c: str, body: TokenAsked) -> NewToken:
    """It is shown this once. At most two live at once, so that one can be replaced without a gap; with the first that can push, a
    directory that is off begins to stage."""
    home = call.organization(o)
    return tokens.create(call.database, home, c, days=body.expires_days, now=call.now, actor=call.actor, once=call.once)


@operation(
    "GET",
    "/api/orgs/<o>/connections/<c>/tokens",
    tag=_TAG,
    summary="List SCIM tokens",
    permission=MANAGE,
    query=Listing,
    answer=Page[TokenView],
    errors=FOUND,
)
def list_(call: Call, o: str, c: str, query: Listing) -> Page[TokenView]:
    """Oldest first, dead ones too; `hint` are the last letters."""
    home = call.organization(o)
    return tokens.list_(call.database, home, c, now=call.now, limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>/connections/<c>/tokens/<token_id>",
    tag=_TAG,
    summary="Revoke a SCIM token",
    permission=MANAGE,
    answer=None,
    status=204,
    errors={**FOUND, "token_not_found": 404},
)
def revoke(call: Call, o: str, c: str, token_id: str) -> None:
    """At once. A dead one stays dead."""
    tokens.revoke(call.database, call.organization(o), c, token_id, actor=call.actor)
