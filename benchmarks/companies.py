"""Big companies: a whole initial cycle and its repetition, a rule edit over everybody, and many organizations at once."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import func, select

from benchmarks.client import Line, side_by_side
from benchmarks.homes import Home, person
from benchmarks.ratios import find, patch_op, retitle
from connector.directory import plans
from connector.directory.model import Document
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id

USERS, GROUPS, LARGEST = 10_000, 200, 10_000
CLIENTS = 8
RATE = 25
"""Requests per second of each organization."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """Part of a provisioning cycle: how long it took, the statuses that were answered, and how many events it wrote."""

    name: str
    requests: int
    seconds: float
    statuses: dict[int, int]
    events: int


def cycles(port: int, database: Database, home: Home) -> Iterator[Cycle]:
    """Push everybody and every group as an IdP does (look up, then create), then exactly the same again (look up, then PUT)."""
    ids: dict[str, str] = {}
    names = [f"e{number}" for number in range(USERS)]
    teams = _teams(names)
    for turn in ("first", "second"):
        users = [partial(_user, home, ids, name) for name in names]
        yield _cycle(f"{turn}: users", port, database, users)
        yield _cycle(f"{turn}: groups", port, database, [partial(_group, home, ids, name, teams[name]) for name in teams])


def _teams(names: Sequence[str]) -> dict[str, Sequence[str]]:
    """One group of everybody, the others of fifty."""
    teams: dict[str, Sequence[str]] = {"Everybody": names[:LARGEST]}
    for number in range(1, GROUPS):
        teams[f"Team {number}"] = names[number * 50 : number * 50 + 50]
    return teams


def _user(home: Home, ids: dict[str, str], name: str, line: Line) -> list[int]:
    """Look a person up; create who is not there, else send the same again."""
    body = person(name, home.domain)
    status, found = _json(line, home.ask("GET", f"/Users?filter=userName%20eq%20%22{name}@{home.domain}%22"))
    if found["totalResults"]:
        return [status, line.send(home.ask("PUT", f"/Users/{found['Resources'][0]['id']}", body))[0]]
    created, made = _json(line, home.ask("POST", "/Users", body))
    ids[name] = made["id"]
    return [status, created]


def _group(home: Home, ids: dict[str, str], name: str, inside: Sequence[str], line: Line) -> list[int]:
    """Look a group up, create who is not there, and add its members, a thousand in a request."""
    statuses = []
    status, found = _json(line, home.ask("GET", f"/Groups?filter=displayName%20eq%20%22{name.replace(' ', '%20')}%22"))
    statuses.append(status)
    if found["totalResults"]:
        identity = found["Resources"][0]["id"]
    else:
        status, made = _json(line, home.ask("POST", "/Groups", {"displayName": name}))
        statuses.append(status)
        identity = made["id"]
    for start in range(0, len(inside), 1000):
        members = [{"value": ids[each]} for each in inside[start : start + 1000]]
        body = patch_op({"op": "add", "path": "members", "value": members})
        statuses.append(line.send(home.ask("PATCH", f"/Groups/{identity}", body))[0])
    return statuses


def _json(line: Line, sent: bytes) -> tuple[int, dict[str, Any]]:
    status, body = line.send(sent)
    return status, json.loads(body)


def _cycle(name: str, port: int, database: Database, tasks: Sequence[Callable[[Line], list[int]]]) -> Cycle:
    waiting: SimpleQueue[Any] = SimpleQueue()
    for task in tasks:
        waiting.put(task)
    before, statuses, lock = _events(database), Counter[int](), threading.Lock()

    def work() -> None:
        line, mine = Line(port), Counter[int]()
        while True:
            try:
                mine.update(waiting.get_nowait()(line))
            except Empty:
                break
        line.close()
        with lock:
            statuses.update(mine)

    started = time.perf_counter()
    side_by_side([work] * CLIENTS)
    if max(statuses) >= 400:
        raise RuntimeError(f"{name}: {dict(statuses)}")
    seconds = time.perf_counter() - started
    return Cycle(name, sum(statuses.values()), seconds, dict(statuses), _events(database) - before)


def _events(database: Database) -> int:
    with database.read() as tx:
        return int(tx.execute(select(func.count()).select_from(t.OutboxEvent)).scalar_one())


def rule_edit(database: Database, home: Home) -> tuple[float, float]:
    """Seconds to look at a rule that changes everybody, and to apply it."""
    times = []
    for carry_out in (plans.propose, plans.carry_out):
        rule: Document = {"id": new_id(), "connection": home.connection, "everyone": True, "team": "everybody-too"}
        started = time.perf_counter()
        carry_out(database, home.organization, "add_rule", rule)
        times.append(time.perf_counter() - started)
    return times[0], times[1]


@dataclass(frozen=True, slots=True)
class Steady:
    """Organizations that send at a steady rate: what was answered, and how long answers took (median and 99th of 100), in ms."""

    organizations: int
    offered: float
    served: float
    statuses: dict[int, int]
    median: float
    slowest: float


def steady(port: int, homes: Sequence[Home], seconds: float = 20.0) -> Steady:
    """Each organization sends RATE requests per second, a mix of lookups, reads, PATCHes and creates."""
    took: list[float] = []
    statuses: Counter[int] = Counter()
    lock = threading.Lock()
    begin = time.perf_counter() + 0.2

    def run(place: int, home: Home) -> None:
        line, mine, seen = Line(port), [], Counter[int]()
        for number in range(int(seconds * RATE)):
            due = begin + (number + place / len(homes)) / RATE
            time.sleep(max(due - time.perf_counter(), 0))
            status, _ = line.send(_mixed(home, number))
            mine.append(time.perf_counter() - due)  # from when it was due: waiting behind the one before counts
            seen[status] += 1
        line.close()
        with lock:
            took.extend(mine)
            statuses.update(seen)

    side_by_side([partial(run, place, home) for place, home in enumerate(homes)])
    if max(statuses) >= 400:
        raise RuntimeError(f"many organizations at once: {dict(statuses)}")
    took.sort()
    spent = time.perf_counter() - begin
    told = (dict(statuses), took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000)
    return Steady(len(homes), RATE * len(homes), len(took) / spent, *told)


def _mixed(home: Home, number: int) -> bytes:
    """What an IdP does all day: mostly lookups and reads, some updates, now and then somebody new."""
    which = number % len(home.people)
    kind = number % 10
    if kind < 5:
        return find(home, which)
    if kind < 7:
        return home.ask("GET", f"/Users/{home.people[which]}")
    if kind < 9:
        return retitle(home, which, number)
    return home.ask("POST", "/Users", person(f"s{number}", home.domain))
