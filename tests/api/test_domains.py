"""Domains over HTTP, proved against a real name server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from connector.directory import domains
from connector.outbound import dns
from tests.api.cast import Cast, cast
from tests.outbound.name_server import NameServer, name_server
from tests.support.api import Api

ADDRESS = "/api/orgs/acme/domains"


@pytest.fixture
def acme(api: Api) -> Cast:
    """An organization and its owner."""
    return cast(api, "oagents")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    """The name server that is asked."""
    with name_server() as running:
        monkeypatch.setattr(dns, "txt", partial(dns.txt, server=running.address))
        yield running


def actions(acme: Cast) -> list[str]:
    """What was done to domains."""
    return [item.action for item in acme.audit() if item.action.startswith("domain.")]


def test_a_domain_is_claimed_and_verified_by_its_owner_alone(acme: Cast, server: NameServer) -> None:
    """The answer names the record; without it verifying is refused, with it nobody else is needed. One entry each."""
    claimed = acme.owner.post(ADDRESS, {"domain": "Acme.Example"}).ok()
    assert (claimed["domain"], claimed["verified"]) == ("acme.example", False)
    assert acme.owner.post(ADDRESS, {"domain": "acme.example"}).ok() == claimed
    acme.owner.post(f"{ADDRESS}/acme.example/verify").refused(409, "domain_unproved")
    server.texts[claimed["record_name"]] = [f'"{claimed["record_value"]}"']
    assert acme.owner.post(f"{ADDRESS}/acme.example/verify").ok()["verified"]
    assert [each["verified"] for each in acme.owner.get(ADDRESS).ok()["items"]] == [True]
    assert actions(acme) == ["domain.added", "domain.verified"]


def test_nobody_but_the_operator_vouches_for_a_domain(acme: Cast) -> None:
    """Not even the owner."""
    acme.owner.post(ADDRESS, {"domain": "acme.example", "verified": True}).refused(403, "vouching_is_operators")
    assert acme.owner.get(ADDRESS).ok()["items"] == []


def test_a_domain_that_another_organization_verified_is_told_without_telling_which(acme: Cast, server: NameServer) -> None:
    """Claims may coexist; only one is verified."""
    other = cast(acme.api, "oagents", slug="northwind")
    domains.add(acme.api.database, other.organization, "shared.example", verified=True)
    claimed = acme.owner.post(ADDRESS, {"domain": "shared.example"}).ok()
    server.texts[claimed["record_name"]] = [f'"{claimed["record_value"]}"']
    refused = acme.owner.post(f"{ADDRESS}/shared.example/verify")
    refused.refused(409, "domain_taken")
    assert "northwind" not in refused.text.lower()
    assert other.organization not in refused.text


def test_giving_a_domain_up_is_a_plan(acme: Cast) -> None:
    """Looked at, nothing is gone; applied by its digest, it is. Another organization's is not found."""
    acme.owner.post(ADDRESS, {"domain": "acme.example"}).ok()
    looked = acme.owner.delete(f"{ADDRESS}/acme.example", dry_run="true").ok()
    assert (looked["applied"], len(acme.owner.get(ADDRESS).ok()["items"])) == (False, 1)
    assert acme.owner.post(f"/api/orgs/acme/plans/{looked['digest']}/apply").ok()["applied"]
    assert acme.owner.get(ADDRESS).ok()["items"] == []
    acme.owner.delete(f"{ADDRESS}/acme.example").refused(404, "domain_not_found")
    acme.owner.post(f"{ADDRESS}/acme.example/verify").refused(404, "domain_not_found")
    acme.owner.delete(f"{ADDRESS}/no domain").refused(400, "domain_invalid")
    assert actions(acme) == ["domain.added", "domain.removed"]


def test_domains_come_in_pages(acme: Cast) -> None:
    """Oldest first."""
    names = [f"{letter}.example" for letter in "cab"]
    for name in names:
        acme.owner.post(ADDRESS, {"domain": name}).ok()
    assert [each["domain"] for each in acme.owner.everything(ADDRESS, limit=2)] == names
