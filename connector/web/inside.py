"""INSIDE: what every page of somebody signed in has around it: where they belong, what they are invited to, their own pages.

@blueprint.get("/keys")
@signed_in
def list_(session: Session) -> Response:
    return show(session, "keys.html", …)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Response, request

from connector.accounts.sessions import Session
from connector.errors import NotFound
from connector.membership.opening import OpenBy, opens, opens_personal
from connector.organizations import joining, mine
from connector.organizations.joining import MyInvitation
from connector.organizations.mine import Mine
from connector.web import login, pages
from connector.web.house import house

INVITATIONS = 20
"""How many invitations are shown; others take the place of those that were answered."""

IN_MENU = 30
"""How many organizations the menu of workspaces has; the start page has all."""


@dataclass(frozen=True, slots=True)
class Place:
    """An organization of somebody, and what it is open by to how they signed in, None where it is not open."""

    mine: Mine
    open_by: OpenBy | None


@dataclass(frozen=True, slots=True)
class Shell:
    """What stands around a page. `personal`: the personal workspace is open; without it, only organizations that are open and no
    invitations are shown: the identity provider of one organization learns nothing of the others."""

    session: Session
    personal: bool
    places: tuple[Place, ...]
    invitations: tuple[MyInvitation, ...]

    @property
    def in_menu(self) -> tuple[Place, ...]:
        """Those that the menu shows, open ones first."""
        return tuple(sorted(self.places, key=lambda each: each.open_by is None)[:IN_MENU])


def shell_of(session: Session) -> Shell:
    """Read it: with three statements, whatever there is."""
    personal = opens_personal(session.authentications, session.primary_domain_owner)
    all_ = mine.of_person(house().database, session.person_id)
    places = [Place(each, opens(session.authentications, each.access)) for each in all_]
    waiting = joining.mine(house().database, session.person_id, limit=INVITATIONS).items if personal else ()
    return Shell(session, personal, tuple(each for each in places if personal or each.open_by), waiting)


def signed_in(view: Callable[..., Response]) -> Callable[..., Response]:
    """Give a page the session; who is signed out signs in and comes back."""

    @wraps(view)
    def answered(**values: str) -> Response:
        session = login.current_session()
        if session is None:
            return login.to_login(request.full_path.rstrip("?") if request.method == "GET" else "/")
        return view(session, **values)

    return answered


def show(
    session: Session,
    template: str,
    *,
    status: int = 200,
    shell: Shell | None = None,
    said: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """Render a page. `said` are the sentences it may greet with, by what `done` led here with."""
    return pages.page(
        template,
        status,
        leads_away=True,  # to sign out may lead to an identity provider
        shell=shell or shell_of(session),
        session=session,
        notice=(said or {}).get(request.args.get("done", ""), ""),
        **values,
    )


def done(path: str, what: str) -> Response:
    """Lead on to a page after something was done; `what` names the sentence it greets with."""
    return pages.redirect(f"{house().path(path)}?done={what}")


def not_there() -> NotFound:
    """There is no such organization, for whoever asks."""
    return NotFound(
        "organization_not_found",
        "There is no such organization, or it does not open to you by how you signed in.",
        advice="The start page says which organizations there are for you, and what opens them.",
    )
