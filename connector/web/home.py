"""HOME: who you are, where you belong, how each organization is open to you, and what opens those that are not.

As in /api/me, organizations that are not open are shown only where the personal workspace is: the identity provider of one
organization learns nothing of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from flask import Blueprint, Response

from connector.accounts.sessions import Session
from connector.directory import home_realm
from connector.directory.home_realm import Way
from connector.membership.model import Mode
from connector.membership.opening import LOCAL, OpenBy, opens, opens_personal
from connector.organizations import joining, mine
from connector.organizations.mine import Mine
from connector.web import login, pages
from connector.web.house import house

INVITATIONS = 20
"""How many invitations are shown; others take the place of those that were answered."""

blueprint = Blueprint("home", __name__)


@dataclass(frozen=True, slots=True)
class Place:
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
    local = any(each.method in LOCAL for each in session.authentications)
    places = _places(session)
    waiting = joining.mine(house().database, session.person_id, limit=INVITATIONS).items if _is_personal(session) else ()
    return pages.page("home.html", leads_away=True, session=session, places=places, waiting=waiting, may_break_glass=local)


def _is_personal(session: Session) -> bool:
    return opens_personal(session.authentications, session.primary_domain_owner)


def _places(session: Session) -> list[Place]:
    personal = _is_personal(session)
    all_ = mine.of_person(house().database, session.person_id)
    opened = {each.id: opens(session.authentications, each.access) for each in all_}
    belongs = [each for each in all_ if personal or opened[each.id]]
    closed = [each.id for each in belongs if opened[each.id] is None and each.active and each.mode is Mode.SSO]
    ways = home_realm.ways_into(house().database, closed)
    return [Place(each, opened[each.id], tuple(way for way in ways if way.organization_id == each.id)) for each in belongs]


def _front() -> Response:
    text = (
        f"connector {version('connector')}\n\n"
        "Identity providers push people and groups here through SCIM 2.0, and people sign in at /login.\n"
        "SCIM base URLs: `connector connection list ORG` and `connector connection show CONNECTION`.\n"
        "Documentation: README.md and docs/ beside the program; `connector --help`.\n"
    )
    return Response(text, content_type="text/plain; charset=utf-8")
