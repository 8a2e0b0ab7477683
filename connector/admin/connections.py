"""CONNECTIONS: the identity providers of an organization, and how a new one begins."""

from __future__ import annotations

from flask import Blueprint, Response, request

from connector.admin.forms import asked, made_once, text
from connector.admin.frame import Visit, done, show, visited_by_link
from connector.admin.guides import GUIDES, Tile, search
from connector.admin.guides.model import Guide
from connector.admin.steps import counted, next_of, steps_of
from connector.directory import connections, progress
from connector.errors import ConnectorError
from connector.web import refusals

blueprint = Blueprint("connections", __name__)

SOME = 20
"""Connections on a page, which is read for each how far it is."""

SAID = {"deleted": "The connection is deleted.", "applied": "It is done."}


@blueprint.get("/admin/<o>/connections")
@visited_by_link
def list_(visit: Visit) -> Response:
    """Each with what it lacks next; by a set-up link the drafts alone."""
    base_url = visit.house.settings.base_url
    where = (visit.database, visit.here.id)
    found = connections.list_(*where, base_url=base_url, limit=SOME, after=asked("after"), actor=visit.actor)
    seen = progress.of_page(*where, found, now=visit.now, actor=visit.actor)
    steps = {each.connection.id: steps_of(each, GUIDES[each.connection.idp], _called(each), by_link=False) for each in seen.items}
    missing = {id_: next_of(some) for id_, some in steps.items()}
    return show(visit, "admin/connections.html", said=SAID, page=seen, missing=missing, guides=GUIDES, counted=counted)


def _called(of: progress.Progress) -> str:
    guide = GUIDES[of.connection.idp]
    return of.connection.name if guide.idp == "generic" else guide.name


@blueprint.get("/admin/<o>/connections/new")
@visited_by_link
def choose(visit: Visit) -> Response:
    """The grid; what is typed finds providers by all their names. Then how people sign in, and a name."""
    idp = request.args.get("idp", "")
    if idp in GUIDES:
        return _ask(visit, GUIDES[idp], by=request.args.get("by", ""))
    q = asked("q") or ""
    return show(visit, "admin/connection_grid.html", tiles=search(q), q=q, short=_short)


@blueprint.post("/admin/<o>/connections/new")
@visited_by_link
def create(visit: Visit) -> Response:
    """Make the draft, once, and lead into the wizard."""
    guide = GUIDES.get(text("idp"), GUIDES["generic"])
    by = text("by")
    what = (visit.database, visit.here.id, text("name"), guide.idp)
    base_url = visit.house.settings.base_url
    try:
        made = made_once(visit, lambda once: connections.create(*what, base_url=base_url, actor=visit.actor, once=once))
    except ConnectorError as error:
        return _ask(visit, guide, by=by, error=error)
    chosen = by if by != guide.recommended[0] else None
    return done(visit, f"/connections/{made['id']}/setup", "connected", by=chosen)


def _ask(visit: Visit, guide: Guide, *, by: str, error: ConnectorError | None = None) -> Response:
    ways = [track for track in guide.tracks if track.kind in ("saml", "oidc")]
    named = text("name") if error else ("" if guide.idp == "generic" else guide.name)
    return show(
        visit,
        "admin/connection_new.html",
        status=200 if error is None else refusals.status_of(error),
        guide=guide,
        ways=sorted(ways, key=lambda track: track.kind != guide.recommended[0]),
        by=by if guide.track(by) else guide.recommended[0],
        name=named,
        error=error,
    )


def _short(tile: Tile) -> str:
    """Two letters for the sign of a tile: we ship no pictures of others."""
    words = tile.name.removeprefix("Microsoft ").removeprefix("Any ").split()
    return (words[0][0] + (words[1][0] if len(words) > 1 else words[0][1])).upper()
