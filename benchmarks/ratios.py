"""Each operation against the floor, interleaved: a moment of the floor, a moment of the operation, and so on, five times."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.client import Build, load, request
from benchmarks.homes import Home, person
from benchmarks.servers import cpu_seconds
from tests.support.server import Server

ROUNDS = 5
CLIENTS = 8
MOMENT = 0.6
"""Seconds of each load."""

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(frozen=True, slots=True)
class Operation:
    """What is measured: its name, its requests, the floor it stands against, the goal, and the status it must answer."""

    name: str
    build: Build
    writes: bool
    goal: float
    status: int


@dataclass(frozen=True, slots=True)
class Ratio:
    """What came out: answers per second, their share of the floor (median, lowest, highest), and CPU per request in ms."""

    name: str
    goal: float
    rate: float
    share: float
    lowest: float
    highest: float
    cpu: float
    floor_cpu: float


def operations(home: Home) -> list[Operation]:
    """The operations of DESIGN section 10."""
    people, small = home.people, home.groups["Small"]

    def someone(number: int) -> int:
        return 1000 + number % (len(people) - 1000)

    def create(number: int) -> bytes:
        return home.ask("POST", "/Users", person(f"n{uuid.uuid4().hex[:12]}", home.domain))

    def put(number: int) -> bytes:
        which = someone(number)
        return home.ask("PUT", f"/Users/{people[which]}", {**home.person(which), "title": f"Engineer {number}"})

    def patch(number: int) -> bytes:
        operation = {"op": "replace", "path": "title", "value": f"Engineer {number}"}
        return home.ask("PATCH", f"/Users/{people[someone(number)]}", {"schemas": [PATCH_OP], "Operations": [operation]})

    def active(number: int) -> bytes:
        which = someone(number // 2)
        operation = {"op": "replace", "value": {"active": number % 2 == 1}}
        return home.ask("PATCH", f"/Users/{people[which]}", {"schemas": [PATCH_OP], "Operations": [operation]})

    def member(number: int) -> bytes:
        which = people[someone(number // 2)]
        if number % 2:
            operation = {"op": "remove", "path": f'members[value eq "{which}"]'}
        else:
            operation = {"op": "add", "path": "members", "value": [{"value": which}]}
        group = home.groups[f"Many{number // 2 % 8}"]
        return home.ask("PATCH", f"/Groups/{group}", {"schemas": [PATCH_OP], "Operations": [operation]})

    def get(number: int) -> bytes:
        return home.ask("GET", f"/Users/{people[someone(number)]}")

    def find(number: int) -> bytes:
        return home.ask("GET", f"/Users?filter=userName%20eq%20%22p{someone(number)}@{home.domain}%22&startIndex=1&count=100")

    def page(number: int) -> bytes:
        return home.ask("GET", "/Users?startIndex=1&count=100")

    del small
    return [
        Operation("create a user", create, True, 0.35, 201),
        Operation("PUT a user", put, True, 0.4, 200),
        Operation("PATCH an attribute", patch, True, 0.4, 200),
        Operation("PATCH active off and on", active, True, 0.4, 200),
        Operation("one member in or out", member, True, 0.4, 204),
        Operation("GET a user", get, False, 0.7, 200),
        Operation("filter userName eq", find, False, 0.7, 200),
        Operation("page of 100 with its total", page, False, 0.1, 200),
    ]


def measure(
    product: Server, floor: Server, database: list[int], wanted: list[Operation], rounds: int = ROUNDS
) -> Iterator[Ratio]:
    """Measure each operation against its floor. `database` are the processes of the database server."""
    shares: dict[str, list[tuple[float, float, float, float]]] = {operation.name: [] for operation in wanted}
    first = 0
    for _ in range(rounds):
        for operation in wanted:
            method = "POST" if operation.writes else "GET"

            def bare(number: int, method: str = method) -> bytes:
                return request(method, f"/{uuid.uuid4().hex if method == 'POST' else number % 1000}")

            floor_rate, floor_cpu, first = _moment(floor, database, bare, first, 201 if operation.writes else 200)
            rate, cpu, first = _moment(product, database, operation.build, first, operation.status)
            shares[operation.name].append((rate, rate / floor_rate, cpu, floor_cpu))
    for operation in wanted:
        rates, ratios, cpu_s, floor_cpus = zip(*shares[operation.name], strict=True)
        told = (median(rates), median(ratios), min(ratios), max(ratios), median(cpu_s), median(floor_cpus))
        yield Ratio(operation.name, operation.goal, *told)


def _moment(server: Server, database: list[int], build: Build, first: int, status: int) -> tuple[float, float, int]:
    before = cpu_seconds([server.process.pid, *database])
    loaded, first = load(server.port, build, first=first, clients=CLIENTS, seconds=MOMENT)
    used = cpu_seconds([server.process.pid, *database]) - before
    if set(loaded.statuses) != {status}:
        raise AssertionError(f"expected {status} only, and got {loaded.statuses}")
    return loaded.rate, used * 1000 / len(loaded.took), first
