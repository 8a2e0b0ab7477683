"""ROUTES: every page of the console, as one blueprint. A module of pages is imported here, once."""

from __future__ import annotations

from flask import Blueprint, Flask

from connector.admin import (
    audit,
    break_glass,
    connection,
    connection_options,
    connection_state,
    connections,
    credentials,
    domains,
    invitations,
    keys,
    links,
    log,
    mapping,
    mapping_policy,
    mapping_rule,
    mode,
    overview,
    people,
    person,
    plans,
    projects,
    roles,
    settings,
    sign_ins,
    teams,
    wizard,
    wizard_live,
    wizard_push,
)
from connector.admin.guides.model import spans

blueprint = Blueprint("admin", __name__, template_folder="templates")

for pages in (
    audit,
    break_glass,
    connection,
    connection_options,
    connection_state,
    connections,
    credentials,
    domains,
    invitations,
    keys,
    links,
    log,
    mapping,
    mapping_policy,
    mapping_rule,
    mode,
    overview,
    people,
    person,
    plans,
    projects,
    roles,
    settings,
    sign_ins,
    teams,
    wizard,
    wizard_live,
    wizard_push,
):
    blueprint.register_blueprint(pages.blueprint)


@blueprint.record
def _prepare(state: object) -> None:
    app: Flask = state.app  # type: ignore[attr-defined]
    app.jinja_env.filters.update(spans=spans)
