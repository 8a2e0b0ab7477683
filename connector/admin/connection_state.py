"""STATES of a connection and of its directory: pausing, taking out of force, disabling, deleting. Each is a plan first."""

from __future__ import annotations

from flask import Blueprint, Response

from connector.admin import connection
from connector.admin.forms import text, ticked
from connector.admin.frame import Visit, visited
from connector.admin.plans import proposed
from connector.directory.model import Document
from connector.errors import ConnectorError
from connector.web import refusals

blueprint = Blueprint("connection_state", __name__)

MOVES = {
    "off": ("staging",),
    "staging": ("off",),
    "live": ("paused", "staging", "off"),
    "paused": ("live", "staging", "off"),
}
"""Where a directory may go from where it is. That a staged one goes live is done in the set-up, with what it needs."""

WORDS = {
    ("paused", "live"): ("Resume", "What was pushed meanwhile comes when the identity provider sends it again."),
    ("live", "paused"): (
        "Pause",
        "The identity provider is told to try again later: nothing it pushes is taken, and nothing is lost. People go on signing"
        " in and keep what they have.",
    ),
    ("off", "staging"): ("Stage", "What is pushed is kept and decides nothing: the plan of going live can be looked at."),
    ("staging", "off"): ("Switch off", "What is pushed is refused from then on. What was pushed until now stays."),
}
LEAVING = {
    "staging": ("Take out of force", "It goes on being pushed, and decides nothing any more."),
    "off": ("Switch off", "It decides nothing any more, and what is pushed is refused."),
}


@blueprint.get("/admin/<o>/connections/<c>/state")
@visited
def look(visit: Visit, c: str) -> Response:
    """Where it is, and where it may go."""
    return _page(visit, c)


@blueprint.post("/admin/<o>/connections/<c>/state/directory")
@visited
def directory(visit: Visit, c: str) -> Response:
    """Lead to the plan of another state of its directory."""
    given: Document = {"connection": c, "directory": text("directory"), "keep": ticked("keep")}
    return _planned(visit, c, "directory", given, f"/connections/{c}")


@blueprint.post("/admin/<o>/connections/<c>/state/disable")
@visited
def disable(visit: Visit, c: str) -> Response:
    """Lead to the plan of disabling it."""
    return _planned(visit, c, "disable", {"connection": c}, f"/connections/{c}")


@blueprint.post("/admin/<o>/connections/<c>/state/delete")
@visited
def delete(visit: Visit, c: str) -> Response:
    """Lead to the plan of deleting it, and what becomes of what its rules gave."""
    return _planned(visit, c, "delete_connection", {"connection": c, "keep": text("given") == "keep"}, "/connections")


def _planned(visit: Visit, c: str, kind: str, given: Document, back: str) -> Response:
    try:
        return proposed(visit, kind, given, back=back)
    except ConnectorError as error:
        return _page(visit, c, error)


def _page(visit: Visit, c: str, error: ConnectorError | None = None) -> Response:
    view = connection.found(visit, c)
    in_force = view.directory in ("live", "paused")
    moves = [(to, *(WORDS.get((view.directory, to)) or LEAVING[to])) for to in MOVES[view.directory]]
    return connection.page(
        visit,
        view,
        "admin/connection_state.html",
        "state",
        status=200 if error is None else refusals.status_of(error),
        moves=[each for each in moves if not in_force or each[0] in ("live", "paused")],
        leaving=[each for each in moves if in_force and each[0] in LEAVING],
        in_force=in_force,
        error=error,
    )
