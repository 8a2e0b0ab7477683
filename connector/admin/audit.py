"""THE AUDIT TRAIL: who did what, when, what it was before and after, and why; and the whole of it as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, Response

from connector.admin import people_words, recorded
from connector.admin.forms import asked
from connector.admin.frame import Visit, show, visited
from connector.admin.recorded import Line
from connector.membership.fold import timestamp
from connector.provisioning import history
from connector.provisioning.history import AuditFilter, AuditItem

blueprint = Blueprint("audit", __name__)

SUBJECTS = (
    ("", "Everything"),
    ("member.", "Members"),
    ("invitation.", "Invitations"),
    ("team.", "Teams"),
    ("project.", "Projects"),
    ("grant.", "Grants"),
    ("rule", "Rules"),
    ("roles.", "Roles"),
    ("connection.", "Connections"),
    ("directory.", "The directory"),
    ("token.", "SCIM tokens"),
    ("client.", "OAuth clients"),
    ("domain.", "Domains"),
    ("setup_link.", "Set-up links"),
    ("sign_in.", "Sign-ins"),
    ("break_glass.", "Break-glass"),
    ("guard.", "Alarms and what was held back"),
    ("key.", "API keys"),
    ("organization.", "The organization"),
    ("settings.", "Settings"),
)
"""What actions begin with, and what they are about."""


ENTRIES = 30
"""Entries on one page: each comes with what changed and why, and a page stays below 100 kB."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it is shown: the line, what changed and why; `more` details stand in the files only."""

    item: AuditItem
    brief: Sequence[Line]
    lines: Sequence[Line]
    because: Sequence[str]
    more: int


@blueprint.get("/admin/<o>/audit")
@visited
def list_(visit: Visit) -> Response:
    """Newest first; filtered by who, what, about whom, and days. The files have the same entries."""
    filters = {name: asked(name) for name in ("actor", "action", "target", "q", "since", "until")}
    since, until = recorded.between()
    chosen = AuditFilter(filters["actor"], filters["action"], filters["target"], since, until, filters["q"])
    page = history.audit_page(visit.database, visit.here.id, chosen, limit=ENTRIES, after=asked("after"), actor=visit.actor)
    return show(
        visit,
        "admin/audit.html",
        page=page,
        entries=_entries(page.items),
        filters=filters,
        known=recorded.known(visit),
        subjects=SUBJECTS,
        words=people_words,
        exports=[(form.upper(), _export(visit, form, chosen)) for form in ("csv", "ndjson")],
    )


def _entries(items: Sequence[AuditItem]) -> list[Entry]:
    """With as much of their details as finds room on one page."""
    lines = [recorded.changed(item.before, item.after) for item in items]
    told = [people_words.because(item) for item in items]
    details = [[*changed, *((each,) for each in because)] for changed, because in zip(lines, told, strict=True)]
    most = recorded.share(details)
    return [_entry(item, changed, all_, most) for item, changed, all_ in zip(items, lines, details, strict=True)]


def _entry(item: AuditItem, changed: list[tuple[str, str, str]], details: list[Line], most: int) -> Entry:
    kept = recorded.within(details, most)
    because = [sentence for (sentence,) in kept[len(changed) :]]
    return Entry(item, recorded.brief(changed), kept[: len(changed)], because, len(details) - len(kept))


def _export(visit: Visit, form: str, chosen: AuditFilter) -> str:
    """Where the same entries are sent as a file."""
    days = {"since": _moment(chosen.since), "until": _moment(chosen.until)}
    said = {"format": form, "actor": chosen.actor, "action": chosen.action, "target": chosen.target, "q": chosen.q, **days}
    query = urlencode({name: value for name, value in said.items() if value})
    return visit.house.path(f"/api/orgs/{visit.here.id}/audit/export?{query}")


def _moment(at: datetime | None) -> str | None:
    return None if at is None else timestamp(at)
