"""kill -9 under load: nothing that was acknowledged is lost, nothing is half applied, on both databases."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from connector.directory import tokens
from connector.storage.database import Database
from tests.faults.storm import TEAM, Storm
from tests.faults.whole import assert_whole
from tests.support import server, world


@pytest.mark.parametrize("victim", ["one worker", "the whole server"])
def test_every_acknowledged_write_survives_kill_9_with_its_audit_event_and_log(
    fresh_url: str, tmp_path: Path, victim: str
) -> None:
    """Eight clients create, join and send Bulks; kill -9; then the database is compared with what the clients were told.

    Each operation, also of a Bulk that nothing was heard of, is there with all that belongs to it, once, or not at all.
    """
    database = Database.open(fresh_url)
    try:
        home = world.live(database)
        home.rule(group=TEAM, team="storm")
        groups = tuple(home.group(f"Storm {number}") for number in range(3))
        token = tokens.create(database, home.organization, home.connection).token
        with server.serving(fresh_url, tmp_path) as running:
            storm = Storm(running.port, f"/scim/v2/{home.connection}", token, groups)
            clients = storm.start()
            storm.await_load()
            running.kill() if victim == "the whole server" else running.kill_one()
            time.sleep(0.5)
            storm.over.set()
            for client in clients:
                client.join(timeout=40)
        assert_whole(database, storm, home.organization)
    finally:
        database.close()
