"""A NEW RULE, made by picking: whom it is for, what it gives; and what it would change, while it is being made.

Looking keeps nothing. Where an organization is so large that looking takes longer than a moment, it is done by a button.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask import Blueprint, Response, request

from connector.admin.forms import text
from connector.admin.frame import Visit, show, visited_by_link
from connector.admin.mapping import Course, course
from connector.admin.plans import proposed, sentence
from connector.directory import known_groups, plan_pages, plans
from connector.directory.model import Document
from connector.directory.plan_pages import Preview
from connector.directory.rule_rows import named
from connector.errors import ConnectorError, Invalid
from connector.organizations import catalogue, projects, teams
from connector.web import refusals

blueprint = Blueprint("mapping_rule", __name__)

WHO: Mapping[str, str] = MappingProxyType(
    {
        "group": "A group, by its name",
        "pattern": "Groups whose names are alike",
        "external_id": "A group, by its external id",
        "attribute": "People with an attribute",
        "everyone": "Everybody",
    }
)
"""Whom a rule can be for; the group that the form was opened for comes before."""

OFFERED = 200
"""Names that are offered while one types."""

SHOWN = 20
"""People of a plan that is still being edited."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a rule would change: a preview, or why there is none. `later`: once the connection is in force."""

    preview: Preview | None
    sentence: str
    error: ConnectorError | None
    later: bool


@blueprint.get("/admin/<o>/mapping/add")
@visited_by_link
def ask(visit: Visit) -> Response:
    """The form: for a group that was picked, or for anybody."""
    return _page(visit, _course(visit), typed=request.args.to_dict())


@blueprint.post("/admin/<o>/mapping/preview")
@visited_by_link
def preview(visit: Visit) -> Response:
    """The form as it was sent, with what the rule would change."""
    at = _course(visit)
    return _page(visit, at, typed=request.form.to_dict(), look=_look(visit, at))


@blueprint.post("/admin/<o>/mapping/add")
@visited_by_link
def add(visit: Visit) -> Response:
    """Lead to the plan."""
    at = _course(visit)
    try:
        return proposed(visit, "add_rule", named(_given(at)), back=f"/mapping?connection={at.connection.id}")
    except ConnectorError as error:
        return _page(visit, at, typed=request.form.to_dict(), error=error)


def _course(visit: Visit) -> Course:
    """Raises Invalid `connection_needed`, NotFound `connection_not_found`."""
    at = course(visit, request.values.get("connection", ""))
    if at is None:
        raise Invalid("connection_needed", "There is no connection yet, so there is nothing that a rule could be for.")
    return at


def _given(at: Course) -> Document:
    """The options of a rule that the form gives. Raises Invalid `rule_invalid` when it does not say whom or what."""
    who, gives = text("who"), text("gives")
    matches: dict[str, Any] = {name: text(name) for name in ("group_id", "group", "pattern", "external_id")}
    matches |= {"everyone": True, "attribute": f"{text('attribute')}={text('value')}" if text("attribute") else ""}
    level = text(f"{gives}_level") or "member"
    gift = text("role") if gives == "role" else text(gives) and f"{text(gives)}:{level}"
    if not matches.get(who):
        raise _missing("whom it is for", "Say whom the rule is for: a group, people with an attribute, or everybody.")
    if gives not in ("role", "team", "project") or not gift:
        raise _missing("what it gives", "Say what they get: a role, or a place in a team or a project.")
    return {"connection": at.connection.id, who: matches[who], gives: gift}


def _missing(what: str, advice: str) -> Invalid:
    return Invalid("rule_invalid", f"The rule does not say {what} yet.", advice=advice)


def _look(visit: Visit, at: Course) -> Look:
    """What the rule of the form would change now; of a connection that is not in force, what it would give once it is."""
    where, later = (visit.database, visit.here.id), bool(at.silent)
    try:
        given = named(_given(at))
        if later:
            found = plan_pages.of_changes(plans.would_give(*where, given, actor=visit.actor), SHOWN)
        else:
            found = plan_pages.of_changes(plans.preview(*where, "add_rule", given, actor=visit.actor).changes, SHOWN)
    except ConnectorError as error:
        return Look(None, "", error, later)
    return Look(found, sentence(found.counts), None, later)


def _page(
    visit: Visit, at: Course, *, typed: Mapping[str, str], error: ConnectorError | None = None, look: Look | None = None
) -> Response:
    where = (visit.database, visit.here.id)
    groups = known_groups.list_(*where, at.connection.id, limit=OFFERED, actor=visit.actor).items
    may = visit.setup is None
    offered = {
        "groups": [each.name for each in groups],
        "teams": [each.slug for each in teams.list_(*where, limit=OFFERED, actor=visit.actor).items] if may else [],
        "projects": [each.slug for each in projects.list_(*where, limit=OFFERED, actor=visit.actor).items] if may else [],
    }
    return show(
        visit,
        "admin/mapping_add.html",
        status=200 if error is None else refusals.status_of(error),
        course=at,
        typed=typed,
        error=error,
        look=look,
        offered=offered,
        who=WHO,
        roles=catalogue.show(*where, actor=visit.actor),
        live=plans.is_quick(*where, actor=visit.actor),
    )
