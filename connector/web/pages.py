"""PAGES: HTML, with the headers that every page of ours carries: nothing inline or from elsewhere, in no frame, kept nowhere."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, render_template, request
from jinja2 import StrictUndefined
from markupsafe import Markup, escape

from connector.errors import ConnectorError, NotFound
from connector.web.house import house
from connector.web.page_words import on_page, way_of

_STATIC = Path(__file__).parent / "static"
_KINDS = {
    "connector.css": "text/css; charset=utf-8",
    "connector.js": "text/javascript; charset=utf-8",
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_FILES = {name: (_STATIC / name).read_bytes() for name in _KINDS}
_YEAR = 365 * 24 * 3600
_TICKED = re.compile("`([^`]+)`")
_MOMENT = re.compile(r"(?<!\S)(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?) UTC|(?<=\b[Oo]n )(\d{4}-\d\d-\d\d)\b")

VERSIONS = {name: hashlib.sha256(content).hexdigest()[:16] for name, content in _FILES.items()}
"""Part of the address of a file, so that browsers may keep it for ever."""

blueprint = Blueprint("pages", __name__, template_folder="templates")


@blueprint.record
def _prepare(state: object) -> None:
    """A template that names what it was not given fails in the tests instead of showing nothing."""
    app: Flask = state.app  # type: ignore[attr-defined]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.filters.update(ago=ago, moment=moment, instant=instant, said=said)
    app.jinja_env.globals.update(static_path=static_path, path=lambda path: house().path(path))
    app.jinja_env.globals.update(new_once=lambda: secrets.token_urlsafe(24), way_to=way_to)


def page(template: str, status: int = 200, *, leads_away: bool = False, **values: object) -> Response:
    """Render a template of ours. `leads_away`: its form ends at an identity provider, at once or by redirects."""
    response = Response(render_template(template, **values), status, content_type="text/html; charset=utf-8")
    return protect(response, leads_away=leads_away)


def protect(response: Response, *, leads_away: bool = False) -> Response:
    """Give a page its headers.

    Browsers apply `form-action` to every redirect after a form as well, and identity providers pass people on to hosts of theirs
    that nobody knows beforehand. The referrer stays with us; a policy of `no-referrer` would make browsers send `Origin: null`
    with our own forms (Fetch section 3.2).
    """
    away = (" https:" if house().is_https else " https: http:") if leads_away else ""
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        f"base-uri 'none'; frame-ancestors 'none'; form-action 'self'{away}"
    )
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if house().is_https:
        response.headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
    return response


def redirect(address: str) -> Response:
    """303 to a path of ours or to the address of an identity provider; kept nowhere."""
    response = Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def auto_post(action: str, fields: Mapping[str, str], *, organization: str) -> Response:
    """A page that posts `fields` to an identity provider by itself, and by a button where scripts are off."""
    host = urlsplit(action).hostname or action
    return page("auto_post.html", leads_away=True, action=action, fields=fields, organization=organization, host=host)


def wants_page(default: bool) -> bool:
    """Whether who asks would rather read HTML than JSON; `default` where they do not care."""
    accepted = request.accept_mimetypes
    html, json = accepted["text/html"], max(accepted["application/json"], accepted["application/problem+json"])
    return default if html == json else html > json


def is_local_path(path: str) -> bool:
    """Whether `path` leads to a page of this site and nowhere else, whatever browsers make of it."""
    starts_well = path.startswith("/") and path[1:2] not in ("/", "\\")
    return starts_well and len(path) <= 2000 and path.isprintable() and "\\" not in path


def asked_next(given: str | None) -> str:
    """The local path to go on to, from a parameter; "" if there is none or it leads elsewhere."""
    return given if given and is_local_path(given) else ""


def moment(at: datetime) -> str:
    """A moment for people, with its zone."""
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def ago(at: datetime) -> str:
    """How long a moment is past, for people; of one of more than 30 days ago, or still to come, the day."""
    past = (datetime.now(UTC) - at).total_seconds()
    if not 0 <= past < 30 * 24 * 3600:
        return f"{at.day} {at:%B %Y}"
    if past < 60:
        return "just now"
    size, unit = next((size, unit) for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")) if past >= size)
    count = int(past // size)
    return f"{count} {unit}{'' if count == 1 else 's'} ago"


def instant(text: str) -> datetime:
    """A moment out of its ISO text with zone, as answers of verbs that are shown once hold it."""
    return datetime.fromisoformat(text)


def said(sentence: str) -> Markup:
    """A sentence of an error as HTML, in the words of pages and with moments as pages write them."""
    return marked(_MOMENT.sub(_dated, on_page(sentence)))


def _dated(found: re.Match[str]) -> str:
    """`2026-11-22 12:50 UTC`, as sentences have it for terminals too, as `moment` writes it; what is no day stays as it is."""
    try:
        day = date.fromisoformat(found[1] or found[3])
    except ValueError:
        return found[0]
    return f"{day.day} {day:%B %Y}" + (f", {found[2]} UTC" if found[2] else "")


def marked(sentence: str) -> Markup:
    """A sentence as HTML: what stands in backticks is a command or a name."""
    return Markup(_TICKED.sub(r"<code>\1</code>", str(escape(sentence))))  # noqa: S704 - escaped


def way_to(error: ConnectorError) -> tuple[str, str] | None:
    """Where a page of the organization that is shown puts an error right, and the words of the link; None where no other does."""
    organization, way = (request.view_args or {}).get("o"), way_of(error.detail, error.expected, error.advice)
    if organization is None or way is None:
        return None
    path = f"/admin/{organization}{way.tail}"
    return None if request.path == path else (house().path(path), way.words)


def static_path(name: str) -> str:
    """Where a file of ours is found."""
    return house().path(f"/static/{VERSIONS[name]}/{name}")


@blueprint.get("/static/<digest>/<name>")
def static_file(digest: str, name: str) -> Response:
    """A file of ours. Kept for ever under the hash of its content; under another one it is sent and not kept."""
    if name not in _FILES:
        raise NotFound("not_found", "There is nothing at this address.")
    kept = f"public, max-age={_YEAR}, immutable" if digest == VERSIONS[name] else "no-cache"
    return Response(_FILES[name], headers={"Cache-Control": kept, "X-Content-Type-Options": "nosniff"}, content_type=_KINDS[name])
