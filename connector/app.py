"""The WSGI application: the only file that knows every room.

Beside what the rooms answer it says whether it lives (`/healthz`) and whether it can work (`/readyz`). Everything else is 404.
Errors outside SCIM are pages for browsers and problem details (RFC 9457) for everybody else. One structured log record per
request, without personal data: no query, no body, no credential, no path that a client made up.
"""

from __future__ import annotations

import logging
import time
import traceback
import uuid
from typing import Any

from flask import Flask, Response, g, jsonify, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from connector.admin import routes as admin
from connector.api import routes as api
from connector.config import Settings
from connector.errors import ConnectorError, Unavailable
from connector.oidc import routes as oidc
from connector.outbound.fetch import Fetcher
from connector.saml import routes as saml
from connector.saml.refresh import told_metadata
from connector.scim import oauth, resources
from connector.scim.errors import http_refusal
from connector.storage import migrate
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from connector.web import account, founding, home, invitation, login, my_keys, origin, pages, refusals, sso
from connector.web.house import House, house
from connector.web.refusals import problem

BODY = 2 * 1024 * 1024
"""Bytes of a request body, unless a room says otherwise."""

SCIM_KINDS = frozenset({"Users", "Groups", "Schemas", "ResourceTypes", "ServiceProviderConfig", "Me", "Bulk", ".search"})

_requests = logging.getLogger("connector.request")
_failures = logging.getLogger("connector.failure")


def create_app(settings: Settings) -> Flask:
    """Make the application with a pool of its own: call it after a fork. Nothing is connected before the first request."""
    app = Flask("connector", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY
    app.extensions["connector"] = _house(settings)
    app.before_request(_start)
    app.before_request(origin.check)
    app.after_request(_finish)
    app.register_blueprint(resources.blueprint)
    app.register_blueprint(oauth.blueprint)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(home.blueprint)
    app.register_blueprint(login.blueprint)
    app.register_blueprint(account.blueprint)
    app.register_blueprint(my_keys.blueprint)
    app.register_blueprint(founding.blueprint)
    app.register_blueprint(invitation.blueprint)
    app.register_blueprint(sso.blueprint)
    app.register_blueprint(saml.blueprint)
    app.register_blueprint(oidc.blueprint)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(admin.blueprint)
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(ConnectorError, _refused)
    app.register_error_handler(Exception, _failure)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _house(settings: Settings) -> House:
    database, sealer = Database.open(settings.database_url), Sealer(settings.secret_keys)
    protocols = {"saml": saml.protocol, "oidc": oidc.protocol}
    return House(settings, database, sealer, Fetcher(settings.fetch_private), protocols, told_metadata)


def healthz() -> Response:
    """The process lives. Asks nothing of the database: a restart would not bring that back."""
    return jsonify(status="ok")


def readyz() -> Response:
    """The database answers and is of this program's schema; else 503."""
    try:
        found = migrate.current(house().database)
    except SQLAlchemyError:
        raise Unavailable("database_unavailable", "The database cannot be read.", retry_after=5) from None
    if found != migrate.head():
        detail = f"The database is at revision {found or 'none'}, this program needs {migrate.head()}: run `connector migrate`."
        return problem(503, "database_outdated", detail)
    return jsonify(status="ok")


def _http_error(error: HTTPException) -> Response:
    """What no room could answer. An address or method that the routes of SCIM do not know is refused in its form."""
    if request.path == "/scim" or request.path.startswith("/scim/"):
        return http_refusal(error).response()
    return refusals.http_answer(error)


def _refused(error: ConnectorError) -> Response:
    """What no room answered itself: a page where a browser asks."""
    return refusals.answer(error, default_page=False)


def _failure(error: Exception) -> Response:
    """A failure of connector itself. Only the kind of error and lines of code are logged: its text may repeat what was sent."""
    reference = uuid.uuid4().hex
    lines = "".join(traceback.format_tb(error.__traceback__))
    _failures.error("request failed, reference %s: %s\n%s", reference, type(error).__name__, lines)
    return refusals.failure(reference)


def _start() -> None:
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    if request.path not in ("/healthz", "/readyz"):
        _requests.info("request", extra={"fields": _record(response.status_code)})
    return response


def _record(status: int) -> dict[str, Any]:
    """What is logged of a request. The connection is that of a checked token, never what stands in the address."""
    record: dict[str, Any] = {"method": request.method, "route": _route(), "status": status}
    record["ms"] = round((time.perf_counter() - g.started) * 1000, 1)
    client = g.get("scim_client")
    return record if client is None else record | {"connection": client.connection_id}


def _route() -> str:
    """The pattern of the address: SCIM has one route for everything, so its kind of resource is told beside it."""
    if request.url_rule is None:
        return "none"
    if request.blueprint != resources.blueprint.name:
        return request.url_rule.rule
    segments = [segment for segment in request.path.split("/") if segment][3:]
    kind = segments[0] if segments and segments[0] in SCIM_KINDS else "..."
    rest = "/.search" if segments[1:] == [".search"] else "/{id}" if len(segments) > 1 else ""
    return f"/scim/v2/{{connection}}/{kind}{rest}"
