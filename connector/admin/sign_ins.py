"""SIGN-INS: every attempt of the last week, how far it came, what was wrong, and how it is mended at the identity provider."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flask import Blueprint, Response

from connector.admin import recorded
from connector.admin.forms import asked
from connector.admin.frame import PAGE, Visit, show, visited
from connector.admin.guides.advice import Advice, advice, silence
from connector.admin.recorded import Known
from connector.directory import traces
from connector.directory.traces import TraceItem

blueprint = Blueprint("sign_ins", __name__)

OUTCOMES = (("", "All"), ("ok", "Signed in"), ("refused", "Refused"))
PURPOSES = (("", "All"), ("sign_in", "Sign-ins"), ("test", "Test sign-ins"))
STAGES: Mapping[str, str] = MappingProxyType(
    {
        "start": "Before it left for the identity provider",
        "arrive": "When the answer arrived",
        "signature": "At the signature",
        "check": "At the content of the answer",
        "identity": "At who it is",
        "entry": "At the door: known, but not let in",
        "done": "All the way",
        "logout": "At signing out",
        "fetch": "When the identity provider was asked",
        "expired": "It left and never came back",
    }
)
"""How far an attempt came."""


@blueprint.get("/admin/<o>/sign-ins")
@visited
def list_(visit: Visit) -> Response:
    """Newest first; filtered by outcome, purpose, stage and days, or the one with a reference."""
    filters = {name: asked(name) for name in ("connection", "status", "purpose", "stage", "reference", "since", "until")}
    since, until = recorded.between()
    page = traces.list_(
        visit.database,
        visit.here.id,
        filters["connection"],
        limit=PAGE,
        after=asked("after"),
        since=since,
        until=until,
        refused=recorded.REFUSED.get(filters["status"] or ""),
        purpose=filters["purpose"],
        stage=filters["stage"],
        reference=filters["reference"],
        actor=visit.actor,
    )
    known = recorded.known(visit)
    return show(
        visit,
        "admin/sign_ins.html",
        page=page,
        filters=filters,
        known=known,
        outcomes=OUTCOMES,
        purposes=PURPOSES,
        stages=STAGES,
        value=recorded.value,
        advise=lambda item: _advised(item, known),
    )


def _advised(item: TraceItem, known: Known) -> tuple[Advice, ...]:
    """How it is mended there: for one that never came back the usual reasons, else what belongs to the refusal."""
    idp = known.idp(item.connection)
    if item.stage == "expired":
        return silence(idp, "sign_in")
    found = None if item.code == "ok" else advice(item.code, idp, item.facts)
    return () if found is None else (found,)
