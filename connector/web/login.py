"""LOCAL SIGN-IN, and the way to everybody's identity provider: one page that asks for a work e-mail address.

    GET  /login            the page
    POST /login            -> the identity provider of the address's domain, a choice of several, or a mailed link
    POST /login/code       the code of that mail
    GET  /login/link       asks whether to use a link; mail scanners get so far and no further
    POST /login/link       uses it
    …    /login/recovery   a recovery code, for break-glass owners

What is answered depends on domains only: whether anybody has an account with an address cannot be learned here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, request

from connector.accounts import links, persons, recovery, sessions, throttle
from connector.accounts.sessions import Session
from connector.directory import home_realm
from connector.directory.home_realm import Way
from connector.errors import ConnectorError, Forbidden, Invalid
from connector.web import cookies, pages
from connector.web.house import house
from connector.web.visitors import visitor

blueprint = Blueprint("login", __name__)

_NO_ADDRESS = "Please type your whole e-mail address, such as ada@example.com."


@blueprint.get("/login")
def ask() -> Response:
    """The page that asks for an address; `email` fills it in, `next` is kept."""
    return _login_page(email=request.args.get("email", ""), next_path=pages.asked_next(request.args.get("next")))


@blueprint.post("/login")
def find() -> Response:
    """Find out how the address signs in, and begin. `method=link` asks for a mail whatever else there is."""
    throttle.spend(house().database, "login_page", request.remote_addr or "", _now())
    next_path = pages.asked_next(request.form.get("next"))
    try:
        email = persons.read_email(request.form.get("email", ""))
    except Invalid as error:
        return _login_page(400, email=request.form.get("email", ""), next_path=next_path, error=error)
    ways = home_realm.ways_of_address(house().database, email) if request.values.get("method") != "link" else ()
    if not ways:
        return _mailed(email, next_path)
    if len(ways) == 1:
        return pages.redirect(way_in(ways[0], next_path))
    named = len({way.organization_id for way in ways}) > 1
    return pages.page("choose.html", email=email, ways=ways, next=next_path, named=named)


def way_in(way: Way, next_path: str) -> str:
    """The path that leads to an identity provider and then to `next_path`."""
    query = f"?{urlencode({'next': next_path})}" if next_path else ""
    return house().path(f"/sso/{way.connection_id}/login{query}")


def _login_page(status: int = 200, *, email: str, next_path: str, error: Invalid | None = None) -> Response:
    session = current_session()
    provider = house().settings.login_oidc_issuer
    response = pages.page(
        "login.html",
        status,
        leads_away=True,
        email=email[:320],
        next=next_path,
        error=_NO_ADDRESS if error else "",
        signed_out="signed_out" in request.args and session is None,
        signed_in_as=session.email or session.name or "somebody without an address" if session else "",
        provider=urlsplit(provider).hostname if provider else "",
    )
    return _marked(response, error)


def _marked(response: Response, error: ConnectorError | None) -> Response:
    """Tell programs what a page tells people."""
    if error is not None:
        response.headers["X-Connector-Error"] = error.code
    return response


def _mailed(email: str, next_path: str) -> Response:
    """Mail a link and ask for its code. The answer comes after the same work for every address."""
    browser, settings = cookies.browser(), house().settings
    throttle.spend(house().database, "link_per_address", request.remote_addr or "", _now())
    links.ask(house().database, house().sealer, settings.base_url, email, browser, next_path or house().path("/"), _now())
    response = _code_page(email=email, next_path=next_path)
    cookies.keep_browser(response, browser)
    return response


# ------------------------------------------------------------------------------------------------------------------- code


@blueprint.get("/login/code")
def ask_code() -> Response:
    """The page that asks for the code, for who closed it."""
    return _code_page(email="", next_path="")


@blueprint.post("/login/code")
def use_code() -> Response:
    """Sign in with the code of a mail that this browser asked for."""
    throttle.spend(house().database, "code_try", request.remote_addr or "", _now())
    email, next_path = request.form.get("email", ""), pages.asked_next(request.form.get("next"))
    try:
        entered = links.use_code(house().database, request.form.get("code", "")[:100], cookies.browser(), visitor(), _now())
    except Forbidden as error:
        return _code_page(403, email=email[:320], next_path=next_path, error=error)
    return signed_in(entered.token, entered.next_path)


def _code_page(status: int = 200, *, email: str, next_path: str, error: Forbidden | None = None) -> Response:
    said = (
        "That is not the code of your newest mail, or it is no longer good. Compare them, or ask for a new one." if error else ""
    )
    return _marked(pages.page("sent.html", status, email=email, next=next_path, error=said), error)


def signed_in(token: str, next_path: str) -> Response:
    """Give the browser its session and send it on."""
    response = pages.redirect(next_path if pages.is_local_path(next_path) else house().path("/"))
    cookies.set_session(response, token)
    return response


# ------------------------------------------------------------------------------------------------------------------- link


@blueprint.get("/login/link")
def open_link() -> Response:
    """Show the button that uses a link."""
    token = request.args.get("token", "")
    try:
        link = links.look(house().database, token, cookies.browser(), _now())
    except Forbidden as error:
        return _link_page(403, error=error)
    return _link_page(token=token, purpose=link.purpose)


@blueprint.post("/login/link")
def use_link() -> Response:
    """Sign in with a link: mailed, printed by an operator, or printed for break-glass."""
    token, browser = request.form.get("token", ""), cookies.browser()
    try:
        entered = links.use(house().database, token, browser, visitor(), _now())
    except Forbidden as error:
        return _link_page(403, error=error)
    return signed_in(entered.token, entered.next_path)


def _link_page(status: int = 200, *, token: str = "", purpose: str = "", error: Forbidden | None = None) -> Response:
    return _marked(pages.page("link.html", status, token=token, purpose=purpose, error=error), error)


# --------------------------------------------------------------------------------------------------------------- recovery


@blueprint.get("/login/recovery")
def ask_recovery() -> Response:
    """The page that asks a break-glass owner for a recovery code; `next` is kept."""
    session = current_session()
    if session is None:
        return to_login(request.full_path.rstrip("?"))
    return _recovery_page(session, pages.asked_next(request.args.get("next")))


@blueprint.post("/login/recovery")
def use_recovery() -> Response:
    """Open an organization with a recovery code, in a session that its owner began with their own means."""
    session = current_session()
    if session is None:
        return to_login("/login/recovery")
    throttle.spend(house().database, "code_try", request.remote_addr or "", _now())
    next_path = pages.asked_next(request.form.get("next"))
    try:
        entered = recovery.use(house().database, request.form.get("code", "")[:100], visitor(), _now())
    except Forbidden as error:
        return _recovery_page(session, next_path, 403, error)
    return signed_in(entered.token, next_path)


def _recovery_page(session: Session, next_path: str, status: int = 200, error: ConnectorError | None = None) -> Response:
    who = session.email or session.name or ""
    return _marked(pages.page("recovery.html", status, signed_in_as=who, next=next_path, error=error), error)


def to_login(next_path: str) -> Response:
    """Ask who is signed out to sign in, and come back."""
    return pages.redirect(house().path("/login") + "?" + urlencode({"next": house().path(next_path)}))


def current_session() -> Session | None:
    """The live session of this request."""
    return sessions.find(house().database, cookies.session_token(), _now())


def _now() -> datetime:
    return datetime.now(UTC)
