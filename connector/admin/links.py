"""SET-UP LINKS: an owner has somebody else do the wizard's work, and whoever got the link begins.

POST /connections/<c>/setup/links             makes one, shown this once
POST /connections/<c>/setup/links/<l>/revoke  ends one
GET  /setup/<token>                           asks whether to begin; mail scanners get so far and no further
POST /setup/<token>                           begins: from here on a cookie stands for the link
"""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from connector.admin import wizard
from connector.admin.forms import made_once, number, text
from connector.admin.frame import Visit, done, visited
from connector.directory import setup_links
from connector.directory.setup_links import SetupVisit
from connector.errors import ConnectorError
from connector.web import cookies, pages, refusals
from connector.web.house import house

blueprint = Blueprint("links", __name__)


@blueprint.post("/admin/<o>/connections/<c>/setup/links")
@visited
def make(visit: Visit, c: str) -> Response:
    """Make a link, to be copied now."""
    base_url, where = visit.house.settings.base_url, (visit.database, visit.here.id)
    try:
        made = made_once(
            visit,
            lambda once: setup_links.create(
                *where, base_url=base_url, name=text("name"), days=number("days", 7), now=visit.now, actor=visit.actor, once=once
            ),
        )
    except ConnectorError as error:
        return _overview(visit, c, error=error)
    return _overview(visit, c, link=made)


@blueprint.post("/admin/<o>/connections/<c>/setup/links/<link>/revoke")
@visited
def revoke(visit: Visit, c: str, link: str) -> Response:
    """End a link at once."""
    setup_links.revoke(visit.database, visit.here.id, link, actor=visit.actor)
    return done(visit, f"/connections/{c}/setup", "revoked")


def _overview(visit: Visit, c: str, *, link: object = None, error: ConnectorError | None = None) -> Response:
    at = wizard.course(visit, c)
    links = setup_links.list_(visit.database, visit.here.id, now=visit.now, actor=visit.actor)
    given = {"name": text("name"), "days": text("days")} if error else {}
    status = 200 if error is None else refusals.status_of(error)
    return wizard.page(visit, at, "admin/setup.html", status=status, links=links, link=link, error=error, given=given)


@blueprint.get("/setup/<token>")
def ask(token: str) -> Response:
    """For whom it is, until when, and the button."""
    return pages.page("admin/begin.html", opened=_opened(token), token=token)


@blueprint.post("/setup/<token>")
def begin(token: str) -> Response:
    """Let this browser use it, and lead to the connections."""
    opened = _opened(token)
    response = pages.redirect(house().path(f"/admin/{opened.slug}/connections"))
    cookies.set_setup(response, token)
    return response


def _opened(token: str) -> SetupVisit:
    """Raises NotFound `setup_link_unknown`, TooMany `too_many_requests`."""
    return setup_links.visit(house().database, token, request.remote_addr or "", datetime.now(UTC))
