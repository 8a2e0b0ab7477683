"""KEYS of the organization: which programs hold one, and making and revoking them. A key is seen once."""

from __future__ import annotations

from flask import Blueprint, Response, request

from connector.admin import forms
from connector.admin.frame import PAGE, Visit, done, show, visited
from connector.errors import ConnectorError
from connector.membership.roles import PERMISSIONS
from connector.organizations import keys
from connector.web import refusals

blueprint = Blueprint("keys", __name__)

SAID = {"revoked": "The key is revoked: the very next request with it is refused."}


@blueprint.get("/admin/<o>/keys")
@visited
def list_(visit: Visit) -> Response:
    """One's own keys; of who runs members everybody's."""
    return _page(visit)


@blueprint.post("/admin/<o>/keys")
@visited
def create(visit: Visit) -> Response:
    """Make a key and show it this once."""
    scopes = [each for each in request.form.getlist("scope") if each in PERMISSIONS] if forms.text("reach") == "some" else []
    try:
        made = forms.made_once(
            visit,
            lambda once: keys.create(
                visit.database, visit.here.id, name=forms.text("name"), scopes=scopes, actor=visit.actor, once=once
            ),
        )
    except ConnectorError as error:
        return _page(visit, error=error)
    return _page(visit, made=made)


@blueprint.post("/admin/<o>/keys/<key>/revoke")
@visited
def revoke(visit: Visit, key: str) -> Response:
    """End a key at once."""
    keys.revoke(visit.database, visit.here.id, key, actor=visit.actor)
    return done(visit, "/keys", "revoked")


def _page(visit: Visit, *, error: ConnectorError | None = None, made: dict[str, str] | None = None) -> Response:
    page = keys.list_(visit.database, visit.here.id, limit=PAGE, after=request.args.get("after"), actor=visit.actor)
    return show(
        visit,
        "admin/keys.html",
        status=refusals.status_of(error) if error else 200,
        said=SAID,
        page=page,
        error=error,
        made=made,
        given=request.form,
        scopes=sorted(visit.here.permissions & PERMISSIONS),
    )
