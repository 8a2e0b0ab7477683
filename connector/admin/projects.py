"""PROJECTS: parts of an organization with members of their own, and keys that open only them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from connector.accounts.keys import KeyView
from connector.admin import forms
from connector.admin.frame import PAGE, Visit, done, show, visited
from connector.errors import ConnectorError, Forbidden
from connector.organizations import entitlements, keys, projects
from connector.web import refusals

blueprint = Blueprint("projects", __name__)

SAID = {
    "made": "The project is made, and you are its admin.",
    "renamed": "The project has its new name.",
    "deleted": "The project is deleted.",
    "put": "Their place in the project is as you said.",
    "taken": "They are out of the project.",
    "revoked": "The key is revoked: the very next request with it is refused.",
}
LEVELS = (("viewer", "Viewer"), ("member", "Member"), ("admin", "Admin"))


@blueprint.get("/admin/<o>/projects")
@visited
def list_(visit: Visit) -> Response:
    """Those one may see."""
    return _list_page(visit)


@blueprint.post("/admin/<o>/projects")
@visited
def create(visit: Visit) -> Response:
    """Make a project."""
    try:
        made = forms.made_once(
            visit,
            lambda once: projects.create(
                visit.database, visit.here.id, forms.text("name"), slug=forms.optional("slug"), actor=visit.actor, once=once
            ),
        )
    except ConnectorError as error:
        return _list_page(visit, error)
    return done(visit, f"/projects/{made['slug']}", "made")


def _list_page(visit: Visit, error: ConnectorError | None = None) -> Response:
    home = (visit.database, visit.here.id)
    return show(
        visit,
        "admin/projects.html",
        status=refusals.status_of(error) if error else 200,
        said=SAID,
        error=error,
        page=projects.list_(*home, limit=PAGE, after=request.args.get("after"), actor=visit.actor),
        entitled=entitlements.show(*home, actor=visit.actor)["projects"],
        given=request.form,
        levels=LEVELS,
    )


# ------------------------------------------------------------------------------------------------------------- one project


@blueprint.get("/admin/<o>/projects/<project>")
@visited
def show_project(visit: Visit, project: str) -> Response:
    """A project with who is in it, and its keys for who runs it."""
    return _page(visit, project)


@blueprint.post("/admin/<o>/projects/<project>/name")
@visited
def rename(visit: Visit, project: str) -> Response:
    """Call it something else; its address stays."""
    return _tried(
        visit,
        project,
        "renamed",
        lambda: projects.rename(visit.database, visit.here.id, project, forms.text("name"), actor=visit.actor),
    )


@blueprint.post("/admin/<o>/projects/<project>/members")
@visited
def put_member(visit: Visit, project: str) -> Response:
    """Put somebody into the project, by address or id, or change what they are there."""
    who, level = forms.text("who"), forms.text("level") or "member"
    given = (visit.database, visit.here.id, project, who, level)
    return _tried(visit, project, "put", lambda: projects.set_member(*given, actor=visit.actor))


@blueprint.post("/admin/<o>/projects/<project>/members/<user>/remove")
@visited
def remove_member(visit: Visit, project: str, user: str) -> Response:
    """Take somebody out; or leave."""
    projects.remove_member(visit.database, visit.here.id, project, user, actor=visit.actor)
    return done(visit, f"/projects/{project}", "taken")


@blueprint.post("/admin/<o>/projects/<project>/keys")
@visited
def create_key(visit: Visit, project: str) -> Response:
    """Make a key of the project and show it this once."""
    home = (visit.database, visit.here.id)
    try:
        made = forms.made_once(
            visit, lambda once: keys.create(*home, project=project, name=forms.text("name"), actor=visit.actor, once=once)
        )
    except ConnectorError as error:
        return _page(visit, project, error)
    return _page(visit, project, made=made)


@blueprint.post("/admin/<o>/projects/<project>/keys/<key>/revoke")
@visited
def revoke_key(visit: Visit, project: str, key: str) -> Response:
    """End a key at once."""
    keys.revoke(visit.database, visit.here.id, key, project=project, actor=visit.actor)
    return done(visit, f"/projects/{project}", "revoked")


@blueprint.get("/admin/<o>/projects/<project>/delete")
@visited
def ask_delete(visit: Visit, project: str) -> Response:
    """What deleting means."""
    found = projects.show(visit.database, visit.here.id, project, actor=visit.actor)
    return show(visit, "admin/project_delete.html", project=found)


@blueprint.post("/admin/<o>/projects/<project>/delete")
@visited
def delete(visit: Visit, project: str) -> Response:
    """Delete it."""
    projects.delete(visit.database, visit.here.id, project, actor=visit.actor)
    return done(visit, "/projects", "deleted")


def _tried(visit: Visit, project: str, what: str, verb: Callable[[], object]) -> Response:
    try:
        verb()
    except ConnectorError as error:
        return _page(visit, project, error)
    return done(visit, f"/projects/{project}", what)


def _page(visit: Visit, project: str, error: ConnectorError | None = None, made: Any = None) -> Response:
    home, after = (visit.database, visit.here.id, project), request.args.get("after")
    found = projects.show(*home, actor=visit.actor)
    runs = found.role == "admin" or visit.may("org.update", "resources.admin_all")
    return show(
        visit,
        "admin/project.html",
        status=refusals.status_of(error) if error else 200,
        said=SAID,
        error=error,
        project=found,
        members=projects.members_of(*home, limit=PAGE, after=after, actor=visit.actor),
        keys=_keys(visit, project) if runs else (),
        made=made,
        runs=runs,
        given=request.form,
        levels=LEVELS,
    )


def _keys(visit: Visit, project: str) -> tuple[KeyView, ...]:
    """The keys that still do something. Nobody's, where somebody runs the project by what does not reach its keys."""
    try:
        page = keys.list_(visit.database, visit.here.id, project=project, limit=PAGE, actor=visit.actor)
    except Forbidden:
        return ()
    return tuple(each for each in page.items if each.state != "revoked")
