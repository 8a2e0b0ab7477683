"""The sign-in trace of a connection, for its admins: the last attempts, how far each came, what was wrong, what to do. A week.

What stands in it is redacted: names of attributes and not their values but the address, no token, no signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, delete, exists, literal_column, select

from connector.directory import newest
from connector.directory.connections import MANAGE, reachable
from connector.provisioning.acting import OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.provisioning.pages import Page
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.writes import insert_rows

Stage = Literal[
    "start", "arrive", "signature", "check", "identity", "entry", "done", "logout", "fetch", "expired"
]  # how far an attempt came

KEPT = timedelta(days=7)
MESSAGE = 8_000
"""Characters kept of a redacted message."""

UNANSWERED = 200
"""Unanswered requests looked at in one round."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One attempt. `code` is `ok` or that of the refusal; `reference` the correlation id that the employee was shown."""

    connection_id: str
    purpose: str
    stage: Stage
    code: str
    detail: str = ""
    expected: str = ""
    advice: str = ""
    reference: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    address: str | None = None


@dataclass(frozen=True, slots=True)
class TraceItem:
    """One attempt at a connection (its id), as it is shown."""

    id: str
    connection: str
    at: datetime
    purpose: str
    stage: str
    code: str
    detail: str
    expected: str
    advice: str
    reference: str
    facts: Mapping[str, Any]
    message: str
    address: str | None


def record(database: Database, trace: Trace, now: datetime) -> None:
    """Keep an attempt. One of a connection that is gone is forgotten."""

    def work(tx: Any) -> None:
        home = tx.execute(select(t.Connection.organization_id).where(t.Connection.id == trace.connection_id)).scalar_one_or_none()
        if home is not None:
            insert_rows(tx, t.SignInTrace, [row(trace, home, now)])

    database.write(work)


def row(trace: Trace, organization_id: str, now: datetime) -> dict[str, Any]:
    """The row of an attempt, for a transaction that writes it beside other things."""
    said = {name: getattr(trace, name) for name in ("connection_id", "purpose", "stage", "code", "detail", "expected", "advice")}
    rest = {
        "reference": trace.reference,
        "facts": dict(trace.facts),
        "message": trace.message[:MESSAGE],
        "address": trace.address,
    }
    return {"id": new_id(), "organization_id": organization_id, "at": now, **said, **rest}


def list_(
    database: Database,
    organization_id: str,
    connection_id: str | None,
    *,
    limit: int = 100,
    after: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    refused: bool | None = None,
    purpose: str | None = None,
    stage: str | None = None,
    reference: str | None = None,
    actor: Actor = OPERATOR,
) -> Page[TraceItem]:
    """Return a page of the attempts of a connection, or (None) of all of the organization, newest first: those from `since` on
    and before `until`, those that were `refused` or were not, of a purpose, that came to a stage, or with the reference that
    somebody was shown. A page may have fewer than `limit` and still a `next` (`newest.py`).

    Raises NotFound `connection_not_found`, Invalid `cursor_invalid`, and what `acting.look` raises.
    """
    trace = t.SignInTrace
    columns = (trace.id, trace.connection_id, trace.at, trace.purpose, trace.stage, trace.code, trace.detail, trace.expected)
    more = (trace.advice, trace.reference, trace.facts, trace.message, trace.address)
    known = [*([_WAS_REFUSED] if refused else []), *([_REFERRED, trace.reference == reference] if reference else [])]
    looked_at: list[ColumnElement[bool]] = [] if refused is not False else [trace.code == "ok"]
    looked_at += [column == value for column, value in ((trace.purpose, purpose), (trace.stage, stage)) if value]
    wanted = newest.Wanted(trace, connection_id, since, until, known, looked_at)

    def work(glance: Glance, standing: Standing) -> Page[TraceItem]:
        reachable(glance, standing, connection_id)
        found = newest.read(glance, wanted, (*columns, *more), limit=limit, after=after)
        return Page(tuple(TraceItem(*row) for row in found.items), found.next)

    return look(database, organization_id, actor, MANAGE, work, by_link=True)


# As the indexes say it (`ix_sign_in_trace_refused`, `…_reference`): with a parameter SQLite would not see that it is the same.
_WAS_REFUSED = t.SignInTrace.code != literal_column("'ok'")
_REFERRED = t.SignInTrace.reference != literal_column("''")


def unanswered(database: Database, now: datetime) -> int:
    """Trace the requests that an IdP never answered: many mistakes end on its own error page, and nothing arrives here."""
    request, trace = t.SignOnRequest, t.SignInTrace
    told = exists().where(trace.connection_id == request.connection_id, trace.reference == request.handle, _REFERRED)
    found = (
        select(
            request.handle, request.connection_id, request.organization_id, request.purpose, request.created_at, request.address
        )
        .where(request.expires_at <= now, request.used_at.is_(None), request.connection_id.is_not(None), ~told)
        .where(request.purpose.in_(("sign_in", "test")))
        .order_by(request.expires_at)
        .limit(UNANSWERED)
    )
    with database.read() as tx:
        lost = tx.execute(found).all()
    rows = [row(_unanswered(each), each.organization_id, now) for each in lost]
    return database.write(lambda tx: insert_rows(tx, trace, rows)) if rows else 0


def _unanswered(lost: Any) -> Trace:
    return Trace(
        lost.connection_id,
        lost.purpose,
        "expired",
        "never_answered",
        f"A sign-in that began at {lost.created_at:%Y-%m-%d %H:%M} UTC was never answered by the identity provider.",
        "an answer at the ACS URL or redirect URI",
        "If it was not given up: look there for an error page. Often the person is not assigned to the application, or the entity"
        " id, ACS URL or redirect URI was mistyped.",
        lost.handle,
        address=lost.address or None,
    )


def sweep(database: Database, now: datetime) -> None:
    """Forget what is older than it is kept."""
    trace = t.SignInTrace
    database.write(lambda tx: tx.execute(delete(trace).where(trace.at <= now - KEPT)))
