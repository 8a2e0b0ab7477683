"""GET /api/me, through the whole application."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, update

from connector.accounts import keys, recovery
from connector.accounts.sessions import Proof
from connector.app import create_app
from connector.config import Settings
from connector.organizations import break_glass, organizations
from connector.provisioning import apply
from connector.provisioning.corridor import Corridor, Origin, enter
from connector.storage import tables as t
from connector.storage.database import Database
from tests.accounts.people import acme_in_sso, found, holder, organization, sign_in, suspend, through
from tests.directory.homes import Home

COOKIE = "connector_session"


@pytest.fixture
def client(fresh_url: str, tmp_path: Path) -> Iterator[FlaskClient]:
    """A browser before an installation on each database."""
    values = {"CONNECTOR_DATA_DIR": str(tmp_path / "data"), "CONNECTOR_DATABASE_URL": fresh_url}
    app = create_app(Settings.from_environment(values))
    yield app.test_client()
    app.extensions["connector"].database.close()


def database_of(client: FlaskClient) -> Database:
    """The installation's database."""
    database: Database = client.application.extensions["connector"].database
    return database


def signed_in(client: FlaskClient, who: str, *proofs: Proof) -> None:
    """The browser carries a session with these authentications."""
    token = None
    for proof in proofs:
        token = sign_in(database_of(client), who, proof, token=token, now=datetime.now(UTC))
    assert token
    client.set_cookie(COOKIE, token)


def me(client: FlaskClient, **headers: str) -> Any:
    """What is answered, which is 200."""
    answer = client.get("/api/me", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def opened(told: Any) -> dict[str, str | None]:
    """Slug -> how it is open."""
    return {each["slug"]: each["open_by"] for each in told["organizations"]}


def two_homes(client: FlaskClient) -> tuple[Home, str, str]:
    """acme in sso and beta by invitation, both owned by owner@acme.example; beta's id."""
    home, owner = acme_in_sso(database_of(client))
    return home, owner, organization(database_of(client), "beta", "owner@acme.example")


def in_team(database: Database, home: Home, who: str, slug: str, *levels: str) -> None:
    """Put a member into a team by one row of the ledger for each level."""

    def work(corridor: Corridor) -> None:
        team = apply.ensure(corridor, "team", [slug])[slug]
        membership = corridor.tx.execute(t.Membership.__table__.select().where(t.Membership.person_id == who)).first()
        assert membership
        for source, level in zip(("manual", "converted"), levels, strict=False):
            key = {"membership_id": membership.id, "target_kind": "team", "target_id": team, "source": source}
            row = {**key, "organization_id": home.organization, "level": level, "created_at": corridor.now}
            corridor.tx.execute(insert(t.Assignment).values(**row))

    enter(database, home.organization, Origin("operator", "a test"), work)


def test_who_is_signed_out_gets_401_as_problem_details(client: FlaskClient) -> None:
    """RFC 9457, whatever is accepted: an API has no pages. And with the challenge that RFC 9110 section 15.5.2 asks for."""
    asked = [({}, "signed_out"), ({"Accept": "text/html"}, "signed_out")]
    wrong = ("Bearer cnk_unknown", "Bearer", "Basic YTpi", "", "cnk_unknown", "Bearer " + "x" * 5000)
    asked += [({"Authorization": each, "Accept": accept}, "key_unknown") for each in wrong for accept in ("*/*", "text/html")]
    for headers, code in asked:
        answer = client.get("/api/me", headers=headers)
        assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
        assert answer.get_json()["code"] == code
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_local_sign_in_opens_what_goes_by_invitation(client: FlaskClient) -> None:
    """Exactly the keys of the contract; what does not open is told as null."""
    home, owner, beta = two_homes(client)
    signed_in(client, owner, Proof("email_link"))
    assert me(client) == {
        "person_id": owner,
        "email": "owner@acme.example",
        "organizations": [
            {"id": home.organization, "slug": "acme", "role": "owner", "teams": [], "open_by": None},
            {"id": beta, "slug": "beta", "role": "owner", "teams": [], "open_by": "local"},
        ],
    }


def test_an_identity_provider_opens_its_own_organization_only(client: FlaskClient) -> None:
    """With the domain of the primary address it is also told where else the person belongs."""
    home, owner, _ = two_homes(client)
    signed_in(client, owner, through(home))
    assert opened(me(client)) == {"acme": "sso", "beta": None}


def test_where_else_somebody_belongs_is_not_told_to_another_organizations_provider(client: FlaskClient) -> None:
    """Without the domain of the primary address it learns nothing of other organizations."""
    home, owner, _ = two_homes(client)
    with database_of(client).engine.begin() as tx:
        tx.execute(update(t.Address).values(email_key="owner@home.example", email="owner@home.example"))
    signed_in(client, owner, through(home))
    assert opened(me(client)) == {"acme": "sso"}
    signed_in(client, owner, Proof("email_link"), through(home))
    assert opened(me(client)) == {"acme": "sso", "beta": "local"}


def test_break_glass_opens_one_organization(client: FlaskClient) -> None:
    """And nothing else, not even the list of the others."""
    home, owner, _ = two_homes(client)
    signed_in(client, owner, Proof("break_glass", home.organization))
    assert opened(me(client)) == {"acme": "break_glass"}


def test_a_suspended_member_is_told_that_it_does_not_open(client: FlaskClient) -> None:
    """The next request after the suspension."""
    _, owner, beta = two_homes(client)
    signed_in(client, owner, Proof("email_link"))
    suspend(database_of(client), beta, owner)
    assert opened(me(client)) == {"acme": None, "beta": None}


def test_teams_are_told_once_with_the_higher_role(client: FlaskClient) -> None:
    """Several rows of the ledger may give the same team."""
    home, owner = acme_in_sso(database_of(client))
    in_team(database_of(client), home, owner, "eng", "member", "maintainer")
    in_team(database_of(client), home, owner, "art", "member")
    signed_in(client, owner, through(home))
    [acme] = me(client)["organizations"]
    assert acme["teams"] == [{"slug": "art", "role": "member"}, {"slug": "eng", "role": "maintainer"}]


def test_a_personal_key_opens_what_a_local_sign_in_opens(client: FlaskClient) -> None:
    """Until it is revoked."""
    _, owner, _ = two_homes(client)
    key = keys.create(database_of(client), "owner@acme.example", datetime.now(UTC))
    told = me(client, Authorization=f"Bearer {key.key}")
    assert (told["person_id"], opened(told)) == (owner, {"acme": None, "beta": "local"})
    keys.revoke(database_of(client), key.id)
    assert client.get("/api/me", headers={"Authorization": f"Bearer {key.key}"}).status_code == 401


def test_an_organizations_key_opens_that_organization(client: FlaskClient) -> None:
    """In either mode, while its holder is an active member; a cookie beside it does not make a dead key good."""
    home, owner, beta = two_homes(client)
    database = database_of(client)
    for identity, slug, how in ((home.organization, "acme", "sso"), (beta, "beta", "local")):
        key = keys.create(database, "owner@acme.example", datetime.now(UTC), organization_id=identity).key
        assert opened(me(client, Authorization=f"bearer {key}")) == {slug: how}
    signed_in(client, owner, Proof("email_link"))
    suspend(database, beta, owner)
    assert client.get("/api/me", headers={"Authorization": f"Bearer {key}"}).status_code == 401


def test_a_cookie_that_was_ended_is_signed_out(client: FlaskClient) -> None:
    """At once, and answers are kept by nobody on the way."""
    home, owner = acme_in_sso(database_of(client))
    token = sign_in(database_of(client), owner, through(home), now=datetime.now(UTC))
    client.set_cookie(COOKIE, token)
    assert client.get("/api/me").headers["Cache-Control"] == "no-store"
    assert found(database_of(client), token, datetime.now(UTC)).person_id == holder(database_of(client), "owner@acme.example")
    suspend(database_of(client), home.organization, owner)
    assert client.get("/api/me").status_code == 401


def test_from_the_founders_printed_link_to_an_open_organization(client: FlaskClient) -> None:
    """Looking at the link signs nobody in; pressing the button does, once, and leads to the console."""
    made = organizations.create(database_of(client), "acme", "Acme", "ada@acme.example", base_url="http://127.0.0.1:8000")
    assert made.sign_in_url
    path = made.sign_in_url.removeprefix("http://127.0.0.1:8000")
    assert client.get(path).status_code == 200
    assert client.get("/api/me").status_code == 401
    token = path.partition("token=")[2]
    assert client.post("/login/link", data={"token": token}).headers["Location"] == "/admin/acme"
    assert opened(me(client)) == {"acme": "local"}
    again = client.post("/login/link", data={"token": token})
    assert (again.status_code, again.headers["X-Connector-Error"]) == (403, "link_used")
    assert client.post("/logout").status_code == 303
    assert client.get("/api/me").status_code == 401


def test_a_break_glass_owner_comes_in_when_the_identity_provider_fails(client: FlaskClient) -> None:
    """The e-mail link alone does not open the organization; with the printed code it does."""
    database = database_of(client)
    home, owner = acme_in_sso(database)
    break_glass.add(database, home.organization, "owner@acme.example")
    [code, *_] = recovery.codes(database, home.organization, "owner@acme.example")
    signed_in(client, owner, Proof("email_link"))
    assert opened(me(client)) == {"acme": None}
    assert client.post("/login/recovery", data={"code": "BBBB-BBBB-BBBB-BBBB"}).status_code == 403
    assert client.post("/login/recovery", data={"code": code}).status_code == 303
    assert opened(me(client)) == {"acme": "break_glass"}
