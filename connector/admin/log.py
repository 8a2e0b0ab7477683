"""THE PROVISIONING LOG: what identity providers asked, what it meant, what it changed, and how a refusal is mended there."""

from __future__ import annotations

from flask import Blueprint, Response

from connector.admin import recorded
from connector.admin.forms import asked
from connector.admin.frame import PAGE, Visit, show, visited
from connector.admin.guides.advice import advice_of_status
from connector.directory import log

blueprint = Blueprint("log", __name__)

OUTCOMES = (("", "All"), ("ok", "Done"), ("refused", "Refused"))


@blueprint.get("/admin/<o>/log")
@visited
def list_(visit: Visit) -> Response:
    """Newest first, of all connections or of one; filtered by outcome, words and days."""
    filters = {name: asked(name) for name in ("connection", "status", "q", "since", "until")}
    since, until = recorded.between()
    page = log.list_(
        visit.database,
        visit.here.id,
        filters["connection"],
        limit=PAGE,
        after=asked("after"),
        since=since,
        until=until,
        refused=recorded.REFUSED.get(filters["status"] or ""),
        q=filters["q"],
        actor=visit.actor,
    )
    known = recorded.known(visit)
    return show(
        visit,
        "admin/log.html",
        page=page,
        filters=filters,
        known=known,
        outcomes=OUTCOMES,
        named=recorded.named,
        advise=lambda item: advice_of_status(item.status, known.idp(item.connection)),
    )
