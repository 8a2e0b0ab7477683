"""Two organizations, one person in both, and the identity provider of one of them is hostile: it asserts whatever it likes.

Nothing of the other organization opens, changes or is revealed. Through the whole application, up to the protocol.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Response, request
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update

from connector.accounts import sessions
from connector.directory import linking
from connector.errors import ConnectorError
from connector.membership.identity import LogoutHandle, Profile, SubjectId, VerifiedIdentity
from connector.storage import tables as t
from connector.storage.ids import new_id
from connector.web import sso
from tests.support.world import World
from tests.web.conftest import IDP, Journey, Site, set_out, sign_in, site_on

EVIL = "https://evil.example.com"
SECRET_OF_BETA = "Zeppelin Works"  # its name, and a word in everything it has
_messages = itertools.count()
_said: dict[str, dict[str, Any]] = {}


def say(connection_id: str) -> Response:
    """The answer of the hostile identity provider, every check of the protocol passed: what stands in `_said`."""
    sign_on = sso.load(connection_id)
    try:
        pending = sso.pending(connection_id, request.args["state"])
        identity = _identity(connection_id, **_said[request.args["what"]])
    except ConnectorError as error:
        return sso.refuse(error, sign_on)
    return sso.complete(sign_on, identity, pending)


def _identity(connection: str, subject: SubjectId, **profile: Any) -> VerifiedIdentity:
    until = datetime.now(UTC) + timedelta(minutes=5)
    handle = LogoutHandle("sub-ada@beta.example", {}, "1")
    message = f"tenant-{next(_messages)}"
    return VerifiedIdentity(connection, "oidc", subject, Profile(**profile), {}, message, until, logout=handle)


@dataclass(frozen=True)
class Stage:
    """acme, whose identity provider is hostile; beta; and Ada, who belongs to both, her address in beta's domain."""

    site: Site
    acme: World
    beta: World
    ada: str
    at_beta: FlaskClient

    def attack(self, **said: Any) -> tuple[FlaskClient, Any]:
        """The hostile identity provider lets somebody in who is what it says; returns their browser and the answer."""
        client, what = self.site.browser(), f"claim {next(_messages)}"
        _said[what] = said
        journey: Journey = set_out(client, self.acme.connection)
        return client, self.answer(client, journey.token, what)

    def answer(self, client: FlaskClient, token: str, what: str) -> Any:
        """The browser comes back from the hostile provider."""
        return client.get(f"/sso/{self.acme.connection}/say", query_string={"state": token, "what": what})

    def of_beta(self) -> dict[str, list[Any]]:
        """Every row of beta, and every person and address there is but those that acme makes of its own."""
        kept: dict[str, list[Any]] = {}
        tables = [each for each in t.metadata.sorted_tables if "organization_id" in each.c]
        with self.site.house.database.read() as tx:
            for table in tables:
                rows = tx.execute(select(table).where(table.c.organization_id == self.beta.organization))
                kept[table.name] = sorted(map(repr, rows))
            known = select(t.Membership.person_id).where(t.Membership.organization_id == self.beta.organization)
            for who, key in ((t.Person, t.Person.id), (t.Address, t.Address.person_id), (t.Session, t.Session.person_id)):
                columns = [each for each in who.__table__.c if each.name != "last_seen_at"]
                kept[who.__tablename__] = sorted(map(repr, tx.execute(select(*columns).where(key.in_(known)))))
        return kept


@pytest.fixture
def stage(fresh_url: str, tmp_path: Path) -> Iterator[Stage]:
    """The two organizations on each database; Ada is signed in to beta."""
    site = site_on(fresh_url, tmp_path)
    site.app.add_url_rule("/sso/<connection_id>/say", view_func=say)
    acme, beta = site.organization("acme"), site.organization("beta")
    _name_beta(site, beta)
    beta.rule(group=f"{SECRET_OF_BETA} Admins", role="admin")
    at_beta = site.browser()
    sign_in(at_beta, beta.connection, "ada@beta.example")
    sign_in(site.browser(), beta.connection, "bob@beta.example")
    with site.house.database.read() as tx:
        ada = tx.execute(select(t.Address.person_id).where(t.Address.email_key == "ada@beta.example")).scalar_one()
    _join(site, acme, ada)
    yield Stage(site, acme, beta, ada, at_beta)
    site.house.database.close()


def _name_beta(site: Site, beta: World) -> None:
    named = update(t.Organization).where(t.Organization.id == beta.organization)
    site.house.database.write(lambda tx: tx.execute(named.values(name=SECRET_OF_BETA)))


def _join(site: Site, acme: World, ada: str) -> None:
    """Ada is a member of acme as well, known to its identity provider by a subject: somebody linked her by hand."""
    membership, now = new_id(), datetime.now(UTC)
    home = {"organization_id": acme.organization, "created_at": now}
    key = {"membership_id": membership, "target_kind": "role", "target_id": "", "source": "manual"}
    known = {"connection_id": acme.connection, "issuer": IDP, "kind": "sub", "subject": "ada-at-acme", "mutable": False}
    with site.house.database.engine.begin() as tx:
        tx.execute(insert(t.Membership).values(id=membership, person_id=ada, role="member", joined_by="manual", **home))
        tx.execute(insert(t.Assignment).values(**key, level="member", **home))
        said: dict[str, Any] = {"email": None, "groups": None, "attributes": {}, "last_sign_in_at": now}
        tx.execute(insert(t.ExternalIdentity).values(id=new_id(), person_id=ada, **known, **said, **home))


SUBJECTS = {
    "a subject of its own": SubjectId(IDP, "sub", "new-1"),
    "the subject that beta knows": SubjectId(IDP, "sub", "sub-ada@beta.example"),
    "the issuer of somebody else": SubjectId(EVIL, "sub", "sub-ada@beta.example"),
    "an address as the subject": SubjectId(IDP, "emailAddress", "ada@beta.example", mutable=True),
    "Ada's own subject here, of another kind": SubjectId(IDP, "oid+tid", "ada-at-acme"),
}
ADDRESSES = (
    "ada@beta.example",
    "owner@beta.example",
    "BOB@BETA.EXAMPLE",
    "new@beta.example",
    "ada@beta.example@acme.example",
    "ada@acme.example@beta.example",
    "ada@beta.example,x@acme.example",
    "ada@sub.acme.example",
)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_no_address_of_another_organization_lets_anybody_in(stage: Stage, subject: str) -> None:
    """Whatever else is said with it. Nothing of beta changes; nothing is made; the refusal tells nothing of beta."""
    before, sessions_before = stage.of_beta(), stage.site.sessions()
    for email in ADDRESSES:
        client, answer = stage.attack(
            subject=SUBJECTS[subject],
            email=email,
            user_name="ada@beta.example",
            external_id="sub-ada@beta.example",
            display_name="Hacked",
            groups=(f"{SECRET_OF_BETA} Admins",),
        )
        assert answer.headers["X-Connector-Error"] == "domain_not_verified", email
        assert SECRET_OF_BETA not in answer.text
        assert client.get("/api/me").status_code == 401
    assert stage.of_beta() == before
    assert stage.site.sessions() == sessions_before


def test_a_refusal_is_the_same_whether_or_not_somebody_has_the_address(stage: Stage) -> None:
    """So an identity provider cannot ask who is known here."""
    told = set()
    for number, email in enumerate(("ada@beta.example", "nobody@beta.example", "ada@nowhere.example")):
        _, answer = stage.attack(subject=SubjectId(IDP, "sub", f"asks-{number}"), email=email, email_verified=True)
        reference = answer.headers["X-Connector-Reference"]
        told.add((answer.status_code, answer.headers["X-Connector-Error"], answer.text.replace(reference, "")))
    assert len(told) == 1


def test_a_member_of_both_opens_only_where_the_provider_is(stage: Stage) -> None:
    """The hostile provider signs itself in as Ada, whom it knows, and says all it can: acme opens, and nothing else is hers."""
    before = stage.of_beta()
    client, answer = stage.attack(
        subject=SubjectId(IDP, "sub", "ada-at-acme"),
        email="owner@beta.example",
        user_name="owner@beta.example",
        external_id="owner",
        display_name="Hacked",
        groups=(f"{SECRET_OF_BETA} Admins", "Admins"),
    )
    assert answer.status_code == 303
    told = client.get("/api/me").get_json()
    assert (told["person_id"], [each["slug"] for each in told["organizations"]]) == (stage.ada, ["acme"])
    for path in ("/", "/sessions", "/api/me", "/login", "/login/recovery"):
        assert SECRET_OF_BETA not in client.get(path).text
    assert client.get("/sessions").text.count('class="item"') == 1
    assert client.post("/sessions/end", data={"others": "yes"}).headers["X-Connector-Error"] == "needs_local"
    after = stage.of_beta()
    assert set(before["session"]) <= set(after["session"])
    assert _without(after) == _without(before)
    assert [each["open_by"] for each in stage.at_beta.get("/api/me").get_json()["organizations"]].count("sso") == 1


def _without(kept: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: rows for name, rows in kept.items() if name != "session"}


def test_what_one_organization_ends_stays_open_in_the_other(stage: Stage) -> None:
    """A logout in beta's words, a suspension, an unlinking: acme's, all of them."""
    database, before = stage.site.house.database, stage.of_beta()
    stage.attack(subject=SubjectId(IDP, "sub", "ada-at-acme"))
    now = datetime.now(UTC)
    for handle in ("sub-ada@beta.example", "ada-at-acme"):
        database.write(lambda tx, said=handle: sessions.end_by_handle(tx, stage.acme.connection, said, None, now))  # type: ignore[misc]
    linking.unlink(database, stage.acme.organization, "ada@beta.example")
    stage.acme.suspend("ada@beta.example")
    assert _without(stage.of_beta()) == _without(before)
    told = stage.at_beta.get("/api/me").get_json()["organizations"]
    assert [(each["slug"], each["open_by"]) for each in told if each["open_by"]] == [("beta", "sso")]


def test_an_answer_of_one_organization_is_none_to_the_other(stage: Stage) -> None:
    """A sign-in that began at beta is not answered at acme, nor the other way round."""
    journey = set_out(stage.site.browser(), stage.beta.connection)
    refused = journey.arrive("ada@beta.example", connection=stage.acme.connection)
    assert refused.headers["X-Connector-Error"] == "request_unknown"
    assert replace(journey, connection=stage.beta.connection).arrive("ada@beta.example").status_code == 303


def test_two_sign_ins_in_one_browser_open_both_and_a_strangers_arrival_closes_what_was_open(stage: Stage) -> None:
    """Ada comes through both providers herself: both open. Acme's then says somebody else: nothing of Ada's is left there."""
    sign_in(stage.at_beta, stage.beta.connection, "ada@beta.example")
    _said["ada"] = {"subject": SubjectId(IDP, "sub", "ada-at-acme")}
    _said["eve"] = {"subject": SubjectId(IDP, "sub", "eve"), "email": "eve@acme.example"}
    for what, slugs in (("ada", {"acme", "beta"}), ("eve", {"acme"})):
        journey = set_out(stage.at_beta, stage.acme.connection)
        assert stage.answer(stage.at_beta, journey.token, what).status_code == 303
        told = stage.at_beta.get("/api/me").get_json()["organizations"]
        assert {each["slug"] for each in told if each["open_by"]} == slugs
