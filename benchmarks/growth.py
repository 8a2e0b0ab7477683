"""How the cost of one operation grows: the same request in a small and in a large organization, in turn, one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.client import Line
from benchmarks.homes import Home
from benchmarks.ratios import find, first_page, move, patch_op, retitle

TURNS = 60
WARM = 10
MANY_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Growth:
    """Median milliseconds in the small and in the large organization, and how much the second may be of the first."""

    name: str
    small: float
    large: float
    goal: float

    @property
    def factor(self) -> float:
        """How much more it costs in the large one."""
        return self.large / self.small

    @property
    def reached(self) -> bool:
        """Whether it grows no more than it may."""
        return self.factor <= self.goal


def measure(port: int, small: Home, large: Home) -> Iterator[Growth]:
    """Measure users (`small` and `large` differ in their number) and groups (Small has 10 members, Large 10,000, in `large`)."""
    line = Line(port)
    users = f"{len(small.people):,} -> {len(large.people):,} users"
    yield _compare(f"GET, {users}", line, lambda n: _get(small, n), lambda n: _get(large, n), 1.3)
    yield _compare(f"filter userName eq, {users}", line, lambda n: find(small, 500 + n), lambda n: find(large, 500 + n), 1.3)
    yield _compare(f"PATCH, {users}", line, lambda n: retitle(small, 500 + n, n), lambda n: retitle(large, 500 + n, n), 1.3)
    yield _compare(f"first page with total, {users}", line, lambda _: first_page(small), lambda _: first_page(large), 3.0)
    for name, out in (("in", False), ("out", True)):
        yield _compare(
            f"one member {name}, 10 -> 10,000 members",
            line,
            lambda n, out=out: move(large, "Small", 90_000 + n, out=out),  # type: ignore[misc]
            lambda n, out=out: move(large, "Large", 90_000 + n, out=out),  # type: ignore[misc]
            1.3,
        )
    line.close()


def many_members(port: int, home: Home) -> float:
    """Seconds for one PATCH that puts 10,000 people into an empty group that gives a team."""
    line = Line(port)
    inside = [{"value": identity} for identity in home.people[20_000 : 20_000 + MANY_AT_ONCE]]
    body = patch_op({"op": "add", "path": "members", "value": inside})
    seconds = _send(line, home.ask("PATCH", f"/Groups/{home.groups['Empty']}", body))
    line.close()
    return seconds


def _get(home: Home, number: int) -> bytes:
    return home.ask("GET", f"/Users/{home.people[500 + number]}")


def _compare(name: str, line: Line, small: Callable[[int], bytes], large: Callable[[int], bytes], goal: float) -> Growth:
    took: tuple[list[float], list[float]] = ([], [])
    for turn in range(TURNS):
        for which, build in enumerate((small, large)):
            seconds = _send(line, build(turn))
            if turn >= WARM:
                took[which].append(seconds)
    return Growth(name, median(took[0]) * 1000, median(took[1]) * 1000, goal)


def _send(line: Line, sent: bytes) -> float:
    started = time.perf_counter()
    status, body = line.send(sent)
    if status not in (200, 204):
        raise RuntimeError(f"{status}: {body[:300]!r}")
    return time.perf_counter() - started
