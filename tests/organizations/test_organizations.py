"""Organizations: their making is one transaction, their names are checked, their export is whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from connector.directory import connections, domains, tokens
from connector.errors import ConnectorError, Invalid, NotFound
from connector.membership.roles import PRESETS
from connector.organizations import organizations
from connector.organizations.export import export
from connector.provisioning.acting import OPERATOR
from connector.storage import tables as t
from connector.storage.database import Database
from tests.support.racing import race
from tests.support.statements import statements

BASE = "https://id.example.com"


def rows(database: Database, *columns: Any) -> list[Any]:
    with database.read() as tx:
        return list(tx.execute(select(*columns)))


def test_a_new_organization_invites_and_has_one_owner(database: Database) -> None:
    """The founder joins with the preset's creator role, by source founder; the address is theirs, verified and primary."""
    made = organizations.create(database, "acme", "  Acme Ⓖ株式会社 ", "Ada@Example.com")
    assert (made.slug, made.name, made.preset, made.mode, made.sign_in_url) == (
        "acme",
        "Acme Ⓖ株式会社",
        "oagents",
        "invitation",
        None,
    )
    assert rows(database, t.Membership.joined_by, t.Membership.role) == [("founder", "owner")]
    assert rows(database, t.Assignment.target_kind, t.Assignment.level, t.Assignment.source) == [("role", "owner", "founder")]
    address = (t.Address.email, t.Address.email_key, t.Address.verified, t.Address.is_primary)
    assert rows(database, *address) == [("Ada@Example.com", "ada@example.com", True, True)]


def test_making_it_is_audited_and_told(database: Database) -> None:
    """One act, one audit entry, which names the owner; whoever listens hears of the organization and of the member."""
    organizations.create(database, "acme", "Acme", "ada@example.com")
    [entry] = rows(database, t.AuditEntry.actor, t.AuditEntry.action, t.AuditEntry.target, t.AuditEntry.after)
    told = {"slug": "acme", "name": "Acme", "preset": "oagents", "owner": "ada@example.com"}
    assert entry == ("operator", "organization.created", "organization:acme", told)
    assert sorted(row.kind for row in rows(database, t.OutboxEvent.kind)) == ["member.joined", "organization.created"]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_roles_of_the_preset_become_rows(database: Database, preset: str) -> None:
    """The catalogue in the database is the preset's, row by row, and the founder holds its creator role."""
    organizations.create(database, "acme", "Acme", "ada@example.com", preset)
    found = {row.name: row for row in rows(database, t.Role.name, t.Role.rank, t.Role.top, t.Role.can_own, t.Role.permissions)}
    wanted = PRESETS[preset]
    assert {name: (row.rank, row.top, row.can_own, set(row.permissions)) for name, row in found.items()} == {
        role.name: (role.rank, role.top, role.can_own, set(role.permissions)) for role in wanted.catalogue.roles
    }
    assert rows(database, t.Membership.role) == [(wanted.creator,)]
    assert rows(database, t.Organization.default_role) == [(wanted.catalogue.default,)]


def test_a_founder_known_by_a_verified_address_is_the_same_person(database: Database) -> None:
    """Case does not make another address; another address makes another person."""
    for slug, email in (("one", "ada@example.com"), ("two", "ADA@example.com"), ("three", "cleo@example.com")):
        organizations.create(database, slug, slug, email)
    assert len(rows(database, t.Person.id)) == 2
    assert len(rows(database, t.Membership.id)) == 3


def test_an_address_somebody_only_claims_finds_nobody(database: Database) -> None:
    """An unverified address is display data: the founder is a new person."""
    organizations.create(database, "one", "One", "cleo@example.com")
    with database.engine.begin() as tx:
        claim = {"id": "x", "person_id": tx.execute(select(t.Person.id)).scalar_one(), "email": "ada@example.com"}
        moment = tx.execute(select(t.Person.created_at)).scalar_one()
        flags = {"email_key": "ada@example.com", "verified": False, "is_primary": False, "created_at": moment}
        tx.execute(insert(t.Address).values(**claim, **flags))
    organizations.create(database, "two", "Two", "ada@example.com")
    assert len(rows(database, t.Person.id)) == 2


@pytest.mark.parametrize(
    ("slug", "name", "email", "preset", "code"),
    [
        pytest.param("a", "A", "a@b.co", "oagents", "slug_invalid", id="one letter"),
        pytest.param("a" * 64, "A", "a@b.co", "oagents", "slug_invalid", id="64 letters"),
        pytest.param("Acme", "A", "a@b.co", "oagents", "slug_invalid", id="upper case"),
        pytest.param("ac me", "A", "a@b.co", "oagents", "slug_invalid", id="a space"),
        pytest.param("acmé", "A", "a@b.co", "oagents", "slug_invalid", id="an accent"),
        pytest.param("-acme", "A", "a@b.co", "oagents", "slug_invalid", id="a hyphen in front"),
        pytest.param("acme-", "A", "a@b.co", "oagents", "slug_invalid", id="a hyphen behind"),
        pytest.param("acme\n", "A", "a@b.co", "oagents", "slug_invalid", id="a line break"),
        pytest.param("0195a1b2-0000-7000-8000-000000000000", "A", "a@b.co", "oagents", "slug_invalid", id="the form of an id"),
        pytest.param("acme", "  ", "a@b.co", "oagents", "name_invalid", id="no name"),
        pytest.param("acme", "x" * 201, "a@b.co", "oagents", "name_invalid", id="201 letters of name"),
        pytest.param("acme", "A\x00", "a@b.co", "oagents", "name_invalid", id="a control character"),
        pytest.param("acme", "A", "ada", "oagents", "email_invalid", id="no address"),
        pytest.param("acme", "A", "a@b@c.co", "oagents", "email_invalid", id="two at signs"),
        pytest.param("acme", "A", "a b@c.co", "oagents", "email_invalid", id="a space in the address"),
        pytest.param("acme", "A", "a@b.co", "nobody", "preset_unknown", id="no such preset"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    database: Database, slug: str, name: str, email: str, preset: str, code: str
) -> None:
    """Each row: what is asked for, and the code of the refusal; nothing is written."""
    with pytest.raises(Invalid) as refused:
        organizations.create(database, slug, name, email, preset)
    assert refused.value.code == code
    assert rows(database, t.Organization.id) == []


@pytest.mark.parametrize("slug", ["ab", "a-b", "0a", "a" * 63])
def test_slugs_at_the_edge_are_taken(database: Database, slug: str) -> None:
    """Two to 63 letters, digits and hyphens."""
    assert organizations.create(database, slug, "A", "a@b.co").slug == slug


def test_of_eight_who_want_one_slug_one_gets_it(database: Database) -> None:
    """The others are told that it is taken, and leave nothing behind."""
    made, refused = race([lambda n=n: organizations.create(database, "acme", f"Acme {n}", f"p{n}@example.com") for n in range(8)])  # type: ignore[misc]
    assert len(made) == 1
    assert refused == ["slug_taken"] * 7
    assert len(rows(database, t.Person.id)) == len(rows(database, t.Membership.id)) == 1


def test_one_address_founding_eight_organizations_at_once_is_one_person(database: Database) -> None:
    """The verified address is unique: whoever loses that race finds the person the winner made."""
    made, refused = race([lambda n=n: organizations.create(database, f"org-{n}", "Org", "ada@example.com") for n in range(4)])  # type: ignore[misc]
    assert (len(made), refused) == (4, [])
    assert len(rows(database, t.Person.id)) == 1


def test_an_organization_is_found_by_slug_and_by_id(database: Database) -> None:
    """And by nothing else; the list is oldest first."""
    one = organizations.create(database, "one", "One", "ada@example.com")
    two = organizations.create(database, "two", "Two", "ada@example.com")
    assert organizations.find(database, "one") == organizations.find(database, one.id)
    assert organizations.find(database, "one").id == one.id
    assert [each.id for each in organizations.list_all(database, actor=OPERATOR).items] == [one.id, two.id]
    with pytest.raises(NotFound) as refused:
        organizations.find(database, "One")
    assert refused.value.code == "organization_not_found"


def _filled(database: Database) -> str:
    """An organization with something of every kind, and a second one that must not show."""
    organizations.create(database, "other", "Other", "cleo@other.example")
    made = organizations.create(database, "acme", "Acme", "ada@example.com")
    domains.add(database, made.id, "example.com", verified=True)
    connection = connections.create(database, made.id, "Okta", "okta", base_url=BASE)
    tokens.create(database, made.id, connection.id)
    with database.engine.begin() as tx:
        membership = tx.execute(select(t.Membership.id).where(t.Membership.organization_id == made.id)).scalar_one()
        home = {"organization_id": made.id, "created_at": made.created_at}
        tx.execute(insert(t.Team).values(id="t", slug="eng", name="Eng", **home))
        tx.execute(insert(t.Project).values(id="p", slug="site", name="Site", **home))
        match = {"match_kind": "name", "match_value": "eng", "match_attribute": "", "match_label": "Eng"}
        target = {"target_kind": "team", "team_id": "t", "project_id": None, "slug": "", "level": "member"}
        tx.execute(insert(t.Rule).values(id="r", connection_id=connection.id, position=1, **match, **target, **home))
        for kind, id_ in (("team", "t"), ("project", "p")):
            row = {"membership_id": membership, "target_kind": kind, "target_id": id_, "source": "manual", "level": "member"}
            tx.execute(insert(t.Assignment).values(**row, **home))
        cause = {"membership_id": membership, "cause": "admin", "connection_id": None, "origin": "an admin"}
        tx.execute(insert(t.Suspension).values(**cause, **home))
    return made.id


def test_an_export_is_whole_and_holds_no_secret(database: Database) -> None:
    """Every kind of row of this organization, none of another, and it survives JSON."""
    exported = json.loads(json.dumps(export(database, _filled(database))))
    assert exported["organization"]["slug"] == "acme"
    assert exported["organization"]["mode"] == "invitation"
    assert [role["name"] for role in exported["roles"]] == ["billing", "member", "admin", "owner"]
    assert [domain["name"] for domain in exported["domains"]] == ["example.com"]
    assert [(one["name"], one["directory"]) for one in exported["connections"]] == [("Okta", "staging")]
    assert [(rule["match_value"], rule["team_id"]) for rule in exported["rules"]] == [("eng", "t")]
    assert [(team["slug"]) for team in exported["teams"]] == ["eng"]
    assert [(project["slug"]) for project in exported["projects"]] == ["site"]
    (member,) = exported["members"]
    assert (member["email"], member["role"], member["status"], member["joined_by"]) == (
        "ada@example.com",
        "owner",
        "suspended",
        "founder",
    )
    held = {(row["target"], row["level"], row["source"]) for row in member["assignments"]}
    assert held == {("role", "owner", "founder"), ("team:eng", "member", "manual"), ("project:site", "member", "manual")}
    assert [row["cause"] for row in member["suspensions"]] == ["admin"]
    assert "token" not in json.dumps(exported)


def test_an_export_costs_the_same_number_of_statements_for_one_member_and_for_fifty(database: Database) -> None:
    """No statement per member."""

    def cost() -> int:
        with statements(database.engine) as sent:
            export(database, organization_id)
        return len(sent)

    organization_id = _filled(database)
    small = cost()
    with database.engine.begin() as tx:
        moment = tx.execute(select(func.max(t.Organization.created_at))).scalar_one()
        for n in range(50):
            tx.execute(insert(t.Person).values(id=f"p{n}", display_name=f"P{n}", created_by=None, created_at=moment))
            row = {"id": f"m{n}", "organization_id": organization_id, "person_id": f"p{n}", "joined_by": "manual"}
            tx.execute(insert(t.Membership).values(**row, role="member", created_at=moment))
    assert cost() == small
    assert len(export(database, organization_id)["members"]) == 51


def test_what_is_not_there_cannot_be_exported(database: Database) -> None:
    """An unknown id is NotFound, not an empty export."""
    with pytest.raises(ConnectorError) as refused:
        export(database, "nobody")
    assert refused.value.code == "organization_not_found"
