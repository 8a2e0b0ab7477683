"""The thread beside the server that numbers events and does the periodic work, once for all processes.

Every process starts one; a lease in the database decides which of them works. When that one dies, another takes over as soon as
the lease has run out.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.directory import upkeep
from connector.errors import Unavailable
from connector.provisioning import lease
from connector.provisioning.relay import relay
from connector.storage.database import Database
from connector.storage.ids import new_id

LEASE = "upkeep"
BEAT = 1.0
"""Seconds between two looks at the outbox."""

RENEW = 10.0
"""Seconds between two renewals of the lease: often enough to miss one."""

TRY = 5.0
"""Seconds between two tries of those that have not got it."""

UPKEEP = 600.0
"""Seconds between two rounds of the periodic work."""

LONGEST_PAUSE = 60.0
"""Seconds at most between two tries while something is wrong."""

AWAY = 2.0
"""Seconds between two tries while the database is away: events are waited for as soon as it is back."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Worker:
    """One thread's state: whether it holds the lease, and when (monotonic) it renews or tries it, and runs the upkeep, next."""

    database: Database
    holder: str
    held: bool = False
    lease_at: float = 0.0
    upkeep_at: float = 0.0


def start(database: Database) -> Callable[[], None]:
    """Start the thread and return what stops it: the lease is given back, and the thread ends within a second or, when the
    database does not answer, with the process. Start it after a fork, never before."""
    stopped = threading.Event()
    worker = _Worker(database, new_id())
    thread = threading.Thread(target=_run, args=(worker, stopped), name="connector-upkeep", daemon=True)
    thread.start()

    def stop() -> None:
        stopped.set()
        thread.join(timeout=1)

    return stop


def _run(worker: _Worker, stopped: threading.Event) -> None:
    pause = 0.0
    while not stopped.wait(pause):
        pause = _pause_after(worker, _beat, pause)
    if worker.held:
        _pause_after(worker, _give_back, pause)


def _pause_after(worker: _Worker, work: Callable[[_Worker], None], pause: float) -> float:
    """Run one step and return how long to wait then; whatever goes wrong is logged and does not end the thread."""
    try:
        work(worker)
    except Unavailable as error:
        _log.warning("upkeep waits: %s", error.detail)
        return AWAY
    except Exception:
        _log.exception("upkeep failed and will try again")
        return min(max(2 * pause, BEAT), LONGEST_PAUSE)
    return BEAT


def _beat(worker: _Worker) -> None:
    now = time.monotonic()
    if now >= worker.lease_at:
        worker.held = False  # until the database says otherwise
        worker.held = lease.hold(worker.database, LEASE, worker.holder)
        worker.lease_at = now + (RENEW if worker.held else TRY)
    if not worker.held:
        return
    relay(worker.database)
    if now >= worker.upkeep_at:
        worker.upkeep_at = now + UPKEEP  # also when it fails: the relay goes on meanwhile
        upkeep.run(worker.database, datetime.now(UTC))


def _give_back(worker: _Worker) -> None:
    lease.release(worker.database, LEASE, worker.holder)
