"""Whole recorded conversations of Okta and Entra, replayed against the whole app, on both databases.

Each is replayed twice: into a staged directory, where nobody becomes a member, and into a live one, where members follow. What
the conversation expects of the answers stands in the conversation (`idp_fixtures/conversations/`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.app import create_app
from connector.config import Settings
from connector.directory import connections, domains, plans, tokens
from connector.organizations import member_views, organizations
from connector.organizations.member_views import TeamPlace
from connector.storage.database import Database
from connector.storage.ids import new_id
from idp_fixtures.conversation import Answer, Send, load, names, replay
from tests.support.heard import heard

DOMAINS = ("northwind.example", "contoso.example", "example.com")


@dataclass(frozen=True)
class Home:
    """An organization with a connection and a way to send to it."""

    database: Database
    organization_id: str
    connection_id: str
    send: Send


@pytest.fixture
def home(database: Database, tmp_path: Path) -> Iterator[Home]:
    """An organization whose IdP is set up and staged, behind the whole app."""
    organization = organizations.create(database, "acme", "Acme", "owner@founder.example")
    for domain in DOMAINS:
        domains.add(database, organization.id, domain, verified=True)
    connection = connections.create(database, organization.id, "IdP", "generic", base_url="http://127.0.0.1:8000")
    token = tokens.create(database, organization.id, connection.id).token
    url = database.engine.url.render_as_string(hide_password=False)
    settings = Settings.from_environment({"CONNECTOR_DATA_DIR": str(tmp_path), "CONNECTOR_DATABASE_URL": url})
    app = create_app(settings)
    http = app.test_client()

    def send(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        told = {"Authorization": f"Bearer {token}", **headers}
        address = f"/scim/v2/{connection.id}{path}"
        answer = http.open(address, method=method, query_string=query, headers=told, data=body)
        return answer.status_code, dict(answer.headers), answer.get_data()

    yield Home(database, organization.id, connection.id, send)
    app.extensions["connector"].database.close()


def activate(home: Home) -> None:
    """Take the connection and its staged directory live."""
    plans.carry_out(home.database, home.organization_id, "activate", {"connection": home.connection_id})


@pytest.mark.parametrize("name", names())
def test_a_staged_directory_answers_every_request_as_the_identity_provider_expects(home: Home, name: str) -> None:
    """The directory fills; the only member is still the founder."""
    conversation = load(name)
    assert len(replay(conversation, home.send)) == len(conversation.steps)
    assert [member.source for member in member_views.list_members(home.database, home.organization_id)] == ["founder"]


@pytest.mark.parametrize("name", names())
def test_a_live_directory_answers_the_same_and_its_people_are_members(home: Home, name: str) -> None:
    """Every write is in the provisioning log, and a reconcile afterwards finds nothing to do."""
    activate(home)
    exchanges = replay(load(name), home.send)
    writes = [one for one in exchanges if one.method != "GET" and one.status < 300]
    logged = [item for item in heard(home.database, home.connection_id) if item.status < 300]
    assert len(logged) == len(writes)
    plan = plans.propose(home.database, home.organization_id, "rules", {"rules": None})
    assert plan.changes == ()


def test_what_the_demo_of_okta_pushes_becomes_roles_and_teams_by_rules(home: Home) -> None:
    """The journey of `make run`, in process: rules, activation, the whole push, and what came of it."""
    for wanted in ({"group": "Platform Admins", "role": "admin"}, {"group": "Engineering", "team": "engineering"}):
        rule = {"id": new_id(), "connection": home.connection_id, **wanted}
        plans.carry_out(home.database, home.organization_id, "add_rule", rule)
    activate(home)
    replay(load("demo_okta"), home.send)
    found = {member.email: member for member in member_views.list_members(home.database, home.organization_id)}
    roles = {member.role for member in found.values()}
    assert roles == {"owner", "admin", "member"}
    assert any(member.status == "suspended" and member.causes == ("directory",) for member in found.values())
    assert any(TeamPlace("engineering", "member") in member.teams for member in found.values())
