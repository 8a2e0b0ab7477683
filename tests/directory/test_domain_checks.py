"""Domains proved by DNS, and looked at daily: against a real name server on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import dns.rcode
import pytest
from sqlalchemy import update

from connector.directory import domain_checks, domains
from connector.errors import Conflict, ConnectorError, NotFound, Taken, Upstream
from connector.outbound.dns import Answer, txt
from connector.storage import tables as t
from connector.storage.database import Database
from tests.directory import homes
from tests.outbound.name_server import NameServer, name_server
from tests.support.racing import race

NAME = "_connector-challenge.example.com"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def server() -> Iterator[NameServer]:
    with name_server() as running:
        yield running


def look_up(server: NameServer) -> domain_checks.LookUp:
    return partial(txt, server=server.address)


def claimed(database: Database, server: NameServer, slug: str = "acme") -> str:
    """An organization that claimed example.com and set the record."""
    organization = homes.make(database, slug).organization
    server.texts[NAME] = [f'"{domains.add(database, organization, "example.com").record_value}"']
    return organization


def verify(database: Database, organization: str, server: NameServer) -> domains.Domain:
    return domain_checks.verify(database, organization, "Example.com", look_up(server))


def refusal(database: Database, organization: str, server: NameServer) -> ConnectorError:
    with pytest.raises(ConnectorError) as raised:
        verify(database, organization, server)
    return raised.value


# ------------------------------------------------------------------------------------------------------------------- verifying


def test_a_domain_is_verified_by_its_record(database: Database, server: NameServer) -> None:
    """Audited once, however often it is asked for."""
    organization = claimed(database, server)
    assert verify(database, organization, server).verified
    assert verify(database, organization, server).verified
    assert [one.verified for one in domains.list_(database, organization).items] == [True]
    assert homes.actions(database) == ["domain.added", "domain.verified"]
    assert homes.read(database, t.Domain.vouched) == [(False,)]


@pytest.mark.parametrize(
    "form", ['"{}{}"', '"\\"{}{}\\""', '" {}{} "', '"{}" "{}"'], ids=["plain", "quoted", "spaced", "in strings"]
)
def test_other_records_beside_it_and_quotes_around_it_do_not_matter(database: Database, server: NameServer, form: str) -> None:
    """Panels differ in what they make of what is typed."""
    organization = homes.make(database).organization
    value = domains.add(database, organization, "example.com").record_value
    server.texts[NAME] = ['"v=spf1 -all"', form.format(value[:10], value[10:])]
    assert verify(database, organization, server).verified


def test_every_answer_of_dns_is_explained(database: Database, server: NameServer) -> None:
    """What DNS said, what was expected, where to set it; texts of DNS are not repeated."""
    organization = claimed(database, server)
    value = domains.list_(database, organization).items[0].record_value

    del server.texts[NAME]
    missing = refusal(database, organization, server)
    assert (type(missing), missing.code, missing.detail) == (Conflict, "domain_unproved", f"DNS has no name {NAME}.")
    assert missing.expected == f"a TXT record at {NAME} with the value {value}"
    assert "give them the name _connector-challenge then" in missing.advice

    server.others.add(NAME)
    assert refusal(database, organization, server).detail == f"DNS has the name {NAME}, but no TXT record at it."

    server.texts[NAME] = ['"<script>"', '"more"']
    other = refusal(database, organization, server)
    assert other.detail == f"DNS has TXT records at {NAME}, but none with the right value."
    assert "script" not in other.detail + other.advice + other.expected

    server.texts[NAME] = ['"connector-verification=0123"']
    assert "of another claim" in refusal(database, organization, server).detail

    server.failure = dns.rcode.SERVFAIL
    failed = refusal(database, organization, server)
    assert (type(failed), failed.code) == (Upstream, "dns_failed")
    assert not domains.list_(database, organization).items[0].verified


def test_a_domain_that_was_not_claimed_is_not_looked_up(database: Database, server: NameServer) -> None:
    """Nor that of another organization; its record would prove nothing."""
    claimed(database, server)
    other = homes.make(database, "other").organization
    with pytest.raises(NotFound) as refused:
        verify(database, other, server)
    assert refused.value.code == "domain_not_found"
    assert server.asked == []


def test_a_domain_that_an_operator_vouched_for_stays_so(database: Database, server: NameServer) -> None:
    organization = homes.make(database).organization
    domains.add(database, organization, "example.com", verified=True)
    assert verify(database, organization, server).verified
    assert server.asked == []


def test_one_that_another_organization_has_verified_is_taken(database: Database, server: NameServer) -> None:
    """Even with the record; whose it is is not said."""
    verify(database, claimed(database, server, "one"), server)
    two = claimed(database, server, "two")
    refused = refusal(database, two, server)
    assert (type(refused), refused.code) == (Taken, "domain_taken")


def test_of_organizations_that_verify_at_once_one_wins(database: Database, server: NameServer) -> None:
    """All have their records set: the unique index decides."""
    rivals = [homes.make(database, f"org-{n}").organization for n in range(4)]
    server.texts[NAME] = [f'"{domains.add(database, each, "example.com").record_value}"' for each in rivals]
    made, refused = race([partial(verify, database, each, server) for each in rivals])
    assert (len(made), refused) == (1, ["domain_taken"] * 3)


# --------------------------------------------------------------------------------------------------------------------- daily


def row(database: Database) -> Any:
    (found,) = homes.read(database, t.Domain.id, t.Domain.verified_at, t.Domain.checked_at, t.Domain.missing_since)
    return found


def alerts(database: Database) -> list[str]:
    events = homes.read(database, t.OutboxEvent.id, t.OutboxEvent.kind)
    return [event.kind for event in events if event.kind in ("domain.missing", "domain.lapsed")]


def verified(database: Database, server: NameServer) -> str:
    """An organization that verified example.com just before NOW."""
    organization = claimed(database, server)
    verify(database, organization, server)
    with database.engine.begin() as tx:
        tx.execute(update(t.Domain).values(checked_at=NOW - DAY))
    return organization


def daily(database: Database, server: NameServer, day: int) -> int:
    return domain_checks.recheck(database, look_up(server), NOW + day * DAY)


def test_a_record_that_is_there_is_looked_at_once_a_day(database: Database, server: NameServer) -> None:
    verified(database, server)
    asked = len(server.asked)
    assert [daily(database, server, 0), daily(database, server, 0), daily(database, server, 1)] == [1, 0, 1]
    assert len(server.asked) == asked + 2
    assert (row(database).checked_at, row(database).missing_since) == (NOW + DAY, None)
    assert alerts(database) == []


def test_a_record_that_is_gone_is_warned_of_weekly_and_after_two_weeks_the_domain_lapses(
    database: Database, server: NameServer
) -> None:
    """At once, after 7 days, and after 14 it is a claim again."""
    organization = verified(database, server)
    server.texts.clear()
    told = []
    for day in range(20):
        before = len(alerts(database))
        daily(database, server, day)
        told += [(day, kind) for kind in alerts(database)[before:]]
    assert told == [(0, "domain.missing"), (7, "domain.missing"), (14, "domain.lapsed")]
    assert (row(database).verified_at, row(database).missing_since) == (None, None)
    assert [one.verified for one in domains.list_(database, organization).items] == [False]


def test_until_then_it_is_verified(database: Database, server: NameServer) -> None:
    """A warning costs nothing yet: nobody else can take the domain."""
    organization = verified(database, server)
    server.texts.clear()
    for day in range(14):
        daily(database, server, day)
    assert domains.list_(database, organization).items[0].verified
    other = claimed(database, server, "other")
    assert refusal(database, other, server).code == "domain_taken"


def test_a_lapsed_domain_can_be_proved_by_another_organization_or_again(database: Database, server: NameServer) -> None:
    """It was lost as a whole: power and uniqueness."""
    organization = verified(database, server)
    server.texts.clear()
    for day in (0, 14):
        daily(database, server, day)
    other = claimed(database, server, "other")
    assert verify(database, other, server).verified
    server.texts[NAME] = [f'"{domains.list_(database, organization).items[0].record_value}"']
    assert refusal(database, organization, server).code == "domain_taken"


def test_the_last_one_of_an_organization_with_sso_lapses_too(database: Database, server: NameServer) -> None:
    """By hand it could not be removed; DNS is believed. The membership mode and everybody's access stay."""
    organization = verified(database, server)
    with database.engine.begin() as tx:
        tx.execute(update(t.Organization).values(membership_mode="sso"))
    members = homes.read(database, t.Membership.id, t.Membership.role)
    server.texts.clear()
    for day in (0, 14):
        daily(database, server, day)
    assert not domains.list_(database, organization).items[0].verified
    assert homes.read(database, t.Organization.membership_mode) == [("sso",)]
    assert homes.read(database, t.Membership.id, t.Membership.role) == members
    assert alerts(database)[-1] == "domain.lapsed"


def test_a_record_that_comes_back_ends_the_warnings(database: Database, server: NameServer) -> None:
    """And when it goes again, the two weeks begin anew."""
    verified(database, server)
    records = dict(server.texts)
    for day, there in enumerate([False, False, True, *[False] * 14]):
        server.texts = records if there else {}
        daily(database, server, day)
    assert row(database).missing_since == NOW + 3 * DAY
    assert row(database).verified_at is not None
    assert alerts(database) == ["domain.missing"] * 3  # day 0; day 3, and a week later


@pytest.mark.parametrize("failure", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_that_dns_does_not_answer_is_no_sign_that_the_record_is_gone(
    database: Database, server: NameServer, failure: dns.rcode.Rcode
) -> None:
    """For a month; neither does it count as found."""
    verified(database, server)
    records, server.texts = server.texts, {}
    daily(database, server, 0)
    server.failure, server.texts = failure, records
    for day in range(1, 30):
        daily(database, server, day)
    assert row(database).verified_at is not None
    assert row(database).missing_since == NOW
    assert alerts(database) == ["domain.missing"]


def test_domains_that_are_vouched_for_and_mere_claims_are_not_looked_at(database: Database, server: NameServer) -> None:
    organization = homes.make(database).organization
    domains.add(database, organization, "vouched.example", verified=True)
    domains.add(database, organization, "claimed.example")
    assert daily(database, server, 30) == 0


def test_a_domain_that_was_removed_meanwhile_is_not_told_of(database: Database, server: NameServer) -> None:
    """Between the look at DNS and the change."""
    organization = verified(database, server)

    def removing(_name: str) -> Answer:
        domains.remove(database, organization, "example.com")
        return Answer("no_name")

    assert domain_checks.recheck(database, removing, NOW) == 1
    assert alerts(database) == []


def test_slow_dns_ends_a_round_and_the_next_goes_on_where_it_was(database: Database) -> None:
    """What was looked at longest ago comes first."""
    organization = homes.make(database).organization
    for number in range(3):
        domains.add(database, organization, f"d{number}.example", verified=True)
    with database.engine.begin() as tx:
        tx.execute(update(t.Domain).values(vouched=False))
    seen: list[str] = []

    def slow(name: str) -> Answer:
        seen.append(name)
        time.sleep(0.6)
        return Answer("failed", reason="did not answer in time")

    rounds = [domain_checks.recheck(database, slow, NOW, seconds=0.5) for _ in range(4)]
    assert (rounds, len(set(seen))) == ([1, 1, 1, 0], 3)
