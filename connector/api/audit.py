"""The audit trail: in pages, and whole for other programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from flask import Response
from pydantic import AwareDatetime, Field

from connector.api.messages import Query
from connector.api.operation import Call, Raw, operation
from connector.api.paging import Listing
from connector.organizations import audit_export
from connector.organizations.audit_export import Form
from connector.provisioning import history
from connector.provisioning.history import READ_AUDIT, AuditFilter, AuditItem
from connector.provisioning.pages import Page

_MEDIA: dict[Form, str] = {"ndjson": "application/x-ndjson", "csv": "text/csv"}
_TAG = "Audit"

Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 2, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC))]


class Search(Query):
    """Which entries. What is given must hold together."""

    actor: str | None = Field(default=None, max_length=400, description="Who did it: `operator`, an e-mail address, `scim:ID`.")
    action: str | None = Field(default=None, max_length=100, description="What the action begins with, such as `member.`.")
    target: str | None = Field(default=None, max_length=400, description="What it was done to: an e-mail address, or `kind:id`.")
    since: Moment | None = Field(default=None, description="From this moment on, with its zone.")
    until: Moment | None = Field(default=None, description="Before this moment.")
    q: str | None = Field(default=None, min_length=1, max_length=200, description="Somewhere in actor, action or target.")

    @property
    def chosen(self) -> AuditFilter:
        """The same for the verb."""
        return AuditFilter(self.actor, self.action, self.target, self.since, self.until, self.q)


class Ordered(Search, Listing):
    """Which entries, and in which order."""

    order: Literal["newest", "oldest"] = Field(default="newest", description="Which come first.")


class Export(Search):
    """Which entries, and as what."""

    format: Form = Field(default="ndjson", description="One JSON object for each line, or a table.")


@operation(
    "GET", "/api/orgs/<o>/audit", tag=_TAG, summary="Who did what, and why", permission=READ_AUDIT,
    query=Ordered, answer=Page[AuditItem],
)  # fmt: skip
def list_audit_entries(call: Call, o: str, query: Ordered) -> Page[AuditItem]:
    """Every change has its entry. Entries are never changed and never deleted while the organization is there. A page may have
    fewer items than asked for, and more behind it."""
    given = (call.database, call.organization(o), query.chosen)
    oldest_first = query.order == "oldest"
    return history.audit_page(*given, oldest_first=oldest_first, limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "GET", "/api/orgs/<o>/audit/export", tag=_TAG, summary="The audit trail as a file", permission=READ_AUDIT,
    query=Export, answer=Raw(tuple(_MEDIA.values())),
)  # fmt: skip
def export_audit(call: Call, o: str, query: Export) -> Response:
    """All entries until now, oldest first, sent as they are read. In CSV a cell that a spreadsheet would take for a formula
    begins with an apostrophe."""
    found = history.audit_all(call.database, call.organization(o), query.chosen, now=call.now, actor=call.actor)
    response = Response(audit_export.lines(found, query.format), mimetype=_MEDIA[query.format])
    response.headers["Content-Disposition"] = f'attachment; filename="audit-{call.now:%Y-%m-%d}.{query.format}"'
    return response
