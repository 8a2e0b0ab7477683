"""OVERVIEW: the first page of an organization: how people join, how many there are, what changed last, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response

from connector.accounts.sessions import Session
from connector.admin import people_words, recorded
from connector.admin.frame import Visit, show, visited
from connector.membership.model import Mode
from connector.organizations import member_list, mine, summary
from connector.organizations.member_views import MemberView
from connector.organizations.summary import Summary
from connector.provisioning import history
from connector.provisioning.history import AuditItem
from connector.web import inside, pages
from connector.web.house import house

YOUNG = timedelta(days=30)
"""How long an organization is told what to do first, as long as it has not done it."""

CHANGES = 5
SAID = {"founded": "The organization is there, and you run it."}

blueprint = Blueprint("overview", __name__)


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do first: in words, why, where, and whether it is done."""

    words: str
    why: str
    tail: str
    done: bool


@blueprint.get("/admin")
@inside.signed_in
def enter(session: Session) -> Response:
    """The console of the workspace somebody works in, or of their only organization; else the start page lets them choose."""
    known = mine.of_person(house().database, session.person_id)
    chosen = next((each for each in known if each.id == session.workspace), known[0] if len(known) == 1 else None)
    return pages.redirect(house().path(f"/admin/{chosen.slug}" if chosen else "/"))


@blueprint.get("/admin/<o>")
@visited
def overview(visit: Visit) -> Response:
    """What everybody who belongs may see; more for who may do more."""
    known = summary.show(visit.database, visit.here.id, visit.now, actor=visit.actor)
    tasks = _tasks(visit, known)
    return show(
        visit,
        "admin/overview.html",
        said=SAID,
        summary=known,
        tasks=[] if all(each.done for each in tasks) else tasks,
        me=_me(visit),
        changes=_changes(visit),
        known=recorded.known(visit),
        words=people_words,
    )


def _tasks(visit: Visit, known: Summary) -> list[Task]:
    """What comes first, as far as whoever visits may do it."""
    sso, people = visit.here.mode is Mode.SSO, known.people
    tasks = []
    if not sso and visit.may("members.invite"):
        came = people is not None and (people.members > 1 or people.invited > 0)
        tasks.append(Task("Invite people", "By e-mail: whoever opens the mail joins.", "/invitations", came))
    if visit.may("sso.manage"):
        why = "Then people come and go as it says, and nobody is invited any more."
        tasks.append(Task("Connect your identity provider", why, "/connections/new", sso))
        why = "For the day the identity provider is out of order."
        tasks.append(Task("Print recovery codes for a break-glass owner", why, "/break-glass", known.has_codes))
    return tasks if sso or visit.now - known.created_at < YOUNG else []


def _me(visit: Visit) -> MemberView | None:
    """The place of whoever visits, who may be no member: a super admin."""
    if visit.here.role is None or visit.actor.person_id is None:
        return None
    return member_list.show(visit.database, visit.here.id, visit.actor.person_id, actor=visit.actor)


def _changes(visit: Visit) -> tuple[AuditItem, ...]:
    if not visit.may(history.READ_AUDIT):
        return ()
    return history.audit_page(visit.database, visit.here.id, limit=CHANGES, actor=visit.actor).items
