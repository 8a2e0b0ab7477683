"""The threads beside the server: one numbers events and does the periodic work, two ask the network. Once for all processes.

Every process starts them; a lease in the database decides whose work. When those die, another process takes over as soon as the
lease has run out. Mail and DNS have a thread of their own, so that slow servers hold up nothing else, and so have the metadata of
identity providers, whose servers are not ours to choose.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from connector.accounts import links, mail, sessions, throttle
from connector.accounts.alerts import mail_owners
from connector.accounts.invitation_mail import mail_ended
from connector.accounts.verify_mail import mail_unverified
from connector.config import Settings
from connector.directory import documents, domain_checks, requests, setup_links, traces, upkeep
from connector.errors import Unavailable
from connector.organizations import deletion, invitations
from connector.outbound import dns
from connector.outbound.fetch import Fetcher
from connector.provisioning import lease, once
from connector.provisioning.relay import relay
from connector.saml.refresh import refresh_due
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.sealing import Sealer

LEASE = "upkeep"
BEAT = 1.0
"""Seconds between two looks at the outboxes."""

RENEW = 10.0
"""Seconds between two renewals of the lease: often enough to miss one."""

TRY = 5.0
"""Seconds between two tries of those that have not got it."""

UPKEEP = 600.0
"""Seconds between two rounds of the periodic work."""

CHECKS = 60.0
"""Seconds between two rounds of looking at DNS, and at the metadata of identity providers."""

LONGEST_PAUSE = 60.0
"""Seconds at most between two tries while something is wrong."""

AWAY = 2.0
"""Seconds between two tries while the database is away: events are waited for as soon as it is back."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Worker:
    """A process's state: whether it holds the lease, and when (monotonic) it renews or tries it, and does the rest, next."""

    database: Database
    settings: Settings
    sealer: Sealer
    fetcher: Fetcher
    holder: str
    held: bool = False
    lease_at: float = 0.0
    upkeep_at: float = 0.0
    checks_at: float = 0.0
    metadata_at: float = 0.0


def start(database: Database, settings: Settings) -> Callable[[], None]:
    """Start the threads and return what stops them: the lease is given back, and they end within a second or, when the database
    or the mail server does not answer, with the process. Start them after a fork, never before."""
    stopped = threading.Event()
    worker = _Worker(database, settings, Sealer(settings.secret_keys), Fetcher(settings.fetch_private), new_id())
    runs = {"connector-upkeep": _run, "connector-network": _run_network, "connector-metadata": _run_metadata}
    threads = [threading.Thread(target=run, args=(worker, stopped), name=name, daemon=True) for name, run in runs.items()]
    for thread in threads:
        thread.start()

    def stop() -> None:
        stopped.set()
        until = time.monotonic() + 1
        for thread in threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))

    return stop


def _run(worker: _Worker, stopped: threading.Event) -> None:
    pause = 0.0
    while not stopped.wait(pause):
        pause = _pause_after(worker, _beat, pause)
    if worker.held:
        _pause_after(worker, _give_back, pause)


def _run_network(worker: _Worker, stopped: threading.Event) -> None:
    pause = 0.0
    while not stopped.wait(pause):
        pause = _pause_after(worker, _ask_network, pause)


def _run_metadata(worker: _Worker, stopped: threading.Event) -> None:
    pause = 0.0
    while not stopped.wait(pause):
        pause = _pause_after(worker, _refresh_metadata, pause)


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
    relay(worker.database, lambda tx, events: _tell(worker, tx, events))
    if now >= worker.upkeep_at:
        worker.upkeep_at = now + UPKEEP  # also when it fails: the relay goes on meanwhile
        _round(worker.database, datetime.now(UTC))


def _tell(worker: _Worker, tx: Connection, events: Sequence[str]) -> None:
    for write in (mail_owners, mail_ended, mail_unverified):
        write(tx, worker.sealer, worker.settings.base_url, events, datetime.now(UTC))


def _round(database: Database, now: datetime) -> None:
    upkeep.run(database, now)
    traces.unanswered(database, now)  # before the requests are forgotten
    for room in (links, mail, sessions, throttle, invitations, documents, requests, traces, setup_links, deletion, once):
        room.sweep(database, now)


def _ask_network(worker: _Worker) -> None:
    """A process that has just lost the lease may do so beside the next one: each mail is claimed, and DNS says the same twice."""
    if not worker.held:
        return
    mail.deliver(worker.database, worker.settings, worker.sealer, datetime.now(UTC))
    now = time.monotonic()
    if now >= worker.checks_at:
        worker.checks_at = now + CHECKS
        domain_checks.recheck(worker.database, dns.txt, datetime.now(UTC))


def _refresh_metadata(worker: _Worker) -> None:
    """Beside a process that has just taken over, the same documents may be fetched twice, and say the same."""
    now = time.monotonic()
    if worker.held and now >= worker.metadata_at:
        worker.metadata_at = now + CHECKS
        refresh_due(worker.database, worker.fetcher, datetime.now(UTC))


def _give_back(worker: _Worker) -> None:
    lease.release(worker.database, LEASE, worker.holder)
