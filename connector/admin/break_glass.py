"""BREAK-GLASS OWNERS: who comes in on the day the identity provider fails, and their printed codes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flask import Blueprint, Response, request

from connector.accounts import recovery
from connector.admin import forms
from connector.admin.frame import Visit, done, show, visited
from connector.errors import ConnectorError
from connector.organizations import break_glass, member_list
from connector.web import refusals

blueprint = Blueprint("break_glass", __name__)

_WIZARD = re.compile(r"/connections/[0-9a-f-]{36}/setup/break-glass")
"""The step of the wizard that leads here, and back."""

SAID = {
    "added": "They are a break-glass owner now. Print their recovery codes: without one they cannot come in when it matters.",
    "removed": "Break-glass is taken back, with its codes and what was open by it.",
}


@blueprint.get("/admin/<o>/break-glass")
@visited
def list_(visit: Visit) -> Response:
    """Who they are, and how many codes each has left."""
    return _page(visit)


@blueprint.post("/admin/<o>/break-glass")
@visited
def add(visit: Visit) -> Response:
    """Name one by the verified address of an active member."""
    try:
        break_glass.add(visit.database, visit.here.id, forms.text("email"), actor=visit.actor)
    except ConnectorError as error:
        return _page(visit, error=error)
    return done(visit, "/break-glass", "added", back=_back())


@blueprint.post("/admin/<o>/break-glass/<user>/codes")
@visited
def codes(visit: Visit, user: str) -> Response:
    """Make new codes and show them this once; the old ones are dead."""
    member = member_list.show(visit.database, visit.here.id, user, actor=visit.actor)
    called, owner = member.email or user, str(member.user_id)
    made = forms.made_once(
        visit, lambda once: recovery.codes_of(visit.database, visit.here.id, owner, called, actor=visit.actor, once=once)
    )
    return _page(visit, codes=made, of=member.name or called)


@blueprint.get("/admin/<o>/break-glass/<user>/remove")
@visited
def ask_remove(visit: Visit, user: str) -> Response:
    """What taking it back means."""
    member = member_list.show(visit.database, visit.here.id, user, actor=visit.actor)
    return show(visit, "admin/break_glass_remove.html", member=member, user=user, error=None)


@blueprint.post("/admin/<o>/break-glass/<user>/remove")
@visited
def remove(visit: Visit, user: str) -> Response:
    """Take it back. The last one of an organization in `sso` stays."""
    break_glass.remove(visit.database, visit.here.id, user, actor=visit.actor)
    return done(visit, "/break-glass", "removed")


def _back() -> str:
    """The tail of the wizard's step that somebody came from, "" if they came from elsewhere."""
    back = request.values.get("back", "")
    return back if _WIZARD.fullmatch(back) else ""


def _page(visit: Visit, *, error: ConnectorError | None = None, codes: Sequence[str] = (), of: str = "") -> Response:
    owners = break_glass.list_(visit.database, visit.here.id, actor=visit.actor)
    return show(
        visit,
        "admin/break_glass.html",
        status=refusals.status_of(error) if error else 200,
        said=SAID,
        owners=owners,
        full=len(owners) >= break_glass.AT_MOST,
        error=error,
        given=request.form.get("email", ""),
        codes=codes,
        of=of,
        back=_back(),
    )
