"""Conversations an identity provider has with a SCIM server: read from `conversations/*.json`, replayed step by step.

The format of the files is in README.md. `replay` does not know what carries the requests: it calls `send`, which may be an HTTP
connection (`push.py`) or a test client.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import quote, quote_plus, urlencode

from idp_fixtures.matching import MISSING, Found, Json, difference

FOLDER: Final = Path(__file__).parent / "conversations"
PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")

Idp = Literal["okta", "entra", "jumpcloud", "onelogin", "ping", "authentik", "keycloak", "rippling"]
Answer = tuple[int, Mapping[str, str], bytes]
Send = Callable[[str, str, str, Mapping[str, str], bytes | None], Answer]
"""(method, path below the SCIM base URL, encoded query, headers, body) -> (status, headers, body).

It adds `Authorization` with the connection's token where the headers have none."""


class Mismatch(AssertionError):
    """The server did not answer a step as the conversation expects: which step, why it is there, what was expected, what came."""

    def __init__(self, conversation: str, number: int, step: Step, problem: str) -> None:
        request = step.request
        super().__init__(f"{conversation}, step {number} ({request.method} {request.path}): {step.why}\n  {problem}")
        self.number = number


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `body` is MISSING for a request without one; a text is sent as it stands, for what is no JSON."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Found


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must come back: one of `statuses`, headers in which the expressions are found, a body that holds the pattern."""

    statuses: tuple[int, ...]
    headers: Mapping[str, str]
    body: Found


@dataclass(frozen=True, slots=True)
class Step:
    """One request, why the identity provider sends it, and the names under which later steps know parts of the answer."""

    why: str
    request: Request
    expect: Expectation
    remember: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A whole exchange in the order it happens. `mimics` says whose behaviour it is, `source` which public documents show it."""

    name: str
    title: str
    mimics: str
    source: str
    idp: Idp
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A step as it went: what was really sent, placeholders filled, and what came back."""

    number: int
    why: str
    method: str
    path: str
    query: str
    status: int
    headers: Mapping[str, str]
    body: Found


def names() -> tuple[str, ...]:
    """The names of all conversations, in alphabetical order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def load(name: str) -> Conversation:
    """Read one conversation. ValueError for a key it does not know, a placeholder nobody remembered, or an unknown name."""
    if name not in names():
        raise ValueError(f"no conversation is called {name!r}; there are: {', '.join(names())}")
    return parse(name, json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def parse(name: str, raw: Mapping[str, Any]) -> Conversation:
    """The JSON of a file as values. ValueError as for `load`: a misspelt expectation would otherwise never be checked."""
    _only(raw, name, {"title", "mimics", "source", "idp", "headers", "steps"})
    steps = tuple(_step(f"{name}, step {number}", entry, raw.get("headers", {})) for number, entry in enumerate(raw["steps"], 1))
    _check_placeholders(name, steps)
    return Conversation(name, raw["title"], raw["mimics"], raw["source"], raw["idp"], steps)


def replay(conversation: Conversation, send: Send) -> list[Exchange]:
    """Send every step in order and return what was said. Mismatch at the first answer that is not as expected."""
    return list(exchanges(conversation, send))


def exchanges(conversation: Conversation, send: Send) -> Iterator[Exchange]:
    """As `replay`, one step at a time: the next request leaves when the next exchange is asked for."""
    memory: dict[str, str] = {}
    for number, step in enumerate(conversation.steps, 1):
        exchange = _exchange(number, step, conversation.idp, send, memory)
        problem = _problem(step, exchange, memory)
        if problem is not None:
            raise Mismatch(conversation.name, number, step, problem)
        yield exchange


def fill(value: Json, memory: Mapping[str, str]) -> Json:
    """`value` with every `{name}` inside its texts replaced by what was remembered under that name."""
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: memory[found[1]], value)
    if isinstance(value, list):
        return [fill(item, memory) for item in value]
    if isinstance(value, dict):
        return {key: fill(item, memory) for key, item in value.items()}
    return value


def _exchange(number: int, step: Step, idp: Idp, send: Send, memory: Mapping[str, str]) -> Exchange:
    request = step.request
    path = str(fill(request.path, memory))
    query = encoded({key: str(fill(value, memory)) for key, value in request.query.items()}, idp)
    status, headers, answer = send(request.method, path, query, request.headers, _written(request.body, memory))
    folded = {key.lower(): value for key, value in headers.items()}
    return Exchange(number, step.why, request.method, path, query, status, folded, _parsed(answer))


def _written(body: Found, memory: Mapping[str, str]) -> bytes | None:
    """A body as it goes out; None for a request without one."""
    if body is MISSING:
        return None
    filled = fill(body, memory)
    return (filled if isinstance(filled, str) else json.dumps(filled, ensure_ascii=False)).encode()


def encoded(query: Mapping[str, str], idp: Idp) -> str:
    """The query as that identity provider writes it: Entra and authentik send a blank as `+`, the others as `%20`."""
    return urlencode(query, quote_via=quote_plus if idp in ("entra", "authentik") else quote)


def _parsed(answer: bytes) -> Found:
    """The JSON of a body; MISSING for none. What is no JSON stays text, so that the mismatch can show it."""
    if not answer:
        return MISSING
    try:
        return cast(Json, json.loads(answer))
    except ValueError:
        return answer[:200].decode(errors="replace")


def _problem(step: Step, exchange: Exchange, memory: dict[str, str]) -> str | None:
    """What is wrong with the answer, or None. What is to be remembered is taken first: the expectation may speak of it."""
    if exchange.status not in step.expect.statuses:
        wanted = " or ".join(map(str, step.expect.statuses))
        return f"expected status {wanted}, got {exchange.status} with {difference('<absent>', exchange.body) or 'no body'}"
    for name, place in step.remember.items():
        value = _at(exchange.body, place)
        if not isinstance(value, str):
            return f"nothing to remember as {name}: the answer has no text at {place}"
        memory[name] = value
    return _header_problem(step, exchange, memory) or _body_problem(step, exchange, memory)


def _header_problem(step: Step, exchange: Exchange, memory: Mapping[str, str]) -> str | None:
    for name, expression in step.expect.headers.items():
        got = exchange.headers.get(name.lower())
        if got is None or re.search(str(fill(expression, memory)), got) is None:
            return f"header {name}: expected {fill(expression, memory)}, got {got}"
    return None


def _body_problem(step: Step, exchange: Exchange, memory: Mapping[str, str]) -> str | None:
    if step.expect.body is MISSING:
        return None
    return difference(fill(step.expect.body, memory), exchange.body)


def _at(document: Found, place: str) -> Found:
    """The value at a dotted path such as `id` or `Resources.0.id`; MISSING where there is none."""
    for name in place.split("."):
        if isinstance(document, dict):
            document = document.get(name, MISSING)
        elif isinstance(document, list) and name.isdecimal() and int(name) < len(document):
            document = document[int(name)]
        else:
            return MISSING
    return document


def _step(where: str, raw: Mapping[str, Any], headers: Mapping[str, str]) -> Step:
    _only(raw, where, {"why", "request", "expect", "remember"})
    request, expect = raw["request"], raw["expect"]
    _only(request, where, {"method", "path", "query", "headers", "body"})
    _only(expect, where, {"status", "headers", "body"})
    sent = Request(
        method=request["method"],
        path=request["path"],
        query=request.get("query", {}),
        headers={**headers, **request.get("headers", {})},
        body=request.get("body", MISSING),
    )
    status = expect["status"]
    statuses = tuple(status) if isinstance(status, list) else (status,)
    wanted = Expectation(statuses, expect.get("headers", {}), expect.get("body", MISSING))
    return Step(raw["why"], sent, wanted, raw.get("remember", {}))


def _only(raw: Mapping[str, Any], where: str, known: set[str]) -> None:
    if unknown := sorted(set(raw) - known):
        raise ValueError(f"{where}: {', '.join(unknown)} means nothing here; known are {', '.join(sorted(known))}")


def _check_placeholders(name: str, steps: tuple[Step, ...]) -> None:
    """Every name is remembered by a step before the request that uses it, or at the latest by the step that expects it."""
    known: set[str] = set()
    for number, step in enumerate(steps, 1):
        request, expect = step.request, step.expect
        _demand(f"{name}, step {number}", known, request.path, dict(request.query), request.body)
        known |= set(step.remember)
        _demand(f"{name}, step {number}", known, dict(expect.headers), expect.body)


def _demand(where: str, known: set[str], *values: object) -> None:
    used = {found for value in values for found in PLACEHOLDER.findall(_flat(value))}
    if unknown := sorted(used - known):
        raise ValueError(f"{where}: {', '.join(unknown)} is used before any step remembers it")


def _flat(value: object) -> str:
    """All texts inside a value, one after the other: where placeholders are looked for."""
    if isinstance(value, dict):
        return " ".join(_flat(item) for item in value.values())
    if isinstance(value, list):
        return " ".join(_flat(item) for item in value)
    return value if isinstance(value, str) else ""
