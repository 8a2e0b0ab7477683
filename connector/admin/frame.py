"""FRAME: what every page of the console stands in: who visits which organization, the navigation, what was just done, refusals.

    @blueprint.get("/admin/<o>/teams")
    @visited
    def list_(visit: Visit) -> Response:
        return show(visit, "admin/teams.html", teams=teams.list_(visit.database, visit.here.id, limit=50, actor=visit.actor))

Whether somebody may do something is judged by the verb, in its transaction; what stands in `visit` only decides which links and
buttons are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, request

from connector.accounts.sessions import Session
from connector.admin import door
from connector.directory import warnings
from connector.directory.connections import MANAGE
from connector.directory.setup_links import SetupVisit
from connector.directory.warnings import Caution
from connector.errors import ConnectorError, Invalid, NotFound
from connector.membership.fold import is_storable
from connector.membership.model import Mode
from connector.organizations import here as heres
from connector.organizations import mine
from connector.organizations.here import Here
from connector.provisioning.acting import Actor, beyond_set_up
from connector.storage.database import Database
from connector.web import cookies, login, pages, refusals
from connector.web.house import House, house
from connector.web.inside import not_there, shell_of
from connector.web.visitors import actor_of, setup_visit

PAGE = 50
"""Things on one page of a list."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody in the console of an organization, at one moment: signed in, or by a set-up link."""

    here: Here
    actor: Actor
    session: Session | None
    now: datetime
    setup: SetupVisit | None = None

    @property
    def house(self) -> House:
        """The installation."""
        return house()

    @property
    def database(self) -> Database:
        """The installation's database."""
        return house().database

    def may(self, *permissions: str) -> bool:
        """Whether they hold one of these permissions: for what is shown. Verbs judge for themselves."""
        return any(each in self.here.permissions for each in permissions)

    def path(self, tail: str = "", **query: str | None) -> str:
        """The path of a page of this organization; what is None or empty is left out of the query. A tail holds what was looked
        up, addresses of people among it: a `?` or `#` in it begins nothing."""
        asked = urlencode({name: value for name, value in query.items() if value})
        return house().path(f"/admin/{self.here.slug}{quote(tail, safe=_IN_TAILS)}") + (f"?{asked}" if asked else "")


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation: the tail of its address, its words, and the permissions of which one is needed."""

    tail: str
    words: str
    needs: tuple[str, ...] = ()


_IN_TAILS = "/:@!$&'()*+,;=~"
"""What stands in a path as it is (RFC 3986 section 3.3), between the segments as well."""

NAVIGATION: tuple[tuple[str, tuple[Link, ...]], ...] = (
    ("", (Link("", "Overview"),)),
    (
        "People",
        (
            Link("/people", "Members", ("org.participants.read",)),
            Link("/invitations", "Invitations", ("members.invite",)),
            Link("/teams", "Teams", ("org.participants.read",)),
            Link("/projects", "Projects", ("org.read",)),
            Link("/roles", "Roles", ("org.participants.read",)),
        ),
    ),
    (
        "Identity provider",
        (
            Link("/connections", "Connections", ("sso.manage",)),
            Link("/domains", "Domains", ("sso.manage",)),
            Link("/mapping", "Mapping", ("sso.manage",)),
            Link("/log", "Provisioning log", ("sso.manage",)),
            Link("/sign-ins", "Sign-ins", ("sso.manage",)),
        ),
    ),
    (
        "Organization",
        (
            Link("/mode", "How people join", ("sso.manage",)),
            Link("/audit", "Audit trail", ("audit.read",)),
            Link("/keys", "API keys", ("org.read",)),
            Link("/break-glass", "Break-glass owners", ("sso.manage",)),
            Link("/settings", "Settings", ("org.read",)),
        ),
    ),
)


OF_SETUP = "sso.manage"
"""Who holds it needs no set-up link."""

OF_LINKS = (Link("/connections", "Connections"), Link("/domains", "Domains"), Link("/mapping", "Mapping"))
"""All the navigation of whoever came by a set-up link."""


def visited(view: Callable[..., Response]) -> Callable[..., Response]:
    """Let a page know who visits. Who is signed out is asked to sign in and comes back; a refusal is shown where it happened."""
    return _framed(view, by_link=False)


def visited_by_link(view: Callable[..., Response]) -> Callable[..., Response]:
    """The same for pages that whoever holds a set-up link may open too."""
    return _framed(view, by_link=True)


def _framed(view: Callable[..., Response], *, by_link: bool) -> Callable[..., Response]:
    @wraps(view)
    def answered(o: str, **values: str) -> Response:
        session = login.current_session()
        if session is None and cookies.setup_token() is None:
            return _to_login(o)
        try:
            visit = _enter(o, session)
        except NotFound as error:
            return _closed(o, session, error)
        try:
            if visit.setup is not None and not by_link:
                raise beyond_set_up("A set-up link does not open this page: with one, connections are prepared.")
            _need_storable(values)
            return view(visit, **values)
        except ConnectorError as error:
            return refused(visit, error)

    return answered


def _need_storable(values: Mapping[str, str]) -> None:
    """Raises NotFound `not_found`, Invalid `form_invalid`, for letters that no database keeps and no keyboard sends."""
    if not all(is_storable(each) for each in (*values.values(), *request.args.values())):
        raise NotFound("not_found", "There is nothing at this address.")
    if not all(is_storable(each) for pair in request.form.items(multi=True) for each in pair):
        raise Invalid(
            "form_invalid",
            "The form holds a character that cannot be kept: NUL, or half of a surrogate pair.",
            expected="text as people type it",
        )


def _enter(named: str, session: Session | None) -> Visit:
    """By the session, unless a set-up link that this browser opened allows more. Raises NotFound `organization_not_found`, for
    one that does not open as for one that there is not, and `setup_link_unknown`."""
    now = datetime.now(UTC)
    visit = None if session is None else _member(named, session, now)
    if visit is not None and (visit.may(OF_SETUP) or cookies.setup_token() is None):
        return visit
    try:
        setup = setup_visit(now)
    except NotFound:
        setup = None
        if session is None:
            raise
    if setup is not None and named in (setup.slug, setup.organization_id):
        return Visit(heres.show(house().database, setup.organization_id, actor=setup.actor), setup.actor, None, now, setup)
    if visit is None:
        raise not_there()
    return visit


def _member(named: str, session: Session, now: datetime) -> Visit | None:
    found, actor = mine.named(house().database, named), actor_of(session)
    if found is not None:
        with suppress(NotFound):
            return Visit(heres.show(house().database, found.id, actor=actor), actor, session, now)
    return None


def _to_login(named: str) -> Response:
    return login.to_login(request.full_path.rstrip("?") if request.method == "GET" else f"/admin/{named}")


def _closed(named: str, session: Session | None, error: NotFound) -> Response:
    """No frame is shown of what does not open. A set-up link that opens nothing any more is forgotten: who may sign in can."""
    if error.code != "setup_link_unknown":
        return _to_login(named) if session is None else door.shut(named, session, error)
    response = refusals.answer(error)
    cookies.clear_setup(response)
    return response


def show(visit: Visit, template: str, *, status: int = 200, said: Mapping[str, str] | None = None, **values: Any) -> Response:
    """Render a page of the console. `said` are the sentences it may greet with, by what `done` led here with."""
    return pages.page(
        template,
        status,
        leads_away=True,  # to sign out may lead to an identity provider
        visit=visit,
        here=visit.here,
        may=visit.may,
        to=visit.path,
        navigation=_navigation(visit),
        current=_current(visit),
        shell=None if visit.session is None else shell_of(visit.session),
        notice=(said or {}).get(request.args.get("done", ""), ""),
        in_sso=visit.here.mode is Mode.SSO,
        cautions=_cautions(visit),
        **values,
    )


def _cautions(visit: Visit) -> tuple[Caution, ...]:
    """What needs attention, for who can attend to it."""
    if visit.setup is not None or not visit.may(MANAGE):
        return ()
    return warnings.current(visit.database, visit.here.id, visit.now, actor=visit.actor)


def done(visit: Visit, tail: str, what: str = "", **query: str | None) -> Response:
    """Lead on to a page after something was done; `what` names the sentence it greets with."""
    return pages.redirect(visit.path(tail, done=what, **query))


def refused(visit: Visit, error: ConnectorError) -> Response:
    """A refusal as a page of the console, with what was expected, what to do and the reference; the navigation stays."""
    reference, status = refusals.new_reference(), refusals.status_of(error)
    words = refusals.plain_words(error)
    response = show(visit, "admin/refused.html", status=status, error=error, reference=reference, words=words)
    return refusals.marked(response, error, reference)


def _navigation(visit: Visit) -> list[tuple[str, list[Link]]]:
    if visit.setup is not None:
        return [("Set-up", list(OF_LINKS))]
    groups = [(name, [link for link in links if not link.needs or visit.may(*link.needs)]) for name, links in NAVIGATION]
    return [(name, links) for name, links in groups if links]


def _current(visit: Visit) -> str:
    """The tail of the navigation's entry that the current page belongs to; of one that belongs to none, no entry's tail."""
    root = f"/admin/{request.view_args['o']}" if request.view_args else ""
    rest = request.path.removeprefix(root)
    if rest.startswith("/plans/"):
        rest = (request.args.get("back") or rest).partition("?")[0]
    tails = [link.tail for _, links in NAVIGATION for link in links if link.tail]
    return next((tail for tail in tails if rest == tail or rest.startswith(f"{tail}/")), rest)
