"""INVITATIONS: ask people in, see who has not answered, send again, cancel, and let somebody move here.

In `sso` the page says why there are none, and how people get in.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from connector.admin import forms
from connector.admin.frame import PAGE, Visit, done, show, visited
from connector.errors import ConnectorError
from connector.membership.model import Mode
from connector.organizations import catalogue, entitlements, invitations, moving
from connector.web import refusals

blueprint = Blueprint("invitations", __name__)

SAID = {
    "invited": "The invitation is on its way.",
    "sent": "The invitation was sent again with a new link; the old one is dead.",
    "cancelled": "The invitation is cancelled: its link is dead.",
    "moved": "They have moved here.",
}


@blueprint.get("/admin/<o>/invitations")
@visited
def list_(visit: Visit) -> Response:
    """Pending ones, or all that there were."""
    return _page(visit)


@blueprint.post("/admin/<o>/invitations")
@visited
def invite(visit: Visit) -> Response:
    """Ask somebody in."""
    sent = (visit.database, visit.house.sealer, visit.house.settings.base_url, visit.here.id, forms.text("email"))
    try:
        forms.made_once(visit, lambda once: invitations.invite(*sent, role=forms.optional("role"), actor=visit.actor, once=once))
    except ConnectorError as error:
        return _page(visit, error)
    return done(visit, "/invitations", "invited")


@blueprint.post("/admin/<o>/invitations/<id>/resend")
@visited
def resend(visit: Visit, id: str) -> Response:  # noqa: A002 - as the API calls it
    """Send it again."""
    sent = (visit.database, visit.house.sealer, visit.house.settings.base_url, visit.here.id, id)
    invitations.resend(*sent, actor=visit.actor)
    return done(visit, "/invitations", "sent")


@blueprint.post("/admin/<o>/invitations/<id>/cancel")
@visited
def cancel(visit: Visit, id: str) -> Response:  # noqa: A002
    """Take it back."""
    invitations.cancel(visit.database, visit.here.id, id, actor=visit.actor)
    return done(visit, "/invitations", "cancelled")


@blueprint.post("/admin/<o>/invitations/<id>/approve-move")
@visited
def approve_move(visit: Visit, id: str) -> Response:  # noqa: A002
    """Let somebody leave another organization for this one."""
    moving.approve(visit.database, visit.here.id, id, actor=visit.actor)
    return done(visit, "/invitations", "moved")


def _page(visit: Visit, error: ConnectorError | None = None) -> Response:
    if visit.here.mode is Mode.SSO:
        return show(visit, "admin/invitations_sso.html")
    status = request.args.get("status", "pending")
    after = request.args.get("after")
    page = invitations.list_(
        visit.database,
        visit.here.id,
        limit=PAGE,
        after=after,
        status=status if status in invitations.STATUSES else None,
        actor=visit.actor,
    )
    roles = catalogue.show(visit.database, visit.here.id, actor=visit.actor)
    return show(
        visit,
        "admin/invitations.html",
        status=refusals.status_of(error) if error else 200,
        said=SAID,
        error=error,
        page=page,
        wanted=status,
        roles=[(each.name, each.name) for each in roles.roles if each.name in visit.here.assignable],
        default=roles.default_role,
        given=request.form,
        may_invite=entitlements.show(visit.database, visit.here.id, actor=visit.actor)["invitations"],
    )
