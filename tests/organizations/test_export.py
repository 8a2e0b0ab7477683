"""The export of an organization: it forgets nothing that is there, and tells nothing that opens anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.accounts import keys
from connector.organizations import entitlements, grants, invitations, organizations, projects, resources, settings, teams
from connector.organizations.export import _PARTS, export
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from connector.storage.tables import metadata
from tests.support import filled
from tests.support.statements import statements

ELSEWHERE = {
    "audit_entry": "`connector audit --format ndjson` has all of it",
    "outbox_event": "the same facts, for programs that follow",
    "provisioning_log": "`connector log`, kept for 30 days",
    "sign_in_trace": "kept for some days",
    "membership": "members",
    "assignment": "members: assignments",
    "suspension": "members: suspensions",
    "recovery_code": "secret",
    "scim_token": "secret",
    "scim_client": "secret",
    "authentication": "secret",
    "email_link": "secret",
    "setup_link": "secret",
    "directory_user": "the IdP has it, and pushes it again",
    "directory_group": "the IdP has it",
    "directory_total": "counted",
    "tombstone": "what is to be forgotten",
    "external_identity": "the IdP has it: known again at the next sign-in",
    "claimed_group": "the IdP has it",
    "withheld": "lasts until an owner decides",
    "stored_plan": "lasts a week",
    "sign_on_request": "lasts minutes",
    "test_link": "lasts minutes",
    "test_sign_in": "lasts a day",
}
"""Tables with rows of an organization that are not parts of the export, and why or where."""


def test_every_table_is_exported_or_has_a_reason() -> None:
    """A table that somebody adds must be given its place here."""
    mine = {table.name for table in metadata.sorted_tables if "organization_id" in table.columns}
    parts = {table.__tablename__ for table, _, _ in _PARTS.values()}
    assert (mine - parts, parts & ELSEWHERE.keys()) == (set(ELSEWHERE), set())


def names_in(value: Any) -> set[str]:
    """All names of fields, however deep."""
    if isinstance(value, dict):
        return {*value, *(name for each in value.values() for name in names_in(each))}
    return {name for each in value for name in names_in(each)} if isinstance(value, list) else set()


def test_no_column_that_keeps_a_secret_is_told(database: Database) -> None:
    """Of a database with a row in every table; every part has its row."""
    database.write(filled.fill)
    told = json.loads(json.dumps(export(database, "o")))
    assert {name for name, part in told.items() if not part} == set()
    secret = {column.name for table in metadata.sorted_tables for column in table.columns if is_secret(column.name)}
    assert secret >= {"token_hash", "secret", "sealed", "private_key", "code_hash", "logout"}
    assert names_in(told) & secret == set()


def is_secret(column: str) -> bool:
    """Whether the name of a column says that it keeps one, or the hash of one."""
    return column.endswith("hash") or column in ("secret", "sealed", "private_key", "logout", "handle", "handle_index")


@pytest.fixture
def acme(database: Database) -> str:
    """An organization with something of everything that people make."""
    acme = organizations.create(database, "acme", "Acme", "owner@acme.example", "onet").id
    teams.create(database, acme, "Eng")
    projects.create(database, acme, "Site")
    resources.create(database, acme, "vps", "Web", id_="web", project="site")
    grants.grant_team(database, acme, "eng", "vps", "web", "write")
    invitations.invite(database, Sealer(["key"]), "https://id.example", acme, "bob@x.example")
    keys.create(database, "owner@acme.example", datetime.now(UTC), organization_id=acme, project="site", name="deploy")
    settings.replace(database, acme, "general", {"invitation_days": 3})
    entitlements.switch(database, acme, {"projects": False})
    return acme


def test_what_people_made_is_told(database: Database, acme: str) -> None:
    """Teams' grants, projects, resources, invitations, keys by their last letters, settings, entitlements."""
    bell = organizations.create(database, "bell", "Bell", "owner@bell.example").id
    settings.replace(database, bell, "general", {"invitation_days": 9})
    told = export(database, acme)
    [team], [project], [resource], [grant] = told["teams"], told["projects"], told["resources"], told["grants"]
    assert (resource["kind"], resource["id"], resource["project_id"], resource["creator"]) == (
        "vps",
        "web",
        project["id"],
        "operator",
    )
    assert (grant["team_id"], grant["resource_key"], grant["level"]) == (team["id"], resource["key"], "write")
    assert {each["name"] for each in told["resource_kinds"]} >= {"vps", "agent"}
    [invitation], [key], [owner] = told["invitations"], told["keys"], told["members"]
    assert (invitation["email"], invitation["status"]) == ("bob@x.example", "pending")
    assert (key["name"], key["project_id"], key["person_id"]) == ("deploy", project["id"], owner["user_id"])
    assert [(each["namespace"], each["document"]["invitation_days"]) for each in told["settings"]] == [("general", 3)]
    assert {each["name"]: each["enabled"] for each in told["entitlements"]} == {"projects": False}


def test_an_export_costs_the_same_whatever_there_is(database: Database, acme: str) -> None:
    """One statement for each kind of row."""

    def cost() -> int:
        with statements(database.engine) as sent:
            export(database, acme)
        return len(sent)

    before = cost()
    for number in range(5):
        teams.create(database, acme, f"Team {number}")
        resources.create(database, acme, "agent", f"Agent {number}")
    assert cost() == before
