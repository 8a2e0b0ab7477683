"""A NEW ORGANIZATION, made by whoever signed in; where that is not open to them, why, and whom to ask."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from connector.accounts.sessions import Session
from connector.errors import ConnectorError
from connector.membership.roles import PRESETS
from connector.organizations import installation, organizations
from connector.organizations.organization_rows import OrganizationView
from connector.web import forms, inside, pages, refusals
from connector.web.house import house
from connector.web.inside import shell_of, signed_in
from connector.web.visitors import actor_of

blueprint = Blueprint("founding", __name__)


@blueprint.get("/organizations/new")
@signed_in
def ask(session: Session) -> Response:
    """What it is to be called, and the roles it starts with."""
    return _page(session)


@blueprint.post("/organizations/new")
@signed_in
def found(session: Session) -> Response:
    """Make it, and lead into it."""
    if not shell_of(session).personal:
        return _page(session, status=403)
    try:
        made = forms.made_once(actor_of(session), lambda once: _found(session, once))
    except ConnectorError as error:
        return _page(session, status=refusals.status_of(error), error=error)
    return pages.redirect(house().path(f"/admin/{made['slug']}") + "?done=founded")


def _found(session: Session, once: forms.Once | None) -> OrganizationView:
    return organizations.found(
        house().database,
        forms.text("name"),
        slug=forms.optional("slug"),
        preset=forms.text("preset") or "oagents",
        actor=actor_of(session),
        once=once,
    )


def _page(session: Session, *, status: int = 200, error: ConnectorError | None = None) -> Response:
    shell = shell_of(session)
    closed = installation.closed_to(house().database, actor=actor_of(session)) if shell.personal else None
    values: dict[str, Any] = {"closed": closed, "error": error, "given": request.form, "presets": PRESETS.values()}
    return inside.show(session, "founding.html", status=status, shell=shell, **values)
