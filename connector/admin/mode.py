"""HOW PEOPLE JOIN: by invitation or through the identity provider, and the way from one to the other."""

from __future__ import annotations

from flask import Blueprint, Response

from connector.admin.frame import PAGE, Visit, show, visited
from connector.admin.plans import proposed
from connector.directory import connections, going_back, mode
from connector.organizations import break_glass

blueprint = Blueprint("mode", __name__)

SAID = {
    "applied": "It is done. People join this way from now on.",
}


@blueprint.get("/admin/<o>/mode")
@visited
def show_mode(visit: Visit) -> Response:
    """The mode as it is, what the other one means, and what is needed to go there."""
    found = connections.list_(
        visit.database, visit.here.id, base_url=visit.house.settings.base_url, limit=PAGE, actor=visit.actor
    )
    return show(
        visit,
        "admin/mode.html",
        said=SAID,
        mode=mode.show(visit.database, visit.here.id, actor=visit.actor),
        connections=found.items,
        owners=break_glass.list_(visit.database, visit.here.id, actor=visit.actor),
        can_go_back=going_back.keeps_a_way_in(visit.actor, visit.here.id),
    )


@blueprint.post("/admin/<o>/mode/invitation")
@visited
def go_back(visit: Visit) -> Response:
    """Look at what going back to invitations would change."""
    return proposed(visit, "mode", {"mode": "invitation"}, back="/mode")
