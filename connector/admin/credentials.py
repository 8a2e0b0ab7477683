"""CREDENTIALS of a connection: the SCIM tokens and OAuth clients with which its identity provider pushes. A second one is made
and pasted there before the first is revoked, so that nothing is missed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from connector.admin import connection
from connector.admin.forms import asked, made_once, number
from connector.admin.frame import PAGE, Visit, done, visited
from connector.admin.guides import GUIDES
from connector.admin.guides.model import Step
from connector.directory import clients, tokens
from connector.directory.connections import ConnectionView
from connector.directory.tokens import TokenView
from connector.errors import ConnectorError
from connector.web import refusals

blueprint = Blueprint("credentials", __name__)


@blueprint.get("/admin/<o>/connections/<c>/credentials")
@visited
def list_(visit: Visit, c: str) -> Response:
    """Every token and client, live ones with their end and their last use."""
    return _page(visit, connection.found(visit, c))


@blueprint.post("/admin/<o>/connections/<c>/tokens")
@visited
def make_token(visit: Visit, c: str) -> Response:
    """Make a token and show it this once."""
    where, view = (visit.database, visit.here.id, c), connection.found(visit, c)
    try:
        days = number("days", 365)
        made = made_once(visit, lambda once: tokens.create(*where, days=days, now=visit.now, actor=visit.actor, once=once))
    except ConnectorError as error:
        return _page(visit, view, error=error)
    return _page(visit, view, token=made)


@blueprint.post("/admin/<o>/connections/<c>/clients")
@visited
def make_client(visit: Visit, c: str) -> Response:
    """Make a client and show its secret this once."""
    where, view = (visit.database, visit.here.id, c), connection.found(visit, c)
    base_url = visit.house.settings.base_url
    try:
        made = made_once(visit, lambda once: clients.create(*where, base_url=base_url, actor=visit.actor, once=once))
    except ConnectorError as error:
        return _page(visit, view, error=error)
    return _page(visit, view, client=made)


@blueprint.get("/admin/<o>/connections/<c>/tokens/<token>/revoke")
@visited
def ask_to_revoke(visit: Visit, c: str, token: str) -> Response:
    """Say what it does before it is done: whether another one is in use."""
    view = connection.found(visit, c)
    every = tokens.list_(visit.database, visit.here.id, c, now=visit.now, actor=visit.actor).items
    chosen = next((each for each in every if each.id == token), None)
    if chosen is None:
        raise tokens.missing("token")
    others = [each for each in every if each.state == "live" and each.id != token]
    return connection.page(visit, view, "admin/token_revoke.html", "credentials", token=chosen, other=_newest(others))


@blueprint.post("/admin/<o>/connections/<c>/tokens/<token>/revoke")
@visited
def revoke_token(visit: Visit, c: str, token: str) -> Response:
    """End a token at once."""
    tokens.revoke(visit.database, visit.here.id, c, token, actor=visit.actor)
    return done(visit, f"/connections/{c}/credentials", "token_revoked")


@blueprint.get("/admin/<o>/connections/<c>/clients/<client>/revoke")
@visited
def ask_to_revoke_client(visit: Visit, c: str, client: str) -> Response:
    """Say what it does before it is done."""
    view = connection.found(visit, c)
    every = clients.list_(visit.database, visit.here.id, c, actor=visit.actor).items
    chosen = next((each for each in every if each.client_id == client), None)
    if chosen is None:
        raise tokens.missing("client")
    return connection.page(visit, view, "admin/client_revoke.html", "credentials", client=chosen)


@blueprint.post("/admin/<o>/connections/<c>/clients/<client>/revoke")
@visited
def revoke_client(visit: Visit, c: str, client: str) -> Response:
    """End a client at once, with every token it fetched."""
    clients.revoke(visit.database, visit.here.id, c, client, actor=visit.actor)
    return done(visit, f"/connections/{c}/credentials", "client_revoked")


def _page(
    visit: Visit,
    view: ConnectionView,
    *,
    token: dict[str, Any] | None = None,
    client: dict[str, Any] | None = None,
    error: ConnectorError | None = None,
) -> Response:
    where = (visit.database, visit.here.id, view.id)
    held = tokens.list_(*where, now=visit.now, limit=PAGE, after=asked("after"), actor=visit.actor)
    live = [each for each in held.items if each.state == "live"]
    return connection.page(
        visit,
        view,
        "admin/credentials.html",
        "credentials",
        status=200 if error is None else refusals.status_of(error),
        page=held,
        live=live,
        room=len(live) < tokens.LIVE_AT_ONCE,
        replaced=_replaced(live),
        clients=clients.list_(*where, limit=PAGE, actor=visit.actor).items,
        token=token,
        client=client,
        step=_where_it_goes(view),
        error=error,
    )


def _newest(live: list[TokenView]) -> TokenView | None:
    return live[-1] if live else None


def _replaced(live: list[TokenView]) -> TokenView | None:
    """The one of two live tokens that the other has taken the place of: it was used before, or made before and never used."""
    used = sorted((each for each in live if each.last_used_at), key=lambda each: (each.last_used_at, each.expires_at))
    if len(live) < tokens.LIVE_AT_ONCE or not used:
        return None
    other = next(each for each in live if each is not used[-1])
    return other if other.last_used_at or other.created_at < used[-1].created_at else None


def _where_it_goes(view: ConnectionView) -> Step | None:
    """The step of the provider's guide in which the token is pasted."""
    track = GUIDES[view.idp].track("scim")
    steps = track.steps if track else ()
    return next((step for step in steps if any("token" in copy.names for copy in step.copies)), None)
