"""KEYS of the organization: which programs hold one, and making and revoking them. A key is seen once."""

from __future__ import annotations

from flask import Blueprint, Response, request

from connector.admin import forms
from connector.admin.frame import PAGE, Visit, done, show, visited
from connector.errors import ConnectorError, Invalid
from connector.membership.roles import PERMISSIONS
from connector.organizations import keys
from connector.web import refusals
from connector.web.permission_words import WORDS

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
    try:
        scopes = _scopes() if forms.text("reach") == "some" else []
        made = forms.made_once(
            visit,
            lambda once: keys.create(
                visit.database, visit.here.id, name=forms.text("name"), scopes=scopes, actor=visit.actor, once=once
            ),
        )
    except ConnectorError as error:
        return _page(visit, error=error)
    return _page(visit, made=made)


def _scopes() -> list[str]:
    """What was ticked. Raises Invalid `scope_needed`: a key without any scope is limited to nothing."""
    ticked = [each for each in request.form.getlist("scope") if each in PERMISSIONS]
    if not ticked:
        raise Invalid(
            "scope_needed",
            "Nothing is ticked that the key may do.",
            expected="at least one permission",
            advice="Tick what it is for, or let it do all that you may.",
        )
    return ticked


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
        scopes=[(each, words) for each, words in sorted(WORDS.items()) if each in visit.here.permissions],
    )
