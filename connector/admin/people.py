"""PEOPLE: who belongs to the organization, found by what people look for; who was pushed and does not; adding by user name."""

from __future__ import annotations

from flask import Blueprint, Response, request
from markupsafe import Markup

from connector.admin import forms, people_words
from connector.admin.frame import PAGE, Visit, done, show, visited
from connector.directory import member_accounts, not_members
from connector.errors import ConnectorError
from connector.organizations import catalogue, member_adding, member_list, teams
from connector.organizations.member_list import MemberFilter
from connector.web import refusals

blueprint = Blueprint("people", __name__)

SEES, MANAGES = "org.participants.read", "members.manage"
OFFERED = 200
"""Teams that can be chosen in the filter."""


@blueprint.get("/admin/<o>/people")
@visited
def list_(visit: Visit) -> Response:
    """The members, filtered. Who may not see other people is told so, and finds the way to what is known of themselves."""
    if not visit.may(SEES):
        return show(visit, "admin/people_hidden.html", status=403, me=visit.actor.person_id)
    chosen = _chosen()
    where = (visit.database, visit.here.id)
    page = member_list.list_(*where, chosen, limit=PAGE, after=forms.asked("after"), actor=visit.actor)
    known = (
        member_accounts.traces(*where, [str(each.user_id) for each in page.items], actor=visit.actor) if _manages(visit) else {}
    )
    return show(
        visit,
        "admin/people.html",
        said=_said(visit),
        page=page,
        traces=known,
        manages=_manages(visit),
        totals=member_list.totals(*where, actor=visit.actor),
        filters=_filters(chosen),
        roles=[each.name for each in catalogue.show(*where, actor=visit.actor).roles],
        teams=[each.slug for each in teams.list_(*where, limit=OFFERED, actor=visit.actor).items],
        words=people_words,
        me=visit.actor.person_id,
    )


@blueprint.get("/admin/<o>/people/not-members")
@visited
def strangers(visit: Visit) -> Response:
    """People whom an identity provider pushed and who are no members."""
    q = forms.asked("q")
    page = not_members.list_(visit.database, visit.here.id, q=q, limit=PAGE, after=forms.asked("after"), actor=visit.actor)
    return show(visit, "admin/people_outside.html", page=page, q=q or "", words=people_words)


@blueprint.get("/admin/<o>/people/add")
@visited
def ask_add(visit: Visit) -> Response:
    """The form; in `sso` why there is none, and what to do instead."""
    return _add_page(visit)


@blueprint.post("/admin/<o>/people/add")
@visited
def add(visit: Visit) -> Response:
    """Add somebody by their user name."""
    role = forms.optional("role")
    try:
        made = member_adding.add(visit.database, visit.here.id, username=forms.text("username"), role=role, actor=visit.actor)
    except ConnectorError as error:
        return _add_page(visit, error)
    return done(visit, f"/people/{made.user_id}", "added")


def _add_page(visit: Visit, error: ConnectorError | None = None) -> Response:
    view = catalogue.show(visit.database, visit.here.id, actor=visit.actor)
    return show(
        visit,
        "admin/people_add.html",
        status=refusals.status_of(error) if error else 200,
        error=error,
        given=request.form,
        roles=[each.name for each in view.roles if each.name in visit.here.assignable],
        default=view.default_role,
    )


def _manages(visit: Visit) -> bool:
    return visit.may(MANAGES)


def _chosen() -> MemberFilter:
    status = forms.asked("status")
    return MemberFilter(
        q=forms.asked("q"),
        role=forms.asked("role"),
        status=status if status in ("active", "suspended") else None,  # type: ignore[arg-type]
        source=forms.asked("source"),
        team=forms.asked("team"),
    )


def _filters(chosen: MemberFilter) -> dict[str, str]:
    return {name: getattr(chosen, name) or "" for name in ("q", "role", "status", "source", "team")}


def _said(visit: Visit) -> dict[str, str]:
    """What the list greets with, and how what was done is undone."""
    invite = Markup('<a href="{}">Invite them again</a>').format(visit.path("/invitations"))
    return {
        "removed": Markup("They are removed, and signed out of this organization. {} to undo it.").format(invite),
        "removed_sso": "They are removed, and signed out. They may come back with their next sign-in: for them to stay out, take "
        "them out at the identity provider too.",
    }
