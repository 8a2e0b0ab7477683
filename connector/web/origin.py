"""SAME ORIGIN: what a browser posts to us must come from a page of ours.

Instead of a token in every form, browsers are believed: they say where a request comes from, and pages cannot change that
(Fetch Metadata, and `Origin` of RFC 6454). Who says nothing is no browser, and carries no cookies that somebody else could use.
"""

from __future__ import annotations

import re

from flask import request

from connector.errors import Forbidden
from connector.web.house import house

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_EXEMPT = re.compile(r"/(scim|oauth)(/|\Z)|/sso/[^/]+/(acs|logout|backchannel-logout)\Z")
"""SCIM and OAuth take no cookies; the others are posted by identity providers and prove themselves."""


def check() -> None:
    """Refuse the current request if another site's page sent it. Raises Forbidden `foreign_origin` or `wrong_address`."""
    if request.method in _SAFE or _EXEMPT.match(request.path):
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if origin == house().origin and site in (None, "same-origin", "none"):
        return
    if site in ("same-origin", "none") and origin in (None, "null"):
        return
    if site is None and origin is None:
        return
    raise _wrong_address() if site == "same-origin" else _foreign()


def _wrong_address() -> Forbidden:
    """The browser's page and its request agree, but not with the base URL: cookies would be lost on the way back."""
    base_url = house().settings.base_url
    return Forbidden(
        "wrong_address",
        "You opened connector under another address than its own.",
        expected=f"the address {base_url}",
        advice=f"Open {base_url}/login and sign in there.",
    )


def _foreign() -> Forbidden:
    base_url = house().settings.base_url
    return Forbidden(
        "foreign_origin",
        "This was sent from a page of another site, or from connector under another address.",
        expected=f"a form that was opened at {base_url}",
        advice=f"Open {base_url} and try again there.",
    )
