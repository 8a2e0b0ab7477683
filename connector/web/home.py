"""HOME: who you are, where you belong, how each organization is open to you, and what opens those that are not."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version

from flask import Blueprint, Response

from connector.accounts import sessions
from connector.web import cookies, pages
from connector.web.house import house

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def home() -> Response:
    """The start page; who is signed out is asked to sign in, and what is no browser is told what this is."""
    session = sessions.find(house().database, cookies.session_token(), datetime.now(UTC))
    if session is None:
        return pages.redirect(house().path("/login")) if pages.wants_page(False) else _front()
    return _front()


def _front() -> Response:
    text = (
        f"connector {version('connector')}\n\n"
        "Identity providers push people and groups here through SCIM 2.0, and people sign in at /login.\n"
        "SCIM base URLs: `connector connection list ORG` and `connector connection show CONNECTION`.\n"
        "Documentation: README.md and docs/ beside the program; `connector --help`.\n"
    )
    return Response(text, content_type="text/plain; charset=utf-8")
