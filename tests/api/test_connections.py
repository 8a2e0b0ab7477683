"""Connections over HTTP: what an admin of an organization sets up without an operator (TG-5, TG-21)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from connector.api.connections import Leaving
from connector.api.operation import OPERATIONS, Operation
from connector.api.samples import sample
from connector.outbound.fetch import Fetcher
from connector.storage import tables as t
from idp_fixtures.idp import Provider, serving
from idp_fixtures.saml.metadata import metadata
from tests.api.cast import Cast, cast
from tests.directory import homes
from tests.support.api import Api, Client

ORG = "/api/orgs/acme"
ROOM = ("connections", "tokens", "clients", "domains", "rules", "groups", "logs", "linking")
OKTA = {"name": "Okta", "idp": "okta"}
OPENID = {"oidc_issuer": "https://acme.okta.example", "client_id": "0oa1", "client_secret": "s3cret-of-ours"}


@pytest.fixture(scope="module")
def idp() -> Iterator[Provider]:
    """An identity provider on loopback."""
    with serving(Provider()) as provider:
        yield provider


@pytest.fixture
def acme(api: Api) -> Cast:
    """An organization, its owner and an admin, who may not manage connections."""
    return cast(api, "oagents", ann="admin", mia="member")


def made(client: Client, slug: str = "acme", **said: Any) -> str:
    """A new connection."""
    return str(client.post(f"/api/orgs/{slug}/connections", {**OKTA, **said}).ok()["id"])


def actions(acme: Cast) -> list[tuple[str, str]]:
    """Who did what, without the founding."""
    return [
        (item.actor, item.action) for item in acme.audit() if not item.action.startswith(("organization.", "member.", "key."))
    ]


def test_a_connection_is_there_with_all_addresses_before_its_identity_provider_is(acme: Cast) -> None:
    """TG-21: the first step needs nobody else. One entry of the audit trail; the ETag is that of what GET answers."""
    answer = acme.owner.post(f"{ORG}/connections", OKTA)
    told = answer.ok()
    assert (told["state"], told["directory"], told["sign_on"], told["jit"]) == ("draft", "off", None, "auto")
    assert told["scim_base_url"].endswith(f"/scim/v2/{told['id']}")
    again = acme.owner.get(f"{ORG}/connections/{told['id']}")
    assert (again.ok(), again.headers["ETag"]) == (told, answer.headers["ETag"])
    assert acme.owner.get(f"{ORG}/connections").ok()["items"] == [told]
    assert actions(acme) == [("owner@acme.example", "connection.created")]


def test_metadata_are_given_as_xml_and_changed_while_people_sign_in(acme: Cast, idp: Provider) -> None:
    """Everything of one call is one entry of the audit trail."""
    xml = metadata(idp.saml).decode()
    connection = made(acme.owner, saml_metadata=xml, idp_initiated=True, groups_attribute="roles")
    [first] = acme.owner.get(f"{ORG}/connections/{connection}/certificates").ok()["items"]
    told = acme.owner.patch(f"{ORG}/connections/{connection}", {"name": "IdP", "jit": "off", "absent_groups": "empty"}).ok()
    assert (told["name"], told["jit"], told["sign_on"], told["certificates"]) == ("IdP", "off", "saml", [first])
    assert [action for _, action in actions(acme)] == ["connection.created", "connection.changed"]
    last = acme.audit()[-1]
    assert last.before == {"name": "Okta", "jit": "auto", "sign_on": {"mapping": {"groups": ["roles"]}}}
    acme.owner.delete(f"{ORG}/connections/{connection}/certificates/{first['fingerprint'][:8]}").refused(409, "last_certificate")
    acme.owner.delete(f"{ORG}/connections/{connection}/certificates/00000000").refused(404, "certificate_not_found")


def test_metadata_by_address_are_fetched_for_who_may_manage_connections_only(
    acme: Cast, idp: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What answers on loopback is refused unless the installation allows it; who may not is refused before anything is asked."""
    there = {**OKTA, "saml_metadata": f"{idp.url}/saml/metadata"}
    acme.owner.post(f"{ORG}/connections", there).refused(424, "fetch_refused")
    acme["ann"].post(f"{ORG}/connections", there).refused(403, "permission_missing")
    extensions = acme.api.app.extensions
    monkeypatch.setitem(extensions, "connector", replace(extensions["connector"], fetcher=Fetcher(private_allowed=True)))
    told = acme.owner.post(f"{ORG}/connections", there).ok()
    assert (told["sign_on"], told["issuer"]) == ("saml", idp.saml.issuer)
    items = acme.owner.post(f"{ORG}/connections/{told['id']}/test").ok()["items"]
    assert {each["check"]: each["ok"] for each in items}["metadata"]


def test_a_client_secret_is_kept_and_never_told(acme: Cast) -> None:
    """Not in an answer, the audit trail, an event or a kept answer."""
    sent = acme.owner.having(Idempotency_Key="once").post(f"{ORG}/connections", {**OKTA, **OPENID})
    assert sent.ok()["sign_on"] == "oidc"
    changed = acme.owner.patch(f"{ORG}/connections/{sent.json['id']}", {"client_secret": "an0ther-of-ours"})
    kept = [
        each
        for table in (t.AuditEntry, t.OutboxEvent, t.KeptAnswer)
        for each in homes.read(acme.api.database, *table.__table__.c)
    ]
    said = repr(kept) + sent.text + changed.text
    assert "of-ours" not in said
    replayed = acme.owner.having(Idempotency_Key="once").post(f"{ORG}/connections", {**OKTA, **OPENID})
    assert (replayed.headers["Idempotency-Replayed"], replayed.json) == ("true", sent.json)
    assert len(acme.owner.get(f"{ORG}/connections").ok()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": " "}, "name_invalid"),
        ({"idp": "azure"}, "body_invalid"),
        ({"jit": "maybe"}, "body_invalid"),
        ({"saml_metadata": "<a/>"}, "metadata_no_idp"),
        ({"saml_metadata": "<a>"}, "metadata_unreadable"),
        ({"saml_metadata": "<!DOCTYPE a><a/>"}, "metadata_unreadable"),
        ({"saml_metadata": "<a/>", "client_id": "x"}, "provider_mixed"),
        ({"client_id": "x"}, "provider_incomplete"),
        ({"force_authn": True}, "provider_incomplete"),
        ({**OPENID, "oidc_issuer": "http://idp.example"}, "issuer_invalid"),
        ({**OPENID, "oidc_issuer": "https://login.microsoftonline.com/common/v2.0"}, "issuer_shared"),
        ({**OPENID, "client_secret": "-----BEGIN PRIVATE KEY-----"}, "private_key_given"),
        ({**OPENID, "algorithms": ["none"]}, "option_invalid"),
        ({**OPENID, "idp_initiated": True}, "option_invalid"),
        ({"saml_metadata": None, "sha1_until": "soon"}, "body_invalid"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(acme: Cast, body: dict[str, Any], code: str) -> None:
    """Each row: what is sent beside name and kind, and the code of the refusal."""
    acme.owner.post(f"{ORG}/connections", {**OKTA, **body}).refused(400, code)
    assert acme.owner.get(f"{ORG}/connections").ok()["items"] == []


def test_who_knows_an_older_version_changes_nothing(acme: Cast) -> None:
    """If-Match, judged inside the transaction."""
    connection = made(acme.owner)
    known = acme.owner.get(f"{ORG}/connections/{connection}").headers["ETag"]
    acme.owner.patch(f"{ORG}/connections/{connection}", {"name": "One"}, headers={"If-Match": known}).ok()
    stale = acme.owner.patch(f"{ORG}/connections/{connection}", {"name": "Two"}, headers={"If-Match": known})
    stale.refused(412, "version_mismatch")
    assert acme.owner.get(f"{ORG}/connections/{connection}").ok()["name"] == "One"


def test_deleting_a_connection_says_what_becomes_of_what_its_rules_gave(acme: Cast) -> None:
    """One of two is needed; a look changes nothing."""
    connection = made(acme.owner)
    both: dict[str, Any] = {"keep": "true", "withdraw": "true"}
    for given in ({}, both):
        refused = acme.owner.delete(f"{ORG}/connections/{connection}", **given).refused(400, "query_invalid")
        assert "exactly one of withdraw=true and keep=true" in refused["expected"]
    assert not acme.owner.delete(f"{ORG}/connections/{connection}", withdraw="true", dry_run="true").ok()["applied"]
    assert acme.owner.delete(f"{ORG}/connections/{connection}", withdraw="true").ok()["applied"]
    acme.owner.get(f"{ORG}/connections/{connection}").refused(404, "connection_not_found")
    assert [action for _, action in actions(acme)] == ["connection.created", "connection.deleted"]


def test_tokens_are_shown_once_and_two_live_at_a_time(acme: Cast) -> None:
    """Each of making and revoking is one entry; with the first the directory stages, which the same entry tells."""
    connection = made(acme.owner)
    tokens = f"{ORG}/connections/{connection}/tokens"
    first = acme.owner.post(tokens, {}).ok()
    assert first["token"].startswith("cnt_scim_")
    second = acme.owner.post(tokens, {"expires_days": 7}).ok()
    acme.owner.post(tokens, {}).refused(409, "token_limit")
    acme.owner.post(tokens, {"expires_days": 0}).refused(400, "body_invalid")
    listed = acme.owner.get(tokens, limit=1)
    assert [(each["id"], each["state"]) for each in listed.ok()["items"]] == [(first["id"], "live")]
    assert [each["id"] for each in acme.owner.everything(tokens, limit=1)] == [first["id"], second["id"]]
    assert first["token"] not in listed.text
    acme.owner.delete(f"{tokens}/{first['id']}").ok()
    acme.owner.delete(f"{tokens}/{first['id']}").ok()
    assert [action for _, action in actions(acme)] == ["connection.created", "token.created", "token.created", "token.revoked"]
    entries = acme.audit()
    assert entries[-3].after is not None
    assert entries[-3].after["directory"] == "staging"
    assert first["token"][9:] not in repr(entries)


def test_clients_are_shown_once_and_revoked_with_what_they_fetched(acme: Cast) -> None:
    """For identity providers that fetch their token."""
    clients = f"{ORG}/connections/{made(acme.owner)}/clients"
    client = acme.owner.post(clients).ok()
    assert client["token_url"].startswith("http")
    form = {"grant_type": "client_credentials", "client_id": client["client_id"], "client_secret": client["client_secret"]}
    path = client["token_url"].removeprefix("http://127.0.0.1:8000")
    with acme.api.app.test_client() as outside:
        assert outside.post(path, data=form).status_code == 200
        acme.owner.delete(f"{clients}/{client['client_id']}").ok()
        assert outside.post(path, data=form).status_code == 401
    [listed] = acme.owner.get(clients).ok()["items"]
    assert listed["state"] == "revoked"
    acme.owner.delete(f"{clients}/nobody").refused(404, "client_not_found")
    assert [action for _, action in actions(acme)] == ["connection.created", "client.created", "client.revoked"]


def test_a_test_link_opens_and_the_last_test_is_told(acme: Cast) -> None:
    """POST /connections/{c}/test: no operator is needed. While nothing is set up there is no link, and that is said."""
    bare = acme.owner.post(f"{ORG}/connections/{made(acme.owner)}/test").ok()
    assert (bare["test_url"], bare["last_test"]) == (None, None)
    assert {each["check"]: each["ok"] for each in bare["items"]}["sign-on"] is False
    connection = made(acme.owner, **OPENID)
    told = acme.owner.post(f"{ORG}/connections/{connection}/test").ok()
    path = told["test_url"].removeprefix("http://127.0.0.1:8000")
    assert path.startswith(f"/sso/{connection}/test?token=")
    seen = acme.owner.get(f"{ORG}/connections/{connection}/test").ok()
    assert seen["test_url"] is None
    assert "discovery" not in {each["check"] for each in seen["items"]}
    assert actions(acme)[-1] == ("owner@acme.example", "connection.test_link_made")


def test_log_and_traces_are_read_newest_first_in_pages(acme: Cast) -> None:
    """Filters for how it ended and since when; every page leads on to the next."""
    connection = made(acme.owner)
    home = {"organization_id": acme.organization, "connection_id": connection, "expected": "", "advice": ""}
    with acme.api.database.engine.begin() as tx:
        for number, (status, code) in enumerate([(201, "ok"), (403, "email_missing"), (200, "ok")]):
            at = datetime(2026, 11, 21, 9 + number, tzinfo=UTC)
            row = {**home, "id": f"0{number}", "at": at}
            said = {"client": "Okta", "meaning": f"request {number}", "changes": [], "status": status, "arrived": ""}
            tx.execute(insert(t.ProvisioningLog).values(**row, **said))
            tried = {"purpose": "sign_in", "stage": "done", "code": code, "detail": "", "reference": f"r{number}"}
            tx.execute(insert(t.SignInTrace).values(**row, **tried, facts={}, message="", address=None))
    for path, name, values in (
        ("log", "meaning", ["request 2", "request 1", "request 0"]),
        ("traces", "reference", ["r2", "r1", "r0"]),
    ):
        address = f"{ORG}/connections/{connection}/{path}"
        assert [each[name] for each in acme.owner.everything(address, limit=1)] == values
        assert [each[name] for each in acme.owner.get(address, status="refused").ok()["items"]] == values[1:2]
        assert [each[name] for each in acme.owner.get(address, status="ok").ok()["items"]] == values[::2]
        assert [each[name] for each in acme.owner.get(address, since="2026-11-21T10:00:00Z").ok()["items"]] == values[:2]
        acme.owner.get(address, since="2026-11-21T10:00:00").refused(400, "query_invalid")


# ------------------------------------------------------------------------------------------------------------- whose it is


def ours() -> list[Operation]:
    """The operations of this room."""
    return [each for each in OPERATIONS if each.handler.__module__.rpartition(".")[2] in ROOM]


def ask(client: Client, operation: Operation, slug: str, ids: dict[str, str]) -> Any:
    """Send an operation with these ids, and a body it takes."""
    path = operation.path.replace("<o>", slug)
    for name in operation.variables:
        path = path.replace(f"<{name}>", ids.get(name, "nobody"))
    query: dict[str, Any] = {"keep": "true"} if operation.query is Leaving else {}
    if operation.method == "GET":
        return client.get(path)
    send = {"POST": client.post, "PUT": client.put, "PATCH": client.patch, "DELETE": client.delete}[operation.method]
    return send(path, None if operation.body is None else sample(operation.body), **query)


def test_only_the_top_role_may_and_strangers_see_nothing(acme: Cast) -> None:
    """Every operation: 403 for an admin and for a key of another scope, 404 in the same words for who is no member."""
    ids = {"c": made(acme.owner), "user_id": acme.id("mia"), "d": "acme.example"}
    stranger, narrow = acme.api.as_("eve@elsewhere.example"), acme.key("owner", "org.read")
    for operation in ours():
        ask(acme["ann"], operation, "acme", ids).refused(403, "permission_missing")
        ask(narrow, operation, "acme", ids).refused(403, "scope_missing")
        hidden = ask(stranger, operation, "acme", ids).refused(404, "organization_not_found")
        assert hidden["detail"] == ask(stranger, operation, "nowhere", ids).refused(404, "organization_not_found")["detail"]
    assert actions(acme) == [("owner@acme.example", "connection.created")]


def test_what_is_anothers_is_not_found_whatever_its_id(acme: Cast) -> None:
    """Every operation with the ids of another organization's things answers as for ids that nobody has."""
    other = cast(acme.api, "oagents", slug="other")
    theirs = made(other.owner, "other")
    token = other.owner.post(f"/api/orgs/other/connections/{theirs}/tokens", {}).ok()["id"]
    client = other.owner.post(f"/api/orgs/other/connections/{theirs}/clients").ok()["client_id"]
    everyone = {"connection": theirs, "everyone": True, "role": "member"}
    rule = other.owner.post("/api/orgs/other/rules", everyone).ok()["id"]
    ids: dict[str, Any] = {"c": theirs, "token_id": token, "client_id": client, "rule": rule, "d": "other.example"}
    ids |= {"user_id": other.id("owner"), "fingerprint": "00000000"}
    for operation in (each for each in ours() if set(each.variables) - {"o"}):
        assert ask(acme.owner, operation, "acme", ids).status == 404, operation.id
    mine = made(acme.owner)
    acme.owner.delete(f"{ORG}/connections/{mine}/tokens/{token}").refused(404, "token_not_found")
    acme.owner.delete(f"{ORG}/connections/{mine}/clients/{client}").refused(404, "client_not_found")
    acme.owner.get(f"{ORG}/rules", connection=theirs).refused(404, "connection_not_found")
    acme.owner.get(f"{ORG}/groups", connection=theirs).refused(404, "connection_not_found")
    acme.owner.post(f"{ORG}/rules", everyone).refused(404, "connection_not_found")
    assert len(other.owner.get("/api/orgs/other/rules").ok()["items"]) == 1
