"""The lines of a stored plan, kept as columns: whom each is about, and which difference it is.

A plan for a hundred thousand people says few different things: each is kept once, and a line is a number. So a plan of that size
is read in a twentieth of a second, where lines written out take seven times as long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from connector.membership.fold import fold
from connector.membership.model import AccessChange, Subject
from connector.membership.plan import Line, kind_of


class Difference(NamedTuple):
    """What a line says, without whom it is about."""

    target: str
    before: str | None
    after: str | None
    because: tuple[str, ...]

    @property
    def kind(self) -> str:
        """What becomes of somebody by it: `join`, `leave`, `suspend`, `reactivate`, or of their role, a team or a project that it
        is given, taken or changed: `role_changed`, `team_given`, `project_taken`."""
        kind = kind_of(self.target, self.before, self.after)
        if self.target == "status":
            return kind
        return f"{kind}_given" if self.before is None else f"{kind}_taken" if self.after is None else f"{kind}_changed"


@dataclass(frozen=True, slots=True)
class Lines:
    """The columns: subject keys, what people are called, and the place of each line's difference in `differences`."""

    keys: Sequence[str]
    called: Sequence[str | None]
    which: Sequence[int]
    differences: Sequence[Difference]

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.which)

    def change(self, at: int) -> AccessChange:
        """One line."""
        return AccessChange(Subject(self.keys[at], self.called[at]), *self.differences[self.which[at]])

    def changes(self, start: int = 0, end: int | None = None) -> tuple[AccessChange, ...]:
        """The lines from `start` on and before `end`."""
        return tuple(self.change(at) for at in range(len(self))[start:end])

    def compared(self) -> Iterator[Line]:
        """Each line as plans are compared: key, target, before, after."""
        return ((key, *self.differences[which][:3]) for key, which in zip(self.keys, self.which, strict=True))

    def of_person(self, at: int) -> range:
        """The lines beside one that are about the same person."""
        start, end = at, at + 1
        while start and self.keys[start - 1] == self.keys[at]:
            start -= 1
        while end < len(self) and self.keys[end] == self.keys[at]:
            end += 1
        return range(start, end)

    def counted(self) -> dict[str, int]:
        """How many lines there are of each kind."""
        counts: dict[str, int] = {}
        for which, count in Counter(self.which).items():
            kind = self.differences[which].kind
            counts[kind] = counts.get(kind, 0) + count
        return counts

    def chosen(self, q: str, kind: str) -> Iterator[int]:
        """The lines of a kind ("" is any) about somebody in whose address `q` stands."""
        wanted = {at for at, each in enumerate(self.differences) if kind in ("", each.kind)}
        looked, asked = enumerate(zip(self.which, self.called, strict=True)), fold(q)
        return (at for at, (which, called) in looked if which in wanted and (not asked or asked in fold(called or "")))


def packed(changes: Iterable[AccessChange]) -> dict[str, Any]:
    """Lines as they are stored."""
    places: dict[Difference, int] = {}
    keys, called, which = [], [], []
    for each in changes:
        keys.append(each.subject.key)
        called.append(each.subject.email)
        difference = Difference(each.target, each.before, each.after, each.because)
        which.append(places.setdefault(difference, len(places)))
    return {"keys": keys, "called": called, "which": which, "differences": [list(each) for each in places]}


def unpacked(stored: Mapping[str, Any]) -> Lines:
    """Lines as `packed` stored them."""
    differences = [Difference(target, before, after, tuple(why)) for target, before, after, why in stored["differences"]]
    return Lines(stored["keys"], stored["called"], stored["which"], differences)
