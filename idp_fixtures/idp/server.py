"""The identity provider as a WSGI application, and served on loopback while a `with` lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

from idp_fixtures.idp import asking, oidc, pages, saml, set_up
from idp_fixtures.idp.provider import Application, Provider
from idp_fixtures.people import person as new_person


def create_app(provider: Provider) -> Flask:
    """The pages and endpoints of one identity provider."""
    app = Flask("idp_fixtures", static_folder=None)
    app.extensions["provider"] = provider
    app.after_request(lambda response: provider.twists.get(request.path, _as_it_is)(response))
    app.register_blueprint(saml.blueprint)
    app.register_blueprint(oidc.blueprint)
    app.register_blueprint(set_up.blueprint)
    app.add_url_rule("/", view_func=front)
    app.add_url_rule("/sign-in", view_func=sign_in, methods=["POST"])
    app.add_url_rule("/admin/people", view_func=change_person, methods=["POST"])
    app.add_url_rule("/admin/applications", view_func=register_application, methods=["POST"])
    return app


def _as_it_is(response: Response) -> Response:
    return response


def front() -> Response:
    """What this is."""
    idp = asking.provider()
    return pages.front(idp.name, idp.url, [each.name for each in idp.applications() if each.acs_url])


def sign_in() -> Response:
    """The person chose on the page: `ticket` and `person` (empty: refuses)."""
    return asking.proceed(request.form.get("ticket", ""), request.form.get("person", ""))


def change_person() -> Response:
    """Add or change somebody: JSON with `email`, and `name`, `groups`, `active` as wanted."""
    idp, told = asking.provider(), _told()
    email = str(told.get("email", ""))
    if email not in {each.email for each in idp.people()}:
        idp.put(new_person(email, str(told.get("name", email))))
    changes: dict[str, Any] = {"groups": tuple(told["groups"])} if "groups" in told else {}
    if "active" in told:
        changes["active"] = bool(told["active"])
    changed = idp.change(email, **changes)
    return jsonify(id=changed.id, email=changed.email, groups=changed.groups, active=changed.active)


def register_application() -> Response:
    """Make an application known: JSON with the fields of `Application`."""
    told: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in _told().items()}
    unknown = set(told) - {each.name for each in fields(Application)}
    if unknown or "name" not in told:
        return pages.refusal("Only fields of an application are understood, and it needs a name.")
    return jsonify(name=asking.provider().register(Application(**told)).name)


def _told() -> dict[str, Any]:
    told = request.get_json(silent=True)
    return told if isinstance(told, dict) else {}


class _Quiet(WSGIRequestHandler):
    """Serves without a line for every request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def serving(provider: Provider, port: int = 0) -> Iterator[Provider]:
    """Serve on 127.0.0.1 in threads of this process; `provider.url` says where. Port 0 takes a free one."""
    server = make_server("127.0.0.1", port, create_app(provider), threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
