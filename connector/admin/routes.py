"""ROUTES: every page of the console, as one blueprint. A module of pages is imported here, once."""

from __future__ import annotations

import secrets

from flask import Blueprint, Flask

from connector.admin import (
    break_glass,
    invitations,
    keys,
    mode,
    overview,
    people,
    person,
    plans,
    projects,
    roles,
    settings,
    teams,
)

blueprint = Blueprint("admin", __name__, template_folder="templates")

for pages in (break_glass, invitations, keys, mode, overview, people, person, plans, projects, roles, settings, teams):
    blueprint.register_blueprint(pages.blueprint)


@blueprint.record
def _prepare(state: object) -> None:
    app: Flask = state.app  # type: ignore[attr-defined]
    app.jinja_env.globals.update(new_once=lambda: secrets.token_urlsafe(24))
