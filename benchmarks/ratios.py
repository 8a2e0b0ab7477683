"""Each operation against the floor, interleaved: a moment of the floor, a moment of the operation, and so on, five times."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.client import Build, load, request
from benchmarks.homes import Home, person
from benchmarks.servers import cpu_seconds
from tests.support.server import Server

ROUNDS = 5
CLIENTS = 8
MOMENT = 0.6
"""Seconds of each load."""

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MANY = 8
"""Groups that members move in and out of, so that eight clients seldom wait for each other's group."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What is measured: its requests, whether it stands against the writing floor, the goal, and the status of each answer."""

    name: str
    build: Build
    writes: bool
    goal: float
    status: int


@dataclass(frozen=True, slots=True)
class Ratio:
    """What came out: answers per second, their share of the floor (median, lowest, highest), CPU per request in ms, and that of
    the floor; client not included."""

    name: str
    goal: float
    rate: float
    share: float
    lowest: float
    highest: float
    cpu: float
    floor_cpu: float


def patch_op(operation: dict[str, Any]) -> dict[str, Any]:
    """A PatchOp message of one operation."""
    return {"schemas": [PATCH_OP], "Operations": [operation]}


def operations(home: Home) -> list[Operation]:
    """The operations of which DESIGN section 10 speaks. `home` has the groups Many0 to Many7, each with a rule."""
    return [
        Operation("create a user", _create(home), True, 0.35, 201),
        Operation("PUT a user", _put(home), True, 0.4, 200),
        Operation("PATCH an attribute", _patch(home), True, 0.4, 200),
        Operation("PATCH active off and on", _active(home), True, 0.4, 200),
        Operation("one member in or out", _member(home), True, 0.4, 204),
        Operation("GET a user", lambda number: home.ask("GET", f"/Users/{_someone(home, number)[1]}"), False, 0.7, 200),
        Operation("filter userName eq", lambda number: find(home, _someone(home, number)[0]), False, 0.7, 200),
        Operation("page of 100 with its total", lambda _: first_page(home), False, 0.1, 200),
    ]


def find(home: Home, which: int) -> bytes:
    """Okta's lookup of a person."""
    return home.ask("GET", f"/Users?filter=userName%20eq%20%22p{which}@{home.domain}%22&startIndex=1&count=100")


def first_page(home: Home) -> bytes:
    """The first page of everybody."""
    return home.ask("GET", "/Users?startIndex=1&count=100")


def retitle(home: Home, which: int, number: int) -> bytes:
    """A PATCH of one attribute, each time another value."""
    operation = {"op": "replace", "path": "title", "value": f"Engineer {number}"}
    return home.ask("PATCH", f"/Users/{home.people[which]}", patch_op(operation))


def move(home: Home, group: str, which: int, *, out: bool) -> bytes:
    """A PATCH that puts one person into a group, or takes them out."""
    identity = home.people[which]
    if out:
        operation: dict[str, Any] = {"op": "remove", "path": f'members[value eq "{identity}"]'}
    else:
        operation = {"op": "add", "path": "members", "value": [{"value": identity}]}
    return home.ask("PATCH", f"/Groups/{home.groups[group]}", patch_op(operation))


def _someone(home: Home, number: int) -> tuple[int, str]:
    """One of the people outside the groups, another for each number."""
    which = len(home.people) // 2 + number % (len(home.people) // 2)
    return which, home.people[which]


def _create(home: Home) -> Build:
    return lambda _: home.ask("POST", "/Users", person(f"n{uuid.uuid4().hex[:12]}", home.domain))


def _put(home: Home) -> Build:
    def put(number: int) -> bytes:
        which, identity = _someone(home, number)
        return home.ask("PUT", f"/Users/{identity}", {**home.person(which), "title": f"Engineer {number}"})

    return put


def _patch(home: Home) -> Build:
    return lambda number: retitle(home, _someone(home, number)[0], number)


def _active(home: Home) -> Build:
    def active(number: int) -> bytes:
        operation = {"op": "replace", "value": {"active": number % 2 == 1}}
        return home.ask("PATCH", f"/Users/{_someone(home, number // 2)[1]}", patch_op(operation))

    return active


def _member(home: Home) -> Build:
    def member(number: int) -> bytes:
        which, _ = _someone(home, number // 2)
        return move(home, f"Many{number // 2 % MANY}", which, out=number % 2 == 1)

    return member


def measure(
    product: Server, floor: Server, database: Sequence[int], wanted: Sequence[Operation], tell: Callable[[str], None]
) -> Iterator[Ratio]:
    """Measure each operation against its floor. `database` are the processes of the database server, for their CPU time."""
    found: dict[str, list[tuple[float, float, float, float]]] = {operation.name: [] for operation in wanted}
    first = 0
    for turn in range(ROUNDS):
        tell(f"round {turn + 1} of {ROUNDS}")
        for operation in wanted:
            floor_rate, floor_cpu, first = _moment(floor, database, _bare(operation), first, 201 if operation.writes else 200)
            rate, cpu, first = _moment(product, database, operation.build, first, operation.status)
            found[operation.name].append((rate, rate / floor_rate, cpu, floor_cpu))
    for operation in wanted:
        rates, shares, cpus, floor_cpus = zip(*found[operation.name], strict=True)
        told = (median(rates), median(shares), min(shares), max(shares), median(cpus), median(floor_cpus))
        yield Ratio(operation.name, operation.goal, *told)


def _bare(operation: Operation) -> Build:
    if operation.writes:
        return lambda _: request("POST", f"/{uuid.uuid4().hex}")
    return lambda number: request("GET", f"/{number % 1000}")


def _moment(server: Server, database: Sequence[int], build: Build, first: int, status: int) -> tuple[float, float, int]:
    """Answers per second and CPU ms of each, and the next number. Every answer must have the status."""
    before = cpu_seconds([server.process.pid, *database])
    loaded, first = load(server.port, build, first=first, clients=CLIENTS, seconds=MOMENT)
    used = cpu_seconds([server.process.pid, *database]) - before
    if set(loaded.statuses) != {status}:
        raise RuntimeError(f"expected {status} only, and got {loaded.statuses}")
    return loaded.rate, used * 1000 / len(loaded.took), first
