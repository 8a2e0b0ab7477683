"""/api/me beside what a session opens: names, the workspace one works in, the sessions one has."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from connector.accounts import profile
from connector.storage import tables as t
from tests.accounts.people import acme_in_sso, organization, suspend, through
from tests.support.api import Api
from tests.support.racing import race

ADA, BOB = "ada@acme.example", "bob@acme.example"


def test_names_are_changed_one_by_one(api: Api) -> None:
    """What is not sent stays, null takes away; both are told by /api/me, and left out where there are none."""
    ada = api.as_(ADA)
    assert "username" not in ada.get("/api/me").ok()
    told = ada.patch("/api/me", {"name": " Ada Lovelace ", "username": "Ada.L"}).ok()
    assert (told["name"], told["username"]) == ("Ada Lovelace", "Ada.L")
    told = ada.patch("/api/me", {"name": None}).ok()
    assert ("name" in told, told["username"]) == (False, "Ada.L")
    assert ada.patch("/api/me", {}).ok() == ada.get("/api/me").ok()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"username": "a"}, "username_invalid"),
        ({"username": "a" * 40}, "username_invalid"),
        ({"username": "ada@acme"}, "username_invalid"),
        ({"username": "äda"}, "username_invalid"),
        ({"username": "ada\n"}, "username_invalid"),
        ({"name": ""}, "name_invalid"),
        ({"name": "a\nb"}, "name_invalid"),
        ({"name": "a" * 201}, "name_invalid"),
        ({"name": "a\x00b"}, "body_invalid"),
        ({"name": 7}, "body_invalid"),
        ({"email": "other@acme.example"}, "body_invalid"),
    ],
)
def test_names_that_cannot_be_used(api: Api, body: dict[str, Any], code: str) -> None:
    """An address is nothing that one gives oneself."""
    api.as_(ADA).patch("/api/me", body).refused(400, code)


def test_a_username_belongs_to_one_person_whatever_its_case(api: Api) -> None:
    """Its holder may write it anew."""
    ada = api.as_(ADA)
    ada.patch("/api/me", {"username": "ada"}).ok()
    assert ada.patch("/api/me", {"username": "ADA"}).ok()["username"] == "ADA"
    api.as_(BOB).patch("/api/me", {"username": "aDa"}).refused(409, "username_taken")
    ada.patch("/api/me", {"username": None}).ok()
    api.as_(BOB).patch("/api/me", {"username": "aDa"}).ok()


def test_of_two_who_choose_a_username_at_once_one_gets_it(api: Api) -> None:
    """The other is told that it is taken."""
    people = [api.person(ADA), api.person(BOB)]
    verbs = [partial(profile.change, api.database, each, {"username": "ada"}) for each in people]
    done, refused = race(verbs)
    assert (len(done), refused) == (1, ["username_taken"])


def test_names_belong_to_what_is_ones_own(api: Api) -> None:
    """Neither an organization's provider nor its key changes them, nor a personal key for other things."""
    home, _ = acme_in_sso(api.database)
    other = organization(api.database, "beta", "owner@acme.example")
    with api.database.engine.begin() as tx:
        tx.execute(update(t.Address).values(email_key="owner@home.example", email="owner@home.example"))
    for who in (
        api.as_("owner@home.example", through(home)),
        api.key("owner@home.example", organization=other),
        api.key("owner@home.example", scopes=["org.read"]),
    ):
        who.patch("/api/me", {"name": "Ada"}).refused(403, "personal_closed")
    for who in (api.as_("owner@home.example"), api.key("owner@home.example", scopes=["personal"])):
        assert who.patch("/api/me", {"name": "Ada"}).ok()["name"] == "Ada"


def test_a_super_admin_is_told_to_be_one(api: Api) -> None:
    """Nobody else has the field."""
    ada = api.as_(ADA)
    assert "super_admin" not in ada.get("/api/me").ok()
    with api.database.engine.begin() as tx:
        tx.execute(update(t.Person).values(super_admin=True))
    assert ada.get("/api/me").ok()["super_admin"] is True


# -------------------------------------------------------------------------------------------------------------- workspace


def test_a_session_works_in_the_organization_that_was_chosen(api: Api) -> None:
    """By slug or id, until another one is, or none; every session for itself."""
    acme, beta = organization(api.database, "acme", ADA), organization(api.database, "beta", ADA)
    ada, elsewhere = api.as_(ADA), api.as_(ADA)
    assert ada.get("/api/me/workspace").ok() == {"organization": None}
    chosen = ada.put("/api/me/workspace", {"organization": "acme"}).ok()
    assert chosen == {"organization": {"id": acme, "slug": "acme", "name": "Acme", "role": "owner"}}
    assert (ada.get("/api/me/workspace").ok(), ada.get("/api/me").ok()["workspace"]) == (chosen, acme)
    assert ada.put("/api/me/workspace", {"organization": beta}).ok()["organization"]["slug"] == "beta"
    assert elsewhere.get("/api/me/workspace").ok() == {"organization": None}
    assert ada.put("/api/me/workspace", {"organization": None}).ok() == {"organization": None}
    ada.put("/api/me/workspace", {}).refused(400, "body_invalid")


def test_what_does_not_open_is_no_workspace(api: Api) -> None:
    """The same answer for what is not there; what was open and is no longer is said to be closed, and told by nothing else."""
    acme = organization(api.database, "acme", ADA)
    bob, ada = api.as_(BOB), api.as_(ADA)
    assert (
        bob.put("/api/me/workspace", {"organization": "acme"}).refused(404, "organization_not_found")["detail"]
        == (bob.put("/api/me/workspace", {"organization": "none"}).refused(404, "organization_not_found")["detail"])
    )
    ada.put("/api/me/workspace", {"organization": acme}).ok()
    suspend(api.database, acme, api.person(ADA))
    ada.get("/api/me/workspace").refused(403, "workspace_closed")
    assert "workspace" not in ada.get("/api/me").ok()
    ada.put("/api/me/workspace", {"organization": None}).ok()


def test_a_key_works_where_it_belongs(api: Api) -> None:
    """And chooses nothing."""
    acme = organization(api.database, "acme", ADA)
    key = api.key(ADA, organization=acme)
    assert key.get("/api/me/workspace").ok()["organization"]["id"] == acme
    key.put("/api/me/workspace", {"organization": None}).refused(403, "session_needed")
    assert api.key(ADA).get("/api/me/workspace").ok() == {"organization": None}


# --------------------------------------------------------------------------------------------------------------- sessions


def test_sessions_are_listed_page_by_page_and_ended_one_by_one(api: Api) -> None:
    """Oldest first; who asks is marked. An ended one is signed out at once, and is nobody's any more."""
    first, second, third = api.as_(ADA), api.as_(ADA), api.as_(ADA)
    told = second.everything("/api/me/sessions", limit=2)
    assert [each["current"] for each in told] == [False, True, False]
    assert told[0]["signed_in_by"][0]["method"] == "email_link"
    second.delete(f"/api/me/sessions/{told[0]['id']}").ok()
    first.get("/api/me").refused(401, "signed_out")
    second.delete(f"/api/me/sessions/{told[0]['id']}").refused(404, "session_not_found")
    api.as_(BOB).delete(f"/api/me/sessions/{told[2]['id']}").refused(404, "session_not_found")
    assert third.delete(f"/api/me/sessions/{told[2]['id']}").status == 204
    third.get("/api/me").refused(401, "signed_out")


def test_another_organizations_provider_sees_its_own_session_only(api: Api) -> None:
    """It may end that one."""
    home, _ = acme_in_sso(api.database)
    with api.database.engine.begin() as tx:
        tx.execute(update(t.Address).values(email_key="owner@home.example", email="owner@home.example"))
    api.as_("owner@home.example")
    here = api.as_("owner@home.example", through(home))
    [mine] = here.get("/api/me/sessions").ok()["items"]
    assert mine["signed_in_by"][0]["organization"] == "Acme"
    assert here.get("/api/me/sessions").ok()["next_cursor"] is None
    here.delete("/api/me/sessions/another").refused(403, "personal_closed")
    here.delete(f"/api/me/sessions/{mine['id']}").ok()
    here.get("/api/me").refused(401, "signed_out")
