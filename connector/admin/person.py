"""A PERSON: what they have here and why, who holds it in place, the accounts they come with, and what is decided about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from flask import Blueprint, Response, request

from connector.admin import forms, people_words, recorded
from connector.admin.frame import PAGE, Visit, done, show, visited
from connector.admin.people import MANAGES
from connector.directory import linking, member_accounts, mode, not_members
from connector.errors import ConnectorError
from connector.organizations import catalogue, member_explained, member_history, member_list, member_sessions, members
from connector.organizations.member_explained import MemberExplanation
from connector.organizations.member_views import MemberView
from connector.web import refusals
from connector.web.account import METHODS
from connector.web.devices import device_name
from connector.web.permission_words import WORDS as PERMISSIONS

blueprint = Blueprint("person", __name__)

SAID = {
    "added": "They belong to the organization now.",
    "role": "The role is changed. It counts from their next request on.",
    "suspend": "They are suspended and signed out of this organization. Let them in again here whenever you like.",
    "unsuspend": "The suspension is lifted.",
    "unblock": "The block is lifted.",
    "nothing": "Nothing was to be lifted: they are not kept out that way.",
    "block": "They are removed and blocked: out, and kept out whatever the identity provider says. Unblock them to undo it.",
    "linked": "The account is linked to them: what the identity provider says of it counts for them now.",
    "unlink": "How they sign in is forgotten here. Their next sign-in links them anew.",
    "sign-out": "They are signed out of this organization in every browser.",
}
_LIFTS: Mapping[str, str] = {"unsuspend": "admin", "unblock": "block"}
"""What lifts a cause, and which."""

_VERBS: Mapping[str, Callable[[Visit, str], object]] = {
    "suspend": lambda visit, user: members.suspend(visit.database, visit.here.id, user, actor=visit.actor),
    "unsuspend": lambda visit, user: members.unsuspend(visit.database, visit.here.id, user, actor=visit.actor),
    "unblock": lambda visit, user: members.unblock(visit.database, visit.here.id, user, actor=visit.actor),
    "block": lambda visit, user: members.remove(visit.database, visit.here.id, user, block=True, actor=visit.actor),
    "unlink": lambda visit, user: linking.unlink(visit.database, visit.here.id, user, actor=visit.actor),
    "sign-out": lambda visit, user: member_sessions.end(visit.database, visit.here.id, user, actor=visit.actor),
}


@blueprint.get("/admin/<o>/people/<user>")
@visited
def person(visit: Visit, user: str) -> Response:
    """Everything about one person that the visitor may know."""
    told = _told(visit, user)
    member, home = told.member, (visit.database, visit.here.id)
    if member.id is None:
        return show(visit, "admin/person_outside.html", told=told, user=user, words=people_words)
    user = str(member.user_id)
    if not _knows(visit, user):
        return show(visit, "admin/person_brief.html", member=member, words=people_words)
    return show(
        visit,
        "admin/person.html",
        said=SAID,
        member=member,
        given=people_words.given(member, told.because),
        why_not=people_words.why_not(told.not_),
        accounts=member_accounts.show(*home, user, actor=visit.actor),
        trace=member_accounts.traces(*home, [user], actor=visit.actor).get(user) if visit.may(MANAGES) else None,
        sessions=member_sessions.list_(*home, user, actor=visit.actor),
        roles=_roles(visit, member),
        decides=_decides(visit, member),
        yourself=user == visit.actor.person_id,
        broken=any(each.source == "break_glass" for each in told.because),
        words=people_words,
        methods=METHODS,
        device_name=device_name,
    )


def _knows(visit: Visit, user: str) -> bool:
    return visit.may(MANAGES) or user == visit.actor.person_id


def _told(visit: Visit, user: str) -> MemberExplanation:
    """The member, with reasons for whoever may know them."""
    home = (visit.database, visit.here.id)
    if _knows(visit, user):
        return member_explained.explain_member(*home, user, actor=visit.actor)
    return MemberExplanation(member_list.show(*home, user, actor=visit.actor), (), ())


def _decides(visit: Visit, member: MemberView) -> bool:
    """Whether the buttons are shown: for who manages members, of those whose role is not above what they may give."""
    return visit.may(MANAGES) and member.role in visit.here.assignable


def _roles(visit: Visit, member: MemberView) -> list[str]:
    """The roles that can be chosen for them by whoever asks."""
    if member.role not in visit.here.assignable or "role" in member.locked:
        return []
    view = catalogue.show(visit.database, visit.here.id, actor=visit.actor)
    return [each.name for each in view.roles if each.name in visit.here.assignable]


# ----------------------------------------------------------------------------------------------------------------- deciding


@blueprint.get("/admin/<o>/people/<user>/<any(suspend, remove, block, unlink, 'sign-out'):what>")
@visited
def ask(visit: Visit, user: str, what: str) -> Response:
    """What would come of it, before it is done."""
    return _asked(visit, user, what)


@blueprint.post("/admin/<o>/people/<user>/<any(suspend, unsuspend, block, unblock, unlink, 'sign-out'):what>")
@visited
def decide(visit: Visit, user: str, what: str) -> Response:
    """Do it. Where there was nothing to lift, it says so."""
    try:
        said = what if _has_effect(visit, user, what) else "nothing"
        _VERBS[what](visit, user)
    except ConnectorError as error:
        return _asked(visit, user, what, error)
    return done(visit, f"/people/{user}", said)


def _has_effect(visit: Visit, user: str, what: str) -> bool:
    """Whether what is to be lifted keeps them out; all else has an effect or is refused."""
    if what not in _LIFTS:
        return True
    return _LIFTS[what] in member_list.show(visit.database, visit.here.id, user, actor=visit.actor).causes


@blueprint.post("/admin/<o>/people/<user>/remove")
@visited
def remove(visit: Visit, user: str) -> Response:
    """End the membership."""
    try:
        members.remove(visit.database, visit.here.id, user, block=False, actor=visit.actor)
    except ConnectorError as error:
        return _asked(visit, user, "remove", error)
    return done(visit, "/people", "removed_sso" if visit.here.mode == "sso" else "removed")


def _asked(visit: Visit, user: str, what: str, error: ConnectorError | None = None) -> Response:
    home = (visit.database, visit.here.id)
    return show(
        visit,
        "admin/person_ask.html",
        status=refusals.status_of(error) if error else 200,
        member=member_list.show(*home, user, actor=visit.actor),
        live=mode.show(*home, actor=visit.actor).authority == "directory",
        user=user,
        what=what,
        error=error,
    )


@blueprint.get("/admin/<o>/people/<user>/role")
@visited
def ask_role(visit: Visit, user: str) -> Response:
    """What another role opens and closes."""
    return _role_page(visit, user, request.args.get("role", ""))


@blueprint.post("/admin/<o>/people/<user>/role")
@visited
def set_role(visit: Visit, user: str) -> Response:
    """Give it."""
    role = forms.text("role")
    try:
        members.set_role(visit.database, visit.here.id, user, role, actor=visit.actor)
    except ConnectorError as error:
        return _role_page(visit, user, role, error)
    return done(visit, f"/people/{user}", "role")


def _role_page(visit: Visit, user: str, role: str, error: ConnectorError | None = None) -> Response:
    home = (visit.database, visit.here.id)
    member = member_list.show(*home, user, actor=visit.actor)
    held = {each.name: frozenset(each.permissions) for each in catalogue.show(*home, actor=visit.actor).roles}
    before, after = held.get(member.role or "", frozenset()), held.get(role, frozenset())
    return show(
        visit,
        "admin/person_role.html",
        status=refusals.status_of(error) if error else 200,
        member=member,
        user=user,
        role=role,
        gained=_in_words(after - before),
        lost=_in_words(before - after),
        error=error,
    )


def _in_words(permissions: Collection[str]) -> list[str]:
    """What permissions are good for; of the roles that may be given the role page tells."""
    return [words for name, words in PERMISSIONS.items() if name in permissions]


# ------------------------------------------------------------------------------------------------------- linking and history


@blueprint.get("/admin/<o>/people/<user>/link")
@visited
def ask_link(visit: Visit, user: str) -> Response:
    """The pushed accounts that belong to nobody yet, to choose from."""
    return _link_page(visit, user)


@blueprint.post("/admin/<o>/people/<user>/link")
@visited
def link(visit: Visit, user: str) -> Response:
    """A pushed account is this person's."""
    try:
        linking.link(visit.database, visit.here.id, user, forms.text("account", most=100), actor=visit.actor)
    except ConnectorError as error:
        return _link_page(visit, user, error)
    return done(visit, f"/people/{user}", "linked")


def _link_page(visit: Visit, user: str, error: ConnectorError | None = None) -> Response:
    home, q = (visit.database, visit.here.id), forms.asked("q")
    return show(
        visit,
        "admin/person_link.html",
        status=refusals.status_of(error) if error else 200,
        member=member_list.show(*home, user, actor=visit.actor),
        page=not_members.list_(*home, q=q, limit=PAGE, after=forms.asked("after"), actor=visit.actor),
        q=q or "",
        user=user,
        error=error,
        words=people_words,
    )


@blueprint.get("/admin/<o>/people/<user>/history")
@visited
def history(visit: Visit, user: str) -> Response:
    """What the audit trail says of them."""
    home = (visit.database, visit.here.id)
    return show(
        visit,
        "admin/person_history.html",
        member=member_list.show(*home, user, actor=visit.actor),
        page=member_history.page(*home, user, limit=PAGE, after=forms.asked("after"), actor=visit.actor),
        user=user,
        known=recorded.known(visit),
        words=people_words,
    )
