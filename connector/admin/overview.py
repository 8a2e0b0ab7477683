"""OVERVIEW: the first page of an organization: how people join, how many there are, and what needs somebody's attention."""

from __future__ import annotations

from flask import Blueprint, Response

from connector.admin.frame import Visit, show, visited
from connector.directory import mode
from connector.organizations import mine
from connector.web import login, pages
from connector.web.house import house

blueprint = Blueprint("overview", __name__)


@blueprint.get("/admin")
def enter() -> Response:
    """The console of the workspace somebody works in, or of their only organization; else the start page lets them choose."""
    session = login.current_session()
    if session is None:
        return login.to_login("/admin")
    known = mine.of_person(house().database, session.person_id)
    chosen = next((each for each in known if each.id == session.workspace), known[0] if len(known) == 1 else None)
    return pages.redirect(house().path(f"/admin/{chosen.slug}" if chosen else "/"))


@blueprint.get("/admin/<o>")
@visited
def overview(visit: Visit) -> Response:
    """What everybody who belongs may see; more for who may do more."""
    return show(visit, "admin/overview.html", mode=mode.show(visit.database, visit.here.id, actor=visit.actor))
