"""Provisioning at the identity provider: its people and groups are pushed by SCIM 2.0 (RFC 7644), as often as one likes.

Whoever is there already is replaced (PUT), whoever is not is made (POST), so that pushing twice changes nothing.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from idp_fixtures.conversation import Send
from idp_fixtures.people import Person, group_id
from idp_fixtures.push import connect

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
JSON = {"Accept": "application/scim+json", "Content-Type": "application/scim+json"}


class NotPushed(Exception):
    """The other side cannot be reached or says no; the text is a sentence about it."""


@dataclass(frozen=True, slots=True)
class Provisioning:
    """Where to push, and the bearer token for it."""

    base_url: str
    token: str = field(repr=False)


def try_connection(target: Provisioning) -> None:
    """Ask for one user, as consoles do to test a connection. Raises NotPushed."""
    with _session(target) as send:
        _ask(send, "GET", "/Users", query="startIndex=1&count=1")


def push(target: Provisioning, people: Iterable[Person]) -> tuple[int, int]:
    """Push everybody, then every group with who is in it. Returns how many people and groups. Raises NotPushed."""
    everybody = tuple(people)
    groups = sorted({name for each in everybody for name in each.groups})
    with _session(target) as send:
        ids = {each.email: _put(send, "/Users", "userName", each.email, user(each)) for each in everybody}
        for name in groups:
            inside = [ids[each.email] for each in everybody if name in each.groups]
            _put(send, "/Groups", "displayName", name, group(name, inside))
    return len(everybody), len(groups)


def user(person: Person) -> dict[str, Any]:
    """Somebody as a SCIM user."""
    return {
        "schemas": [USER],
        "externalId": person.id,
        "userName": person.email,
        "displayName": person.display_name,
        "name": {"givenName": person.first_name, "familyName": person.last_name},
        "emails": [{"value": person.email, "type": "work", "primary": True}],
        "active": person.active,
    }


def group(name: str, inside: Iterable[str]) -> dict[str, Any]:
    """A group as SCIM has it, with the SCIM ids of its members."""
    members = [{"value": each} for each in inside]
    return {"schemas": [GROUP], "externalId": group_id(name), "displayName": name, "members": members}


@contextmanager
def _session(target: Provisioning) -> Iterator[Send]:
    try:
        with connect(target.base_url, target.token) as send:
            yield send
    except ValueError as error:
        raise NotPushed(f"{error}.") from None
    except (OSError, http.client.HTTPException) as error:
        raise NotPushed(f"{target.base_url} cannot be reached: {error}.") from None


def _put(send: Send, path: str, attribute: str, value: str, body: Mapping[str, Any]) -> str:
    """Make it, or replace what is there by this name. Returns the SCIM id."""
    found = _ask(send, "GET", path, query="filter=" + quote(f"{attribute} eq {json.dumps(value)}")).get("Resources")
    method, where = ("PUT", f"{path}/{found[0]['id']}") if found else ("POST", path)
    return str(_ask(send, method, where, body).get("id"))


def _ask(send: Send, method: str, path: str, body: Mapping[str, Any] | None = None, query: str = "") -> dict[str, Any]:
    status, _, said = send(method, path, query, JSON, None if body is None else json.dumps(body).encode())
    try:
        answer = json.loads(said)
    except ValueError:
        answer = None
    if status >= 400 or not isinstance(answer, dict):
        detail = answer.get("detail") if isinstance(answer, dict) else None
        raise NotPushed(f"{method} {path} was answered {status}. {detail or ''}".strip())
    return answer
