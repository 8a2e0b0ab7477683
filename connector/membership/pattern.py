"""Group-name patterns: a small subset of regular expressions, and of shell patterns, in which nothing can be slow.

    text                  itself, without case; the whole name must match (`^` and `$` at the ends are allowed and mean nothing)
    \\x                    the character x itself, where x is not a letter or digit
    . \\d \\w [a-z] [^_]    any character, a digit, a letter, digit or underscore, one of a class, one outside it
    ?  +                  after one of the above or a plain character: at most once, at least once
    *                     after `.` `\\d` `\\w` `]`: any number of them; elsewhere: any text, as in the shell, and a capture
    ( … )  (a|b)          a capture; alternatives stand inside one; it cannot be repeated

So `eng-*`, `eng-(.*)` and `^ENG-(.+)$` all capture what follows `eng-`. The matcher tries alternatives in order like any
backtracking one, but never the same step at the same place twice (nothing depends on the way there, as there are no
back-references), so its time is bounded by length of pattern x length of name; at most nine captures and repeats keep it small.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connector.errors import Invalid
from connector.membership.fold import fold

MAX_PATTERN = 200
MAX_NAME = 500
MAX_CAPTURES = 9
MAX_REPEATS = 9
MAX_SLUG = 60

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_EXPECTED = 'plain text, ".", "*", "[a-z]", "\\d", "\\w" or "(a|b)"; "\\" before a sign that means itself'

CharTest = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class One:
    """Consume one character that passes."""

    test: CharTest


@dataclass(frozen=True, slots=True)
class Fork:
    """Go on `first` steps from here; should that fail, `second` steps from here."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Note the position: slot 2n opens capture n (from 0), slot 2n + 1 closes it."""

    slot: int


Step = One | Fork | Mark


@dataclass(frozen=True, slots=True, eq=False)
class CompiledPattern:
    """A pattern ready to match; `captures` says how many it has."""

    text: str
    captures: int
    steps: tuple[Step, ...]

    def match(self, name: str) -> tuple[str, ...] | None:
        """Return the captures, folded, if the whole of `name` matches; '' for one in an alternative not taken.

        Names of more than 500 characters match nothing.
        """
        text = fold(name)
        marks = self._run(text) if len(text) <= MAX_NAME else None
        if marks is None:
            return None
        return tuple(text[marks[2 * n] : marks[2 * n + 1]] for n in range(self.captures))

    def _run(self, text: str) -> tuple[int, ...] | None:
        """Return the positions of the marks on the first way that leads to the end of both, or None."""
        seen: set[tuple[int, int]] = set()
        todo = [(0, 0, (0,) * (2 * self.captures))]
        while todo:
            at, position, marks = todo.pop()
            if (at, position) in seen:
                continue
            seen.add((at, position))
            if at < len(self.steps):
                todo += _onward(self.steps[at], text, at, position, marks)
            elif position == len(text):
                return marks
        return None


_Place = tuple[int, int, tuple[int, ...]]


def _onward(step: Step, text: str, at: int, position: int, marks: tuple[int, ...]) -> tuple[_Place, ...]:
    """Return where one step leads, the way to try first at the end."""
    if isinstance(step, One):
        passes = position < len(text) and step.test(text[position])
        return ((at + 1, position + 1, marks),) if passes else ()
    if isinstance(step, Fork):
        return (at + step.second, position, marks), (at + step.first, position, marks)
    return ((at + 1, position, (*marks[: step.slot], position, *marks[step.slot + 1 :])),)


def compile_pattern(text: str) -> CompiledPattern:
    """Read a pattern in the language above. Raises Invalid `pattern_invalid`: what is wrong, at which character (from 1)."""
    if not text:
        raise Invalid("pattern_invalid", "The pattern is empty.", expected='a pattern such as "eng-*"')
    if len(text) > MAX_PATTERN:
        raise Invalid("pattern_invalid", f"The pattern has {len(text)} characters.", expected=f"at most {MAX_PATTERN}")
    reader = _Reader(unicodedata.normalize("NFC", text))
    steps = reader.sequence()
    if reader.peek():
        raise reader.wrong('")" closes nothing' if reader.peek() == ")" else '"|" stands outside parentheses')
    return CompiledPattern(text, reader.captures, tuple(steps))


class _Reader:
    """Recursive descent over one pattern; forks are relative, so steps can be put together in any place."""

    def __init__(self, text: str) -> None:
        stem = text.removesuffix("$")
        escaped = (len(stem) - len(stem.rstrip("\\"))) % 2 == 1
        self.text = text if escaped else stem
        self.position = int(text.startswith("^"))
        self.captures = 0
        self.repeats = 0

    def wrong(self, what: str) -> Invalid:
        return Invalid("pattern_invalid", f'Pattern "{self.text}": {what}, at character {self.position + 1}.', expected=_EXPECTED)

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def sequence(self) -> list[Step]:
        """Read up to the end, a `|` or a `)`."""
        steps: list[Step] = []
        while self.peek() not in ("", "|", ")"):
            steps += self.item()
        return steps

    def item(self) -> list[Step]:
        if self.peek() == "(":
            return self.group()
        if self.peek() == "*":
            self.position += 1
            return self.once(self.capture(lambda: _any_number([One(_any)])))
        return self.repeated()

    def capture(self, inner: Callable[[], list[Step]]) -> list[Step]:
        """Put marks around the steps of `inner`; captures are numbered by where they open."""
        number = self.captures
        self.captures += 1
        if self.captures > MAX_CAPTURES:
            raise self.wrong(f"more than {MAX_CAPTURES} captures")
        return [Mark(2 * number), *inner(), Mark(2 * number + 1)]

    def group(self) -> list[Step]:
        self.position += 1
        steps = self.capture(self.alternatives)
        if self.peek() != ")":
            raise self.wrong('"(" is never closed')
        self.position += 1
        return self.once(steps)

    def alternatives(self) -> list[Step]:
        first = self.sequence()
        if self.peek() != "|":
            return first
        self.position += 1
        second = self.alternatives()
        over = len(second) + 1
        return [Fork(1, len(first) + 2), *first, Fork(over, over), *second]

    def once(self, steps: list[Step]) -> list[Step]:
        if self.peek() in ("*", "+", "?"):
            raise self.wrong(f'"{self.peek()}" has nothing to repeat')
        return steps

    def repeated(self) -> list[Step]:
        starred = self.peek() in (".", "[") or self.text.startswith(("\\d", "\\w"), self.position)
        *before, last = (One(test) for test in self.atom())
        sign = self.peek()
        if sign not in ("+", "?") and not (sign == "*" and starred):
            return [*before, last]
        self.repeats += sign != "?"
        if self.repeats > MAX_REPEATS:
            raise self.wrong(f"more than {MAX_REPEATS} repeats")
        self.position += 1
        again = {"*": _any_number, "+": _at_least_one, "?": _at_most_one}[sign]
        return self.once([*before, *again([last])])

    def atom(self) -> list[CharTest]:
        """Read one character of the pattern: one test, or two where its lower case has two characters."""
        char = self.peek()
        if char in "+?{}]^$":
            raise self.wrong(f'"{char}" means nothing here; to mean the sign itself write "\\{char}"')
        if char == "[":
            return [self.char_class()]
        if char == "\\":
            return [self.escape()]
        self.position += 1
        return [_any] if char == "." else [_is(part) for part in char.lower()]

    def escape(self) -> CharTest:
        char = self.text[self.position + 1 : self.position + 2]
        if not char or (char.isalnum() and char not in "dw"):
            raise self.wrong(f'"\\{char}" is not known')
        self.position += 2
        return {"d": str.isdecimal, "w": _word}.get(char) or _is(char)

    def char_class(self) -> CharTest:
        self.position += 1
        negated = self.peek() == "^"
        self.position += negated
        tests: list[CharTest] = []
        while self.peek() != "]":
            tests.append(self.class_part())
        if not tests:
            raise self.wrong("the class is empty")
        self.position += 1
        return lambda char: any(test(char) for test in tests) is not negated

    def class_part(self) -> CharTest:
        low = self.peek()
        dash, high = (self.text[at : at + 1] for at in (self.position + 1, self.position + 2))
        if not low:
            raise self.wrong('"[" is never closed')
        if low == "\\":
            return self.escape()
        if dash != "-" or high in ("", "]"):
            self.position += 1
            return lambda char: char in low.lower()
        if high == "\\" or high < low:
            raise self.wrong(f'"{low}-{high}" is not a range')
        self.position += 3
        return _within(low, high)


def _any_number(steps: list[Step]) -> list[Step]:
    return [Fork(1, len(steps) + 2), *steps, Fork(-len(steps) - 1, 1)]


def _at_least_one(steps: list[Step]) -> list[Step]:
    return [*steps, Fork(-len(steps), 1)]


def _at_most_one(steps: list[Step]) -> list[Step]:
    return [Fork(1, len(steps) + 1), *steps]


def _any(char: str) -> bool:
    return True


def _word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _is(wanted: str) -> CharTest:
    return lambda char: char == wanted


def _within(low: str, high: str) -> CharTest:
    """Names arrive in lower case: `[A-Z]` means letters of either case, so the upper case of a character counts as well."""
    return lambda char: low <= char <= high or (len(char.upper()) == 1 and low <= char.upper() <= high)


def slugify(text: str) -> str | None:
    """Return `text` as a slug of `[a-z0-9-]`, accents dropped, at most 60 characters; None when nothing is left of it."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG].rstrip("-") or None


def fill(template: str, captures: Sequence[str]) -> str | None:
    """Return `template` with `{1}`, `{2}`… replaced by the slugs of the captures; None when one of them has no slug.

    Raises Invalid `slug_invalid` for a place the pattern has no capture for.
    """
    slugs = [slugify(captures[number - 1]) for number in _places(template, len(captures))]
    if None in slugs:
        return None
    parts = iter(slugs)
    return slugify(_PLACEHOLDER.sub(lambda _: next(parts) or "", template))


def _places(template: str, captures: int) -> list[int]:
    texts = _PLACEHOLDER.findall(template)
    for text in texts:
        if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= captures):
            expected = f'"{{1}}" to "{{{captures}}}"' if captures else "a slug without captures: this rule's match has none"
            raise Invalid("slug_invalid", f'"{{{text}}}" in "{template}" names no capture of the pattern.', expected=expected)
    return [int(text) for text in texts]
