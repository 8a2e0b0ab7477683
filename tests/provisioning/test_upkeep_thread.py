"""One of many processes does the periodic work; when it dies, another takes over."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from connector import upkeep
from connector.accounts import mail
from connector.config import Settings
from connector.directory import connections
from connector.directory import upkeep as work
from connector.errors import Unavailable
from connector.organizations import organizations
from connector.provisioning import lease
from connector.storage import tables as t
from connector.storage.database import Database
from tests.support.project import ROOT
from tests.support.racing import race


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of an installation without a mail server."""
    return Settings.from_environment({"CONNECTOR_DATA_DIR": str(tmp_path / "data")})


def _eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _unnumbered(database: Database) -> int:
    with database.read() as tx:
        return tx.execute(select(func.count()).select_from(t.OutboxEvent).where(t.OutboxEvent.sequence.is_(None))).scalar_one()


def _holder(database: Database) -> str | None:
    with database.read() as tx:
        return tx.execute(select(t.Lease.holder)).scalar_one_or_none()


def test_of_many_one_gets_the_lease(database: Database) -> None:
    """Taken, renewed by its holder, refused to the others, free again once let go or run out."""
    held, _ = race([partial(lease.hold, database, "work", name) for name in "abcdefgh"])
    assert sorted(held) == [False] * 7 + [True]
    holder = _holder(database)
    assert holder is not None
    assert lease.hold(database, "work", holder)
    lease.release(database, "work", "somebody else")
    assert not lease.hold(database, "work", "another")
    lease.release(database, "work", holder)
    assert lease.hold(database, "work", "another", life=timedelta(seconds=-1))
    assert lease.hold(database, "work", "third")
    assert lease.hold(database, "other work", "another")


def test_the_thread_numbers_events_and_does_the_work(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events that were there, and those that come later."""
    done: list[object] = []
    monkeypatch.setattr(work, "run", lambda database, now: done.append(now))
    monkeypatch.setattr(upkeep, "BEAT", 0.05)
    organizations.create(database, "acme", "Acme", "owner@acme.example")
    stop = upkeep.start(database, settings)
    try:
        assert _eventually(lambda: not _unnumbered(database))
        organizations.create(database, "other", "Other", "owner@other.example")
        assert _eventually(lambda: not _unnumbered(database))
    finally:
        stop()
    assert len(done) == 1  # once per ten minutes


def test_an_alert_comes_out_as_mail(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by the periodic work, numbered, mailed to the owners, sent: here into a file."""
    monkeypatch.setattr(upkeep, "BEAT", 0.05)
    organization = organizations.create(database, "acme", "Acme", "owner@acme.example").id
    connection = connections.create(database, organization, "Okta", "okta", base_url="http://127.0.0.1:8000").id
    old = datetime.now(UTC) - timedelta(days=2)
    with database.engine.begin() as tx:
        tx.execute(update(t.Organization).values(membership_mode="sso"))
        tx.execute(update(t.Connection).values(state="active", directory="live", created_at=old, last_heard_at=None))
    stop = upkeep.start(database, settings)
    try:
        assert _eventually(lambda: len(list(settings.data_dir.glob("outbox/*.eml"))) == 1)
    finally:
        stop()
    (file,) = settings.data_dir.glob("outbox/*.eml")
    assert "To: owner@acme.example" in file.read_text()
    assert f"connection:{connection}" in file.read_text()


def test_a_slow_mail_server_holds_up_no_event(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a thread to itself."""
    release, called = threading.Event(), threading.Event()

    def slow(*_: object) -> int:
        called.set()
        release.wait(20)
        return 0

    monkeypatch.setattr(mail, "deliver", slow)
    monkeypatch.setattr(upkeep, "BEAT", 0.05)
    stop = upkeep.start(database, settings)
    try:
        assert called.wait(10)
        organizations.create(database, "acme", "Acme", "owner@acme.example")
        assert _eventually(lambda: not _unnumbered(database))
    finally:
        release.set()
        stop()


def test_the_thread_ends_at_once_and_gives_the_lease_back(database: Database, settings: Settings) -> None:
    """So that a restart does not wait for half a minute."""
    stop = upkeep.start(database, settings)
    assert _eventually(lambda: _holder(database) is not None)
    began = time.monotonic()
    stop()
    assert time.monotonic() - began < 5
    assert _holder(database) is None


def test_one_of_three_works(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others try the lease and wait; when the one stops, another goes on."""
    seen: list[int] = []

    def relay(database: Database, tell: object) -> int:
        seen.append(threading.get_ident())
        return 0

    monkeypatch.setattr(upkeep, "relay", relay)
    monkeypatch.setattr(upkeep, "BEAT", 0.05)
    monkeypatch.setattr(upkeep, "TRY", 0.05)
    stops = [upkeep.start(database, settings) for _ in range(3)]
    assert _eventually(lambda: len(seen) >= 10)
    assert len(set(seen)) == 1
    for stop in stops:
        stop()
    assert _holder(database) is None


@pytest.mark.parametrize("error", [Unavailable("busy", "busy", retry_after=1), RuntimeError("broken")])
def test_the_thread_survives_what_goes_wrong(
    database: Database, settings: Settings, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so in the log, waits, and goes on."""
    calls: list[int] = []

    def relay(database: Database, tell: object) -> int:
        calls.append(1)
        if len(calls) < 3:
            raise error
        return 0

    monkeypatch.setattr(upkeep, "relay", relay)
    monkeypatch.setattr(upkeep, "BEAT", 0.05)
    with caplog.at_level(logging.WARNING):
        stop = upkeep.start(database, settings)
        survived = _eventually(lambda: len(calls) > 3)
        stop()
    assert survived
    assert [record.levelname for record in caplog.records] == ["WARNING" if isinstance(error, Unavailable) else "ERROR"] * 2


PROGRAM = """
import os, sys, time
from connector import upkeep
from connector.config import Settings
from connector.storage.database import Database
upkeep.start(Database.open(sys.argv[1]), Settings.from_environment(os.environ))
time.sleep(60)
"""


def test_another_process_takes_over_when_the_holder_is_killed(
    fresh_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed with -9 it gives nothing back: its lease runs out, here by moving its end to the past."""
    monkeypatch.setattr(upkeep, "TRY", 0.1)
    monkeypatch.setattr(upkeep, "BEAT", 0.1)
    database = Database.open(fresh_url)
    environ = {**os.environ, "CONNECTOR_DATA_DIR": str(settings.data_dir)}
    other = subprocess.Popen([sys.executable, "-c", PROGRAM, fresh_url], cwd=ROOT, env=environ)
    stop: Callable[[], None] = database.close
    try:
        assert _eventually(lambda: _holder(database) is not None, 20)
        theirs = _holder(database)
        stop = upkeep.start(database, settings)
        other.kill()
        other.wait()
        organizations.create(database, "acme", "Acme", "owner@acme.example")
        time.sleep(0.5)
        assert (_holder(database), _unnumbered(database) > 0) == (theirs, True)
        with database.engine.begin() as tx:
            tx.execute(update(t.Lease).values(until=datetime.now(UTC) - timedelta(seconds=1)))
        assert _eventually(lambda: not _unnumbered(database))
        assert _holder(database) not in (None, theirs)
    finally:
        other.kill()
        other.wait()
        stop()
        database.close()
