"""ROLES: the catalogue of the organization: what each role may, and changing it, which is a plan."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from connector.admin import forms
from connector.admin.frame import Visit, show, visited
from connector.admin.plans import proposed
from connector.errors import ConnectorError, NotFound
from connector.membership.roles import ASSIGN, PERMISSIONS
from connector.organizations import catalogue
from connector.organizations.catalogue import CatalogueView, RoleView
from connector.web import refusals
from connector.web.permission_words import WORDS

blueprint = Blueprint("roles", __name__)

SAID = {"applied": "The roles are as you said, for everybody at once."}


@blueprint.get("/admin/<o>/roles")
@visited
def list_(visit: Visit) -> Response:
    """Each role with what it may, highest first."""
    return show(visit, "admin/roles.html", said=SAID, catalogue=_catalogue(visit), words=WORDS, assign=ASSIGN)


@blueprint.get("/admin/<o>/roles/<name>")
@visited
def edit(visit: Visit, name: str) -> Response:
    """A role to be changed; `new` is one that is not there yet."""
    return _form(visit, name)


@blueprint.post("/admin/<o>/roles/<name>")
@visited
def change(visit: Visit, name: str) -> Response:
    """Look at what the changed catalogue would change."""
    found = _catalogue(visit)
    known = [_document(each) for each in found.roles if each.name != name]
    try:
        return _planned(visit, found, [*known, _read(_role(found, name))], _default(found, name))
    except ConnectorError as error:
        return _form(visit, name, error)


@blueprint.post("/admin/<o>/roles/<name>/remove")
@visited
def remove(visit: Visit, name: str) -> Response:
    """Look at what the catalogue without it would change."""
    found = _catalogue(visit)
    return _planned(visit, found, [_document(each) for each in found.roles if each.name != name], found.default_role)


def _planned(visit: Visit, found: CatalogueView, becomes: list[dict[str, Any]], default: str) -> Response:
    given: dict[str, Any] = {"roles": becomes, "default_role": default, "instead_of": catalogue.document(found)}
    return proposed(visit, "roles", given, back="/roles")


def _catalogue(visit: Visit) -> CatalogueView:
    return catalogue.show(visit.database, visit.here.id, actor=visit.actor)


def _role(found: CatalogueView, name: str) -> RoleView | None:
    """None for a new one. Raises NotFound `role_not_found`."""
    role = next((each for each in found.roles if each.name == name), None)
    if role is None and name != "new":
        raise NotFound("role_not_found", "There is no such role here.", advice="Choose one from the list of roles.")
    return role


def _read(known: RoleView | None) -> dict[str, Any]:
    """The role as the form says. The top role holds everything and stays the top role."""
    chosen = [each for each in request.form.getlist("permission") if each in PERMISSIONS]
    ceilings = [f"{ASSIGN}{each}" for each in request.form.getlist("assigns")]
    top = known is not None and known.top
    return {
        "name": forms.text("name"),
        "rank": forms.number("rank", 1),
        "top": top,
        "can_own": forms.ticked("can_own"),
        "org_visible": forms.ticked("org_visible"),
        "permissions": list(known.permissions) if known is not None and known.top else chosen + ceilings,
    }


def _document(role: RoleView) -> dict[str, Any]:
    return {
        "name": role.name,
        "rank": role.rank,
        "top": role.top,
        "can_own": role.can_own,
        "org_visible": role.org_visible,
        "permissions": list(role.permissions),
    }


def _default(found: CatalogueView, name: str) -> str:
    """A default role that is given another name stays the default."""
    return forms.text("name") if found.default_role == name else found.default_role


def _form(visit: Visit, name: str, error: ConnectorError | None = None) -> Response:
    found = _catalogue(visit)
    role = _role(found, name)
    return show(
        visit,
        "admin/role.html",
        status=refusals.status_of(error) if error else 200,
        error=error,
        role=role,
        name=name,
        catalogue=found,
        words=WORDS,
        assign=ASSIGN,
        given=_read(role) if error else _document(role) if role else _fresh(found),
    )


def _fresh(found: CatalogueView) -> dict[str, Any]:
    """Where a new role begins: what the default role may, a rank that is free above it."""
    default = next(each for each in found.roles if each.name == found.default_role)
    taken = {each.rank for each in found.roles}
    rank = next(each for each in range(default.rank + 1, default.rank + 1_000) if each not in taken)
    return {**_document(default), "name": "", "rank": rank, "top": False}
