"""kill -9 under load: nothing that was acknowledged is lost, nothing is half applied, on both databases."""

from __future__ import annotations

import http.client
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from connector.directory import plans, tokens
from connector.storage import tables as t
from connector.storage.database import Database
from tests.support import server, world

CLIENTS = 8
STORM = 2.5
"""Seconds of load before the kill."""

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass
class Storm:
    """Clients that create people and put them into groups, and remember what was acknowledged."""

    port: int
    base: str
    token: str
    groups: tuple[str, ...]
    people: dict[str, str] = field(default_factory=dict)
    members: set[tuple[str, str]] = field(default_factory=set)
    statuses: set[int] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self, number: int) -> None:
        """One client: until the server dies or the storm is over."""
        count, chance = 0, random.Random(number)
        while not self.over.is_set():
            count += 1
            try:
                user = self._create(f"storm-{number}-{count}@acme.example")
                if user:
                    self._join(chance.choice(self.groups), user)
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)

    def _create(self, name: str) -> str | None:
        status, body = self._send("POST", "/Users", {"userName": name, "emails": [{"value": name, "primary": True}]})
        if status != 201:
            return None
        self.people[body["id"]] = name
        return str(body["id"])

    def _join(self, group: str, user: str) -> None:
        operation = {"op": "add", "path": "members", "value": [{"value": user}]}
        status, _ = self._send("PATCH", f"/Groups/{group}", {"schemas": [PATCH], "Operations": [operation]})
        if status == 204:
            self.members.add((group, user))

    def _send(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        status, answer = server.send(self.port, method, self.base + path, token=self.token, body=body)
        self.statuses.add(status)
        return status, answer


@pytest.mark.parametrize("victim", ["one worker", "the whole server"])
def test_every_acknowledged_write_survives_kill_9_with_its_audit_event_and_log(
    fresh_url: str, tmp_path: Path, victim: str
) -> None:
    """Eight clients create and join; kill -9; then the database is compared with what the clients were told."""
    database = Database.open(fresh_url)
    try:
        home = world.live(database)
        home.rule(group="Storm 1", team="storm")
        groups = tuple(home.group(f"Storm {number}") for number in range(3))
        token = tokens.create(database, home.connection).token
        with server.serving(fresh_url, tmp_path) as running:
            storm = Storm(running.port, f"/scim/v2/{home.connection}", token, groups)
            threads = [threading.Thread(target=storm.run, args=(number,)) for number in range(CLIENTS)]
            for thread in threads:
                thread.start()
            time.sleep(STORM)
            running.kill() if victim == "the whole server" else running.kill_one()
            time.sleep(0.5)
            storm.over.set()
            for thread in threads:
                thread.join(timeout=40)
        assert storm.people, "the storm never began"
        assert storm.statuses <= {201, 204, 503}
        _assert_kept(database, storm)
        assert plans.propose(database, home.organization, "rules", {"rules": None}).changes == ()
    finally:
        database.close()


def _assert_kept(database: Database, storm: Storm) -> None:
    """Every acknowledged person is a member with an audit entry, an event and a log row; so many rows of each, none half."""
    with database.read() as tx:
        users = {row[0]: row[1] for row in tx.execute(select(t.DirectoryUser.id, t.DirectoryUser.person_id))}
        joined = {(row[0], row[1]) for row in tx.execute(select(t.DirectoryMember.group_id, t.DirectoryMember.user_id))}
        members = set(tx.execute(select(t.Membership.person_id)).scalars())
        audited = set(tx.execute(select(t.AuditEntry.target).where(t.AuditEntry.action == "member.joined")).scalars())
        told = tx.execute(select(func.count()).where(t.OutboxEvent.kind == "member.joined")).scalar_one()
        logged = set(tx.execute(select(t.ProvisioningLog.meaning).where(t.ProvisioningLog.status == 201)).scalars())
    assert set(storm.people) <= set(users)
    assert storm.members <= joined
    assert {users[user] for user in storm.people} <= members
    assert set(storm.people.values()) <= audited
    assert {f"create user {name}" for name in storm.people.values()} <= logged
    assert told == len(members)
    assert all(person in members for person in users.values())
