"""Clients that push as fast as they can and remember what was acknowledged, until the server dies or the storm is over."""

from __future__ import annotations

import http.client
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from connector.scim.bulk_message import BULK_REQUEST
from connector.scim.operations import PATCH_OP
from tests.support import server

CLIENTS = 8
BULK_CLIENTS = 3
"""How many of them send Bulks: so many that a kill finds some of these half done."""

STORM = 2.5
"""Seconds of load before the fault; more on a machine that is too busy to acknowledge two Bulks in this time."""

PATIENCE = 30.0
"""Seconds it may take at most."""

TEAM = "Storm 1"
"""The group that a rule makes a team of."""

PEOPLE = 4
"""Users in one Bulk."""


@dataclass
class Storm:
    """What the clients know: `people` (id -> name), `members` ((group, user)) and `teams` (id -> name) were acknowledged.

    `begun` are the names of all Bulks that were sent, also of those that nothing was heard of.
    """

    port: int
    base: str
    token: str
    groups: tuple[str, ...]
    people: dict[str, str] = field(default_factory=dict)
    members: set[tuple[str, str]] = field(default_factory=set)
    teams: dict[str, str] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> list[threading.Thread]:
        """Let it loose; returns the clients, who end when `over` is set."""
        threads = [threading.Thread(target=self._client, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        return threads

    def await_load(self) -> None:
        """Return when there was load for STORM seconds and some of it was acknowledged."""
        begun = time.monotonic()
        time.sleep(STORM)
        while len(self.teams) < 2 and time.monotonic() < begun + PATIENCE:
            time.sleep(0.1)

    def _client(self, number: int) -> None:
        push = self._push_many if number < BULK_CLIENTS else self._push_one
        count, chance = 0, random.Random(number)
        while not self.over.is_set():
            count += 1
            try:
                push(f"storm-{number}-{count}", chance.choice(self.groups))
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)

    def _push_one(self, name: str, group: str) -> None:
        """A user, then the group that they are put into."""
        status, body = self._send("POST", "/Users", person(name))
        if status == 201:
            self.people[body["id"]] = address(name)
            if self._send("PATCH", f"/Groups/{group}", joining(body["id"]))[0] == 204:
                self.members.add((group, body["id"]))

    def _push_many(self, name: str, group: str) -> None:
        """A Bulk: users, a change of the group for each of them, and a new group of them all."""
        names = people_of(name)
        sent = [{"method": "POST", "path": "/Users", "bulkId": each, "data": person(each)} for each in names]
        sent += [{"method": "PATCH", "path": f"/Groups/{group}", "data": joining(f"bulkId:{each}")} for each in names]
        team = {"displayName": name, "members": [{"value": f"bulkId:{each}"} for each in names]}
        sent.append({"method": "POST", "path": "/Groups", "bulkId": name, "data": team})
        self.begun.append(name)
        status, body = self._send("POST", "/Bulk", {"schemas": [BULK_REQUEST], "Operations": sent})
        if status == 200:
            self._remember(name, group, body["Operations"])

    def _remember(self, name: str, group: str, results: list[dict[str, Any]]) -> None:
        """Each acknowledged operation of a Bulk is a promise of its own."""
        self.statuses.update(int(result["status"]) for result in results)
        done = [result["status"] in ("201", "204") for result in results]
        ids = [result["location"].rpartition("/")[2] if done[at] else "" for at, result in enumerate(results)]
        for at, each in enumerate(people_of(name)):
            if done[at]:
                self.people[ids[at]] = address(each)
            if done[PEOPLE + at]:
                self.members.add((group, ids[at]))
            if done[-1]:
                self.members.add((ids[-1], ids[at]))
        if done[-1]:
            self.teams[ids[-1]] = name

    def _send(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        status, answer = server.send(self.port, method, self.base + path, token=self.token, body=body)
        self.statuses.add(status)
        return status, answer


def people_of(bulk: str) -> list[str]:
    """The users of one Bulk, in the order of their operations."""
    return [f"{bulk}-{number}" for number in range(PEOPLE)]


def address(name: str) -> str:
    """Their userName and e-mail address."""
    return f"{name}@acme.example"


def person(name: str) -> dict[str, Any]:
    """A user as pushed."""
    return {"userName": address(name), "emails": [{"value": address(name), "primary": True}]}


def joining(user: str) -> dict[str, Any]:
    """The PATCH that puts one user into a group."""
    return {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "members", "value": [{"value": user}]}]}
