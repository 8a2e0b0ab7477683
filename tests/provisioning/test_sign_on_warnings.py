"""Owners hear in time that an IdP's certificate ends, and that its metadata fail (SIGN_ON.md section 1, items 16 and 17)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from connector.directory import sign_on, upkeep
from connector.directory.sign_on_model import SamlSide
from connector.errors import Upstream
from connector.storage.database import Database
from tests.directory.sides import NOW, URL, certificate, saml
from tests.support import world
from tests.support.world import World

DAY = timedelta(days=1)


def ending(*days: int) -> SamlSide:
    """An IdP whose certificates end after these days."""
    return replace(saml(), certificates=tuple(certificate(10 + number, end) for number, end in enumerate(days)))


def connected(database: Database, *days: int, until: datetime | None = None) -> World:
    """An organization whose IdP signs with certificates that end after these days."""
    acme = world.live(database)
    sign_on.configure_saml(database, acme.connection, ending(*days), metadata_url=URL, valid_until=until, now=NOW)
    return acme


@pytest.mark.parametrize(
    ("passed", "told"),
    [(39, []), (40, [60]), (50, [60]), (70, [60, 30]), (93, [60, 30, 7]), (99, [60, 30, 7, 1]), (130, [60, 30, 7, 1, 0])],
)
def test_the_end_of_the_last_certificate_is_told_at_sixty_thirty_seven_and_one_days(
    database: Database, passed: int, told: list[int]
) -> None:
    """And once when it has come; however often the check runs."""
    acme = connected(database, 100)
    for day in (0, *range(35, passed + 1)):
        upkeep.warn(database, upkeep.ending_certificates(database, NOW + day * DAY))
    assert [event["days"] for event in acme.events("certificate.expiring")] == told


def test_a_certificate_with_a_successor_is_not_warned_of(database: Database) -> None:
    """The rollover is prepared already; one that leaves is no successor."""
    acme = connected(database, 5, 1000)
    assert upkeep.ending_certificates(database, NOW) == []
    sign_on.apply_metadata(database, acme.connection, saml(), None, NOW)
    assert upkeep.ending_certificates(database, NOW) == []
    sign_on.apply_metadata(database, acme.connection, ending(5), None, NOW)
    assert [each.payload["days"] for each in upkeep.ending_certificates(database, NOW)] == [7]


def test_metadata_that_fail_are_told_of_once_a_day_until_they_work(database: Database) -> None:
    """What is known stays in force."""
    acme = connected(database, 1000)
    assert upkeep.troubled_metadata(database, NOW) == []
    error = Upstream("fetch_timeout", "The server did not answer in time.")
    for hours in (1, 2, 25):
        moment = NOW + timedelta(hours=hours)
        sign_on.metadata_failed(database, acme.connection, error, moment)
        upkeep.warn(database, upkeep.troubled_metadata(database, moment))
    assert [event["error"] for event in acme.events("metadata.failing")] == [error.detail] * 2
    sign_on.apply_metadata(database, acme.connection, saml(), None, NOW + 2 * DAY)
    assert upkeep.troubled_metadata(database, NOW + 2 * DAY) == []


def test_metadata_past_their_own_validity_are_told_of(database: Database) -> None:
    """`validUntil`, when nothing newer could be had."""
    connected(database, 1000, until=NOW + DAY)
    assert upkeep.troubled_metadata(database, NOW) == []
    assert len(upkeep.troubled_metadata(database, NOW + DAY)) == 1
