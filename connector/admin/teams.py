"""TEAMS: who is in which, what they are granted, and what rules hold in place."""

from __future__ import annotations

from flask import Blueprint, Response, request

from connector.admin import forms
from connector.admin.frame import PAGE, Visit, done, show, visited
from connector.errors import ConnectorError, NotFound
from connector.organizations import grants, teams
from connector.organizations.teams import TeamDetail
from connector.web import refusals

blueprint = Blueprint("teams", __name__)

SAID = {
    "made": "The team is made. Put people into it.",
    "renamed": "The team has its new name.",
    "deleted": "The team is deleted, with its places and grants.",
    "put": "Their place in the team is as you said.",
    "taken": "They are out of the team.",
    "granted": "The grant is made.",
    "revoked": "The grant is taken back.",
}
LEVELS = (("member", "Member"), ("maintainer", "Maintainer"))
PERMISSIONS = (("read", "Read"), ("write", "Read and change"), ("admin", "Administer"))


@blueprint.get("/admin/<o>/teams")
@visited
def list_(visit: Visit) -> Response:
    """All teams, and what everybody is granted."""
    return _list_page(visit)


@blueprint.post("/admin/<o>/teams")
@visited
def create(visit: Visit) -> Response:
    """Make a team."""
    try:
        made = forms.made_once(
            visit,
            lambda once: teams.create(
                visit.database,
                visit.here.id,
                forms.text("name"),
                slug=forms.optional("slug"),
                actor=visit.actor,
                once=once,
            ),
        )
    except ConnectorError as error:
        return _list_page(visit, error)
    return done(visit, f"/teams/{made['slug']}", "made")


def _list_page(visit: Visit, error: ConnectorError | None = None) -> Response:
    home = (visit.database, visit.here.id)
    return show(
        visit,
        "admin/teams.html",
        status=refusals.status_of(error) if error else 200,
        said=SAID,
        error=error,
        page=teams.list_(*home, limit=PAGE, after=request.args.get("after"), actor=visit.actor),
        everybody=grants.to_everybody(*home, limit=PAGE, actor=visit.actor).items,
        given=request.form,
        permissions=PERMISSIONS,
    )


@blueprint.post("/admin/<o>/teams/grants")
@visited
def grant_everybody(visit: Visit) -> Response:
    """Grant every member a resource."""
    try:
        grants.grant_everybody(visit.database, visit.here.id, *_grant(), actor=visit.actor)
    except ConnectorError as error:
        return _list_page(visit, error)
    return done(visit, "/teams", "granted")


@blueprint.post("/admin/<o>/teams/grants/<grant>/revoke")
@visited
def revoke_everybody(visit: Visit, grant: str) -> Response:
    """Take it back from everybody."""
    grants.revoke_everybody(visit.database, visit.here.id, grant, actor=visit.actor)
    return done(visit, "/teams", "revoked")


def _grant() -> tuple[str, str, str]:
    return forms.text("kind"), forms.text("resource"), forms.text("permission") or "write"


# ---------------------------------------------------------------------------------------------------------------- one team


@blueprint.get("/admin/<o>/teams/<team>")
@visited
def show_team(visit: Visit, team: str) -> Response:
    """A team with who is in it and what it is granted."""
    return _team_page(visit, team)


@blueprint.post("/admin/<o>/teams/<team>/name")
@visited
def rename(visit: Visit, team: str) -> Response:
    """Call it something else; its address stays."""
    try:
        teams.rename(visit.database, visit.here.id, team, forms.text("name"), actor=visit.actor)
    except ConnectorError as error:
        return _team_page(visit, team, error)
    return done(visit, f"/teams/{team}", "renamed")


@blueprint.post("/admin/<o>/teams/<team>/members")
@visited
def put_member(visit: Visit, team: str) -> Response:
    """Put somebody into the team, by address or id, or change what they are there."""
    who, level = forms.text("who"), forms.text("level") or "member"
    try:
        teams.set_member(visit.database, visit.here.id, team, who, level, actor=visit.actor)
    except ConnectorError as error:
        return _team_page(visit, team, error)
    return done(visit, f"/teams/{team}", "put")


@blueprint.post("/admin/<o>/teams/<team>/members/<user>/remove")
@visited
def remove_member(visit: Visit, team: str, user: str) -> Response:
    """Take somebody out; or leave."""
    teams.remove_member(visit.database, visit.here.id, team, user, actor=visit.actor)
    return done(visit, f"/teams/{team}", "taken")


@blueprint.post("/admin/<o>/teams/<team>/grants")
@visited
def grant(visit: Visit, team: str) -> Response:
    """Grant the team a resource."""
    try:
        grants.grant_team(visit.database, visit.here.id, team, *_grant(), actor=visit.actor)
    except ConnectorError as error:
        return _team_page(visit, team, error)
    return done(visit, f"/teams/{team}", "granted")


@blueprint.post("/admin/<o>/teams/<team>/grants/<grant>/revoke")
@visited
def revoke(visit: Visit, team: str, grant: str) -> Response:
    """Take a grant back."""
    grants.revoke_team(visit.database, visit.here.id, team, grant, actor=visit.actor)
    return done(visit, f"/teams/{team}", "revoked")


@blueprint.get("/admin/<o>/teams/<team>/delete")
@visited
def ask_delete(visit: Visit, team: str) -> Response:
    """What deleting means."""
    return show(visit, "admin/team_delete.html", team=_found(visit, team))


@blueprint.post("/admin/<o>/teams/<team>/delete")
@visited
def delete(visit: Visit, team: str) -> Response:
    """Delete it."""
    teams.delete(visit.database, visit.here.id, team, actor=visit.actor)
    return done(visit, "/teams", "deleted")


def _found(visit: Visit, team: str) -> TeamDetail:
    return teams.show(visit.database, visit.here.id, team, actor=visit.actor)


def _team_page(visit: Visit, team: str, error: ConnectorError | None = None) -> Response:
    if isinstance(error, NotFound) and error.code == "team_not_found":
        raise error
    found = _found(visit, team)
    after = request.args.get("after")
    members = teams.members_of(visit.database, visit.here.id, team, limit=PAGE, after=after, actor=visit.actor)
    mine = next((each.role for each in found.members if each.user_id == visit.actor.person_id), None)
    return show(
        visit,
        "admin/team.html",
        status=refusals.status_of(error) if error else 200,
        said=SAID,
        error=error,
        team=found,
        members=members,
        runs=visit.may("teams.manage") or mine == "maintainer",
        given=request.form,
        levels=LEVELS,
        permissions=PERMISSIONS,
    )
