"""HOW RULES COUNT: which role wins, whether rules make owners, who may come in, and what all others get. Changed by a plan."""

from __future__ import annotations

from flask import Blueprint, Response

from connector.admin.forms import text, ticked
from connector.admin.frame import Visit, visited
from connector.admin.mapping import course, shown
from connector.admin.plans import proposed
from connector.directory import policy
from connector.directory.model import Document
from connector.directory.policy import PolicyView
from connector.errors import ConnectorError
from connector.organizations import catalogue
from connector.web import refusals

blueprint = Blueprint("mapping_policy", __name__)


@blueprint.get("/admin/<o>/mapping/policy")
@visited
def show_policy(visit: Visit) -> Response:
    """The policy as it is, to be changed."""
    return _page(visit, policy.show(visit.database, visit.here.id, actor=visit.actor))


@blueprint.post("/admin/<o>/mapping/policy")
@visited
def change(visit: Visit) -> Response:
    """Look at what another policy changes."""
    wanted = PolicyView(text("role_strategy"), ticked("top_by_rules"), ticked("entry_gate"), text("default_role"))
    given: Document = {
        "role_strategy": wanted.role_strategy,
        "top_by_rules": wanted.top_by_rules,
        "entry_gate": wanted.entry_gate,
        "default_role": wanted.default_role,
    }
    try:
        return proposed(visit, "policy", given, back="/mapping/policy")
    except ConnectorError as error:
        return _page(visit, wanted, error)


def _page(visit: Visit, wanted: PolicyView, error: ConnectorError | None = None) -> Response:
    roles = catalogue.show(visit.database, visit.here.id, actor=visit.actor)
    return shown(
        visit,
        "admin/mapping_policy.html",
        course(visit, ""),
        status=200 if error is None else refusals.status_of(error),
        wanted=wanted,
        error=error,
        roles=roles,
        choices=[(role.name, role.name) for role in roles.roles if not role.top],
    )
