"""The provisioning log: what the IdP asked, in meaning; what it changed; what was answered. Written with the change itself.

It stores no payloads and no secrets. Refusals are written in a transaction of their own, since what they refused was rolled back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, literal_column, select

from connector.directory import newest
from connector.directory.connections import MANAGE, reachable
from connector.directory.model import Client
from connector.membership.model import AccessChange
from connector.provisioning.acting import OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.pages import Page
from connector.provisioning.sync import Outcome
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.writes import insert_rows

SHOWN = 100
"""Access changes kept per log row; a group of 10,000 does not make a row of megabytes. The audit has them all."""

REFUSED = 400
"""The status from which on an answer is a refusal."""

STRANGERS = timedelta(minutes=1)
"""At most one refusal of an unknown credential is logged per connection in this time, so that nobody can fill the log."""


@dataclass(frozen=True, slots=True)
class LogItem:
    """One request of an identity provider at a connection (its id), in meaning.

    `changes` are access changes (`email`, `target`, `before`, `after`, `because`), or `{"more": n}` last; `arrived`, `expected`
    and `advice` are empty unless there was something to say.
    """

    id: str
    connection: str
    at: datetime
    client: str
    meaning: str
    changes: tuple[Mapping[str, Any], ...]
    status: int
    arrived: str
    expected: str
    advice: str


def record(corridor: Corridor, client: Client, meaning: str, status: int, outcome: Outcome | None = None, note: str = "") -> None:
    """Write what a push meant and changed, in the corridor's own transaction."""
    changes = [] if outcome is None else _shown(outcome.plan.access)
    advice = "" if outcome is None or not outcome.withheld else _WITHHELD
    row = _row(client, corridor.now, meaning, status, changes=changes, arrived=note, advice=advice)
    corridor.insert(t.ProvisioningLog, [row])


_WITHHELD = (
    "Withheld: this would have left the organization without an active owner. Make somebody else an owner, then look at"
    " `connector plan` and confirm with `connector apply`."
)


def _shown(changes: Sequence[AccessChange]) -> list[dict[str, Any]]:
    shown = [
        {"email": c.subject.email, "target": c.target, "before": c.before, "after": c.after, "because": list(c.because)}
        for c in changes[:SHOWN]
    ]
    more = len(changes) - SHOWN
    return [*shown, {"more": more}] if more > 0 else shown


def record_refusal(
    database: Database, client: Client, *, meaning: str, status: int, arrived: str, expected: str, advice: str
) -> None:
    """Write that a request was refused: what arrived, what was expected, and where to change it."""
    now = datetime.now(UTC)
    row = _row(client, now, meaning, status, changes=[], arrived=arrived, expected=expected, advice=advice)
    database.write(lambda tx: insert_rows(tx, t.ProvisioningLog, [row]))


def record_stranger(
    database: Database, connection_id: str, *, agent: str, address: str, arrived: str, expected: str, advice: str
) -> None:
    """Write that a credential was refused at an existing connection, once a minute at most; unknown ones leave no trace."""
    now = datetime.now(UTC)
    with database.read() as tx:
        known = select(t.Connection.organization_id).where(t.Connection.id == connection_id)
        organization_id = tx.execute(known).scalar_one_or_none()
        if organization_id is None or _recent(tx, connection_id, now):
            return
    client = Client(connection_id, organization_id, "", agent, address)
    row = _row(client, now, "sign in to SCIM", 401, changes=[], arrived=arrived, expected=expected, advice=advice)
    database.write(lambda tx: insert_rows(tx, t.ProvisioningLog, [row]))


def _recent(tx: Connection, connection_id: str, now: datetime) -> bool:
    log = t.ProvisioningLog
    found = select(log.id).where(log.connection_id == connection_id, log.status == 401, log.at > now - STRANGERS).limit(1)
    return tx.execute(found).first() is not None


def list_(
    database: Database,
    organization_id: str,
    connection_id: str | None,
    *,
    limit: int,
    after: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    refused: bool | None = None,
    q: str | None = None,
    actor: Actor = OPERATOR,
) -> Page[LogItem]:
    """Return a page of the log of a connection, or (None) of all of the organization, newest first: what came from `since` on and
    before `until`, only what was `refused` or was not, and what has `q` in its meaning. A page may have fewer than `limit` and
    still a `next` (`newest.py`). Raises NotFound `connection_not_found`, Invalid `cursor_invalid`, and what `acting.look`
    raises."""
    row = t.ProvisioningLog
    columns = (row.id, row.connection_id, row.at, row.client, row.meaning, row.changes, row.status)
    known = [_WAS_REFUSED] if refused else []
    looked_at: list[ColumnElement[bool]] = [] if refused is not False else [row.status < REFUSED]
    looked_at += [row.meaning.icontains(q, autoescape=True)] if q else []
    wanted = newest.Wanted(row, connection_id, since, until, known, looked_at)

    def work(glance: Glance, standing: Standing) -> Page[LogItem]:
        reachable(glance, standing, connection_id)
        told = (*columns, row.arrived, row.expected, row.advice)
        found = newest.read(glance, wanted, told, limit=limit, after=after)
        return Page(tuple(_item(each) for each in found.items), found.next)

    return look(database, organization_id, actor, MANAGE, work, by_link=True)


# As the index says it (`ix_provisioning_log_refused`): with a parameter SQLite would not see that it is the same.
_WAS_REFUSED = t.ProvisioningLog.status >= literal_column(str(REFUSED))


def _item(row: Any) -> LogItem:
    what = (row.client, row.meaning, tuple(row.changes), row.status)
    return LogItem(row.id, row.connection_id, row.at, *what, row.arrived, row.expected, row.advice)


def _row(
    client: Client,
    now: datetime,
    meaning: str,
    status: int,
    *,
    changes: list[dict[str, Any]],
    arrived: str = "",
    expected: str = "",
    advice: str = "",
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organization_id": client.organization_id,
        "connection_id": client.connection_id,
        "at": now,
        "client": f"{client.agent} ({client.address})",
        "meaning": meaning,
        "changes": changes,
        "status": status,
        "arrived": arrived,
        "expected": expected,
        "advice": advice,
    }
