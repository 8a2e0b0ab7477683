"""THE WIZARD, what the provider pushes: SCIM with its token and what was heard, and what groups become."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from connector.admin import wizard
from connector.admin.forms import made_once, number, text
from connector.admin.frame import Visit, done, visited_by_link
from connector.admin.guides.advice import advice, advice_of_status, silence
from connector.admin.guides.model import fill
from connector.admin.wizard import Course
from connector.directory import known_groups, log, plans, rule_views, tokens
from connector.directory.log import REFUSED, LogItem
from connector.directory.rule_rows import named
from connector.errors import ConnectorError, Invalid
from connector.organizations import catalogue
from connector.web import refusals

blueprint = Blueprint("wizard_push", __name__)

GROUPS = 20
"""Groups and rules that the wizard shows; all of them are on the page of mapping."""

SAID = {"ruled": "The rule is there. It gives nothing before the connection is in force."}


@blueprint.get("/admin/<o>/connections/<c>/setup/provisioning")
@visited_by_link
def provisioning(visit: Visit, c: str) -> Response:
    """Base URL, token, the provider's steps, and what was heard from it until now."""
    return _provisioning(visit, wizard.course(visit, c, "provisioning"))


@blueprint.post("/admin/<o>/connections/<c>/setup/provisioning/token")
@visited_by_link
def make_token(visit: Visit, c: str) -> Response:
    """A token, shown this once, where the steps need it."""
    where = (visit.database, visit.here.id, c)
    try:
        made = made_once(
            visit,
            lambda once: tokens.create(*where, days=number("days", 365), now=visit.now, actor=visit.actor, once=once),
        )
    except ConnectorError as error:
        return _provisioning(visit, wizard.course(visit, c, "provisioning"), error=error)
    return _provisioning(visit, wizard.course(visit, c, "provisioning"), made=made)


def _provisioning(
    visit: Visit, at: Course, *, made: dict[str, Any] | None = None, error: ConnectorError | None = None
) -> Response:
    values = at.values | ({"token": made["token"]} if made else {})
    track, idp = at.guide.track("scim"), at.connection.idp
    where = (visit.database, visit.here.id, at.connection.id)
    live = [each for each in tokens.list_(*where, now=visit.now, actor=visit.actor).items if each.state == "live"]
    return wizard.page(
        visit,
        at,
        "admin/setup_provisioning.html",
        status=200 if error is None else refusals.status_of(error),
        track=track,
        work=[fill(step, values) for step in track.steps] if track else [],
        tokens=live,
        refused=_refused(visit, at),
        advice_of=lambda status: advice_of_status(status, idp),
        silence=silence(idp, "scim"),
        made=made,
        error=error,
    )


def _refused(visit: Visit, at: Course) -> LogItem | None:
    """The last thing that was heard, if it was refused."""
    last = log.list_(visit.database, visit.here.id, at.connection.id, limit=1, actor=visit.actor).items
    return last[0] if last and last[0].status >= REFUSED else None


# ----------------------------------------------------------------------------------------------------------------- groups


@blueprint.get("/admin/<o>/connections/<c>/setup/groups")
@visited_by_link
def groups(visit: Visit, c: str) -> Response:
    """The groups seen so far, the rules there are, and a rule by picking."""
    return _groups(visit, wizard.course(visit, c, "groups"))


@blueprint.post("/admin/<o>/connections/<c>/setup/groups")
@visited_by_link
def add_rule(visit: Visit, c: str) -> Response:
    """Add a rule to a connection that is not in force; one that is has its rules changed where the plan is seen first."""
    at = wizard.course(visit, c, "groups")
    if at.connection.state == "active":
        return done(visit, "/mapping", connection=c)
    try:
        plans.carry_out(visit.database, visit.here.id, "add_rule", named(_rule(c)), actor=visit.actor)
    except ConnectorError as error:
        return _groups(visit, at, error=error)
    return wizard.led(visit, at, "groups", "ruled")


def _rule(c: str) -> dict[str, Any]:
    """The options of `rule add` that the form gives: `who` is `everyone`, `group_id:ID` or `group:NAME`, unless a name is typed;
    `gives` is `role:NAME`, or `team` with the slug beside it. Raises Invalid `rule_invalid` without one."""
    kind, _, value = (f"group:{text('name')}" if text("name") else text("who")).partition(":")
    what, _, level = text("gives").partition(":")
    if what == "team" and not text("team"):
        raise Invalid("rule_invalid", "The rule does not say yet which team it gives a place in.", advice="Name the team.")
    who = {"everyone": True} if kind == "everyone" else {kind: value} if kind in ("group", "group_id") else {}
    gift = {"role": level} if what == "role" else {"team": text("team")} if what == "team" else {}
    return {"connection": c, **who, **gift}


def _groups(visit: Visit, at: Course, *, error: ConnectorError | None = None) -> Response:
    where, c = (visit.database, visit.here.id), at.connection.id
    seen = known_groups.list_(*where, c, limit=GROUPS, actor=visit.actor)
    idp = at.connection.idp
    return wizard.page(
        visit,
        at,
        "admin/setup_groups.html",
        status=200 if error is None else refusals.status_of(error),
        said=SAID,
        seen=seen,
        told=_told(at, {each.name for each in seen.items}),
        rules=rule_views.list_(*where, c, limit=GROUPS, actor=visit.actor),
        roles=catalogue.show(*where, actor=visit.actor),
        advice=advice("groups_not_pushed" if at.progress.heard.people else "groups_unknown", idp),
        typed={name: request.form.get(name, "") for name in ("who", "name", "gives", "team")},
        error=error,
    )


def _told(at: Course, known: set[str]) -> list[str]:
    """The groups that the last test sign-in told of and nobody else did."""
    tried = at.progress.tried
    said = tried.result.get("groups") if tried else None
    return [str(each) for each in (said or []) if each not in known][:GROUPS]
