"""ONCE: a request with an idempotency key makes what it makes one time, however often it is sent.

The answer is kept in the transaction that makes the thing, for a day: neither can exist without the other. It is sealed, for a
key that is shown once may stand in it. Two that are sent at the same moment race for the row, and the second finds the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from connector.errors import Conflict
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.sealing import Sealer
from connector.storage.writes import insert_rows

KEPT = timedelta(days=1)
_CHUNK = 10_000  # rows deleted in one transaction: on SQLite every writer waits for it


@dataclass(frozen=True, slots=True)
class Once:
    """The request: `key` names it together with who sent it and to where (hashed), `fingerprint` is the hash of what it says;
    `render` makes the text that is kept of what came of it."""

    key: str
    fingerprint: str
    sealer: Sealer
    render: Callable[[Any], str]


class Replayed(Exception):
    """The request was answered before: `text` is what was kept. Ends the transaction, which has nothing to do."""

    def __init__(self, text: str) -> None:
        super().__init__("replayed")
        self.text = text


_FIND = Hot(
    select(t.KeptAnswer.fingerprint, t.KeptAnswer.sealed, t.KeptAnswer.created_at).where(t.KeptAnswer.key == bindparam("k"))
)


def find(tx: Connection, once: Once, now: datetime) -> None:
    """Raises Replayed when this was answered within a day, Conflict `idempotency_key_reused` when the key was another's."""
    row = _FIND.first(tx, {"k": once.key})
    if row is None:
        return
    if row.created_at <= now - KEPT:
        tx.execute(delete(t.KeptAnswer).where(t.KeptAnswer.key == once.key))
        return
    if row.fingerprint != once.fingerprint:
        raise Conflict(
            "idempotency_key_reused",
            "This Idempotency-Key was sent with another request before.",
            expected="a new key for a new request",
        )
    raise Replayed(once.sealer.open(row.sealed, once.key))


def keep(tx: Connection, once: Once, result: Any, now: datetime) -> None:
    """Keep what came of it."""
    sealed = once.sealer.seal(once.render(result), once.key)
    insert_rows(tx, t.KeptAnswer, [{"key": once.key, "fingerprint": once.fingerprint, "sealed": sealed, "created_at": now}])


def sweep(database: Database, now: datetime) -> None:
    """Forget what nobody may ask for any more."""
    some = select(t.KeptAnswer.key).where(t.KeptAnswer.created_at <= now - KEPT).limit(_CHUNK)
    # "created_at" once more: a key that was used anew since it was chosen stays.
    old = delete(t.KeptAnswer).where(t.KeptAnswer.key.in_(some), t.KeptAnswer.created_at <= now - KEPT)
    while database.write(lambda tx: tx.execute(old).rowcount) == _CHUNK:
        pass
