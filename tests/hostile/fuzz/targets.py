"""What may come of any bytes: a value that keeps its promises, or Invalid. Everything else that is raised is a finding."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from connector.cli.arrival import Arrival
from connector.errors import Invalid
from connector.scim.documents import read_group, read_user
from connector.scim.filters import parse_filter
from connector.scim.matching import matches
from connector.scim.messages import read_body
from connector.scim.patch import group_patch, user_patch
from connector.scim.paths import parse_path
from connector.scim.schemas import GROUP, USER
from connector.storage.search import groups_where, users_where
from tests.hostile.fuzz.choices import patch_of

DIALECTS = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}  # type: ignore[no-untyped-call]
ELEMENTS: list[dict[str, Any]] = [
    {},
    {"value": "a@b.example", "type": "work", "primary": True},
    {"x": [1, {"y": None}], "value": 5},
]
STORED = {
    "userName": "ann",
    "name": {"givenName": "Ann"},
    "emails": [{"value": "a@b.example", "type": "work", "primary": True}, {"value": "c@d.example"}],
    "active": True,
    "urn:a:b:User": {"x": [1, {"y": 2}], "z": "text"},
}


def a_filter(data: bytes) -> None:
    """Becomes SQL of both databases, for users and for groups."""
    for schema, where in ((USER, users_where), (GROUP, groups_where)):
        with contextlib.suppress(Invalid):
            condition = parse_filter(_text(data), schema)
            for name, dialect in DIALECTS.items():
                str(where(condition, name).compile(dialect=dialect))


def a_path(data: bytes) -> None:
    """Names an attribute, and selects elements or none."""
    for schema in (USER, GROUP):
        with contextlib.suppress(Invalid):
            target = parse_path(_text(data), schema)
            if target is not None and target.condition is not None:
                for element in ELEMENTS:
                    matches(target.condition, element)


def a_body(data: bytes) -> None:
    """Becomes an object that can be written and read again."""
    with contextlib.suppress(Invalid):
        body = read_body(data)
        with contextlib.suppress(Invalid):  # a number of 4,300 digits or 1e308 may be written longer than it came
            assert read_body(json.dumps(body, ensure_ascii=False).encode()) == body


def a_patch(data: bytes) -> None:
    """Edits a document into one that is canonical, and leaves the one it was given alone."""
    message = patch_of(data)
    before = read_user(STORED).document
    with contextlib.suppress(Invalid):
        edit = user_patch(message, "u1")
        with contextlib.suppress(Invalid):
            after = edit(before, True).document
            assert read_user(after, True).document == {**after, "active": after.get("active", True)}
        assert before == read_user(STORED).document
    with contextlib.suppress(Invalid):
        group = group_patch(message, "g1")
        if group.edit is not None:
            document = group.edit(read_group({"displayName": "Staff"})[0].document).document
            assert read_group(document)[0].document == document


def an_arrival(data: bytes) -> None:
    """Is understood the same however it is cut, and never holds more than it may."""
    whole, slow = Arrival(), Arrival()
    whole.feed(data)
    for at in range(len(data)):
        if slow.feed(data[at : at + 1]):
            slow.received += data[at + 1 :]
            break
    assert whole.held <= len(data)
    if slow.over and slow.refusal is None:
        assert _seen(slow) == _seen(whole)
    assert slow.over == whole.over


def _seen(arrival: Arrival) -> tuple[object, ...]:
    return arrival.whole, arrival.refusal, arrival.unread, arrival.head, bytes(arrival.body), bytes(arrival.received)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "arrival": an_arrival,
    "body": a_body,
    "filter": a_filter,
    "patch": a_patch,
    "path": a_path,
}
