"""Connections: what an admin types into the identity provider's console is there from the start and never changes."""

from __future__ import annotations

import re

import pytest

from connector.directory import connections
from connector.directory.connections import ConnectionView
from connector.errors import Invalid, NotFound
from connector.storage.database import Database
from tests.directory import homes
from tests.directory.homes import BASE


def test_a_new_connection_is_a_draft_with_all_its_addresses(database: Database) -> None:
    """Exactly the names and addresses that other programs rely on."""
    home = homes.make(database)
    made = connections.create(database, home.organization, "Entra of Ⓖ株式会社", "entra", base_url=BASE)
    assert re.fullmatch("[a-z0-9-]+", made.id)
    assert made == ConnectionView(
        id=made.id,
        name="Entra of Ⓖ株式会社",
        idp="entra",
        scim_base_url=f"{BASE}/scim/v2/{made.id}",
        login_url=f"{BASE}/sso/{made.id}/login",
        acs_url=f"{BASE}/sso/{made.id}/acs",
        entity_id=f"{BASE}/sso/{made.id}/metadata",
        metadata_url=f"{BASE}/sso/{made.id}/metadata",
        redirect_uri=f"{BASE}/sso/{made.id}/callback",
        logout_url=f"{BASE}/sso/{made.id}/logout",
        backchannel_logout_url=f"{BASE}/sso/{made.id}/backchannel-logout",
        state="draft",
        directory="off",
        authority="claims",
        jit="auto",
        sign_on=None,
    )
    assert connections.show(database, home.organization, made.id, base_url=BASE) == made


@pytest.mark.parametrize("idp", ["okta", "entra", "google", "jumpcloud", "onelogin", "ping", "generic"])
def test_every_identity_provider_we_know_can_be_connected(database: Database, idp: str) -> None:
    """The seven of the contract."""
    home = homes.make(database)
    assert connections.create(database, home.organization, "x", idp, base_url=BASE).idp == idp


@pytest.mark.parametrize(
    ("name", "idp", "jit", "code"),
    [
        ("x", "azure", "auto", "idp_unknown"),
        ("x", "", "auto", "idp_unknown"),
        ("x", "okta", "maybe", "jit_unknown"),
        ("", "okta", "auto", "name_invalid"),
        ("x" * 201, "okta", "auto", "name_invalid"),
        ("a\nb", "okta", "auto", "name_invalid"),
        ("a\ud800", "okta", "auto", "name_invalid"),
    ],
)
def test_what_cannot_be_is_refused_by_name(database: Database, name: str, idp: str, jit: str, code: str) -> None:
    """Each row: what is asked for, and the code of the refusal."""
    home = homes.make(database)
    with pytest.raises(Invalid) as refused:
        connections.create(database, home.organization, name, idp, jit, base_url=BASE)
    assert refused.value.code == code


def test_only_what_is_given_is_changed_and_audited(database: Database) -> None:
    """Name and jit; the same value again is no change."""
    home = homes.make(database)
    before = connections.show(database, home.organization, home.connection, base_url=BASE)
    assert connections.set_(database, home.organization, home.connection, base_url=BASE) == before
    assert connections.set_(database, home.organization, home.connection, name="Okta", jit="auto", base_url=BASE) == before
    assert homes.actions(database) == []
    after = connections.set_(database, home.organization, home.connection, name="New", jit="off", base_url=BASE)
    assert (after.name, after.jit, after.idp) == ("New", "off", "okta")
    assert homes.actions(database) == ["connection.changed"]
    with pytest.raises(Invalid) as refused:
        connections.set_(database, home.organization, home.connection, jit="perhaps", base_url=BASE)
    assert refused.value.code == "jit_unknown"


@pytest.mark.parametrize(
    ("directory", "authority"), [("off", "claims"), ("staging", "claims"), ("live", "directory"), ("paused", "directory")]
)
def test_one_live_directory_is_the_authority_for_every_connection(database: Database, directory: str, authority: str) -> None:
    """Live or paused; of this organization only. Lists are oldest first."""
    home, other = homes.make(database), homes.make(database, "other")
    connections.create(database, home.organization, "Second", "google", base_url=BASE)
    homes.put(database, home, mode="sso", state="active", directory=directory)
    listed = connections.list_(database, home.organization, base_url=BASE).items
    assert [(one.name, one.authority) for one in listed] == [("Okta", authority), ("Second", authority)]
    assert connections.show(database, other.organization, other.connection, base_url=BASE).authority == "claims"


def test_what_does_not_exist_is_not_found(database: Database) -> None:
    """Unknown connections and organizations, each by its code."""
    home = homes.make(database)
    with pytest.raises(NotFound) as refused:
        connections.show(database, home.organization, "nobody", base_url=BASE)
    assert refused.value.code == "connection_not_found"
    with pytest.raises(NotFound) as refused:
        connections.set_(database, home.organization, "nobody", name="x", base_url=BASE)
    assert refused.value.code == "connection_not_found"
    with pytest.raises(NotFound) as refused:
        connections.create(database, "nobody", "x", "okta", base_url=BASE)
    assert refused.value.code == "organization_not_found"
