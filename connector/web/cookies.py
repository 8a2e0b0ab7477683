"""Our four cookies. Their values are random; what they stand for is in the database, by a hash.

- session: who is signed in. SameSite=Lax, so that it does not come along with what another site posts here.
- setup: which set-up link was opened here, so that its token stands in no address any more. SameSite=Lax as well.
- browser: which browser this is; e-mail links work only where they were asked for.
- binding: which browser was sent to an identity provider, for one connection. The answer is posted by another
  site, so this one is SameSite=None where that is allowed, which is with https only.
"""

from __future__ import annotations

import re
import secrets

from flask import Response, request

from connector.web.house import house

BINDING_SECONDS = 3600
"""Longer than a sign-in may take, so that who took too long is told that, and not that they are in another browser."""

BROWSER_SECONDS = 365 * 24 * 3600

_VALUE = re.compile(r"[A-Za-z0-9_.~-]{16,128}")


def session_token() -> str | None:
    """The session token this request carries, whether or not it lives."""
    return _sent(session_name())


def session_name() -> str:
    """What the cookie with it is called here."""
    return _name("connector_session")


def set_session(response: Response, token: str) -> None:
    """Sign the browser in. The cookie goes when the browser is closed; how long it is good at most says the session."""
    _set(response, _name("connector_session"), token)


def clear_session(response: Response) -> None:
    """Sign the browser out."""
    _set(response, _name("connector_session"), "", max_age=0)


def setup_token() -> str | None:
    """The token of a set-up link this request carries, whether or not it lives."""
    return _sent(_name("connector_setup"))


def set_setup(response: Response, token: str) -> None:
    """Let the browser use a set-up link until it is closed."""
    _set(response, _name("connector_setup"), token)


def clear_setup(response: Response) -> None:
    """Forget the set-up link."""
    _set(response, _name("connector_setup"), "", max_age=0)


def browser() -> str:
    """Which browser this is: the value of its cookie, or a new one that `keep_browser` hands out."""
    return _sent(_name("connector_browser")) or secrets.token_urlsafe(32)


def keep_browser(response: Response, value: str) -> None:
    """Give the browser the cookie it is known by."""
    _set(response, _name("connector_browser"), value, max_age=BROWSER_SECONDS)


def binding() -> str | None:
    """The binding cookie of this request; browsers send that of the connection whose address they ask for."""
    return _sent(_name("connector_sso"))


def new_binding() -> str:
    """The binding of a sign-in that begins: the one that is there already, so that two tabs do not disturb each other."""
    return binding() or secrets.token_urlsafe(32)


def set_binding(response: Response, value: str, connection_id: str | None) -> None:
    """Bind a sign-in to this browser, until it is answered at the addresses of the connection (None: of local sign-in).

    With https it is sent everywhere, as `__Host-` asks: then no neighbour under the same domain can plant one of its own.
    """
    if house().is_https:
        _set(response, _name("connector_sso"), value, max_age=BINDING_SECONDS, same_site="None")
        return
    path = house().path("/login" if connection_id is None else f"/sso/{connection_id}")
    _set(response, "connector_sso", value, max_age=BINDING_SECONDS, path=path)


def _name(plain: str) -> str:
    """`__Host-` makes browsers refuse the cookie from another host or without TLS (RFC 6265bis section 4.1.3.2)."""
    return f"__Host-{plain}" if house().is_https else plain


def _sent(name: str) -> str | None:
    value = request.cookies.get(name, "")
    return value if _VALUE.fullmatch(value) else None


def _set(
    response: Response, name: str, value: str, *, max_age: int | None = None, path: str = "/", same_site: str = "Lax"
) -> None:
    response.set_cookie(name, value, max_age=max_age, path=path, secure=house().is_https, httponly=True, samesite=same_site)
