"""Organizations with many people, filled set-based: what is measured begins after them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmarks.client import request
from connector.directory import connections, domains, plans, tokens
from connector.directory.model import Document, Json
from connector.organizations import organizations
from connector.scim.documents import read_user
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.writes import insert_rows

PIECE = 10_000


@dataclass(frozen=True, slots=True)
class Home:
    """A live organization, the token of its identity provider, and the SCIM ids of its people in the order of their names."""

    organization: str
    connection: str
    token: str
    domain: str
    people: tuple[str, ...]
    groups: dict[str, str]

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        """A SCIM request of this identity provider."""
        return request(method, f"/scim/v2/{self.connection}{path}", self.token, body)

    def person(self, number: int) -> dict[str, Any]:
        """The User that an identity provider sends of person `number`."""
        return person(f"p{number}", self.domain)


def person(name: str, domain: str) -> dict[str, Any]:
    """A User as Okta and Entra send it: names, addresses, a telephone, and what the enterprise knows."""
    return {
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "externalId": f"00u{name}",
        "userName": f"{name}@{domain}",
        "name": {"givenName": name.title(), "familyName": "Example"},
        "displayName": f"{name.title()} Example",
        "emails": [{"value": f"{name}@{domain}", "type": "work", "primary": True}],
        "phoneNumbers": [{"value": "+41 44 668 18 00", "type": "work"}],
        "title": "Engineer",
        "active": True,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": name, "department": "Research"},
    }


def make(database: Database, slug: str, people: int, groups: dict[str, int]) -> Home:
    """Make an organization with `people` and `groups` of so many members each, five rules, and everything in force."""
    domain = f"{slug}.example"
    organization = organizations.create(database, slug, slug.title(), f"owner@{domain}").id
    domains.add(database, organization, domain, verified=True)
    connection = connections.create(database, organization, "Okta", "okta", base_url="http://127.0.0.1:8000").id
    token = tokens.create(database, organization, connection).token or ""
    teams: Iterable[dict[str, Json]] = (
        {"group": name, "team": name.lower()} for name in groups if name not in ("Small", "Large")
    )
    for options in (*_RULES, *teams):
        rule: Document = {"id": new_id(), "connection": connection, **options}
        plans.carry_out(database, organization, "add_rule", rule)
    ids = _push(database, organization, connection, domain, people)
    total = {"connection_id": connection, "organization_id": organization, "slot": 99}
    totals = [{**total, "kind": "User", "total": people}, {**total, "kind": "Group", "total": len(groups)}]
    database.write(lambda tx: insert_rows(tx, t.DirectoryTotal, totals))
    made = {}
    for place, (name, size) in enumerate(groups.items()):
        first = place * 100 % max(people - size, 1)  # different people, so that nobody is in all groups
        made[name] = _group(database, organization, connection, name, ids[first : first + size])
    plans.carry_out(database, organization, "activate", {"connection": connection})
    return Home(organization, connection, token, domain, tuple(ids), made)


_RULES: tuple[dict[str, Json], ...] = (
    {"everyone": True, "team": "all"},
    {"everyone": True, "project": "start"},
    {"group": "Small", "team": "small"},
    {"group": "Large", "team": "large"},
    {"group": "Admins", "role": "admin"},
)
"""Five rules, as organizations have; each of the other groups gives a team too."""


def _push(database: Database, organization: str, connection: str, domain: str, people: int) -> list[str]:
    """The rows that `people` POSTs into a staged directory leave behind, in pieces."""
    ids = [new_id() for _ in range(people)]
    for start in range(0, people, PIECE):
        numbers = range(start, min(start + PIECE, people))
        rows = [_row(organization, connection, ids[number], person(f"p{number}", domain)) for number in numbers]
        database.write(lambda tx, rows=rows: insert_rows(tx, t.DirectoryUser, rows))  # type: ignore[misc]
    return ids


def _row(organization: str, connection: str, identity: str, body: dict[str, Any]) -> dict[str, Any]:
    pushed, now = read_user(body), datetime.now(UTC)
    return {
        "id": identity,
        "organization_id": organization,
        "connection_id": connection,
        "user_name": pushed.user_name,
        "user_name_key": pushed.user_name,
        "external_id": pushed.external_id,
        "display_name": pushed.display_name,
        "email": pushed.email,
        "email_key": pushed.email,
        "active": True,
        "overridden": False,
        "document": json.dumps({"schemas": pushed.document["schemas"], "id": identity, **pushed.document}, separators=(",", ":")),
        "search": pushed.search,
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


def _group(database: Database, organization: str, connection: str, name: str, inside: Sequence[str]) -> str:
    identity, now = new_id(), datetime.now(UTC)
    row = {"id": identity, "organization_id": organization, "connection_id": connection, "external_id": None, "version": 1}
    named = {"display_name": name, "display_name_key": name.lower(), "created_at": now, "updated_at": now}
    document = json.dumps({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": identity, "displayName": name})
    said = {"document": document, "search": {"displayname": name.lower()}}
    members = [{"group_id": identity, "user_id": each, "connection_id": connection} for each in inside]
    database.write(lambda tx: insert_rows(tx, t.DirectoryGroup, [{**row, **named, **said}]))
    database.write(lambda tx: insert_rows(tx, t.DirectoryMember, members))
    return identity
