"""HOME: who you are, where you belong, how each organization is open to you, and what opens those that are not.

As in /api/me, organizations that are not open are shown only where the personal workspace is: the identity provider of one
organization learns nothing of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from flask import Blueprint, Response, request

from connector.accounts import sessions
from connector.accounts.sessions import Session
from connector.directory import home_realm
from connector.directory.home_realm import Way
from connector.membership.model import Mode
from connector.membership.opening import LOCAL, OpenBy
from connector.organizations.mine import Mine
from connector.web import inside, login, pages
from connector.web.house import house
from connector.web.inside import Place, Shell, shell_of, signed_in

SAID = {
    "working": "You work there now.",
    "joined": "You have joined. Your organization is below.",
    "declined": "You have declined the invitation.",
}

blueprint = Blueprint("home", __name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """An organization of mine as the page shows it: what it is open by, or else the ways that would open it."""

    mine: Mine
    open_by: OpenBy | None
    ways: tuple[Way, ...]

    @property
    def needs_local(self) -> bool:
        """Whether a local sign-in would open it."""
        return self.mine.active and self.open_by is None and self.mine.mode is Mode.INVITATION


@blueprint.get("/")
def home() -> Response:
    """The start page; who is signed out is asked to sign in, and what is no browser is told what this is."""
    session = login.current_session()
    if session is None:
        return pages.redirect(house().path("/login")) if pages.wants_page(False) else _front()
    shell, local = shell_of(session), any(each.method in LOCAL for each in session.authentications)
    return inside.show(session, "home.html", shell=shell, said=SAID, places=_shown(shell), may_break_glass=local)


@blueprint.post("/workspace")
@signed_in
def work_in(session: Session) -> Response:
    """Choose where to work: in the `organization` of this id, or with none in the personal workspace, as PUT /api/me/workspace
    does. Raises NotFound `organization_not_found` where it is not open."""
    chosen = request.form.get("organization", "")[:100]
    if chosen and not any(_is_open(place, chosen) for place in shell_of(session).places):
        raise inside.not_there()
    sessions.work_in(house().database, session, chosen or None)
    return inside.done("/", "working")


def _is_open(place: Place, organization_id: str) -> bool:
    return place.mine.id == organization_id and place.open_by is not None


def _shown(shell: Shell) -> list[Shown]:
    closed = [each.mine for each in shell.places if each.open_by is None and each.mine.active]
    ways = home_realm.ways_into(house().database, [each.id for each in closed if each.mode is Mode.SSO])
    return [
        Shown(each.mine, each.open_by, tuple(way for way in ways if way.organization_id == each.mine.id)) for each in shell.places
    ]


def _front() -> Response:
    text = (
        f"connector {version('connector')}\n\n"
        "Identity providers push people and groups here through SCIM 2.0, and people sign in at /login.\n"
        "SCIM base URLs: `connector connection list ORG` and `connector connection show CONNECTION`.\n"
        "Documentation: README.md and docs/ beside the program; `connector --help`.\n"
    )
    return Response(text, content_type="text/plain; charset=utf-8")
