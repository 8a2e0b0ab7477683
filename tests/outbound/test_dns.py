"""TXT records from a real name server; what is absent is told apart from what failed."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import dns.rcode
import pytest

from connector.outbound import dns as ours
from connector.outbound.dns import Answer, txt
from tests.outbound.name_server import NameServer, name_server

NAME = "_connector-challenge.acme.example"


@pytest.fixture
def server() -> Iterator[NameServer]:
    with name_server() as running:
        yield running


@pytest.mark.parametrize(
    ("records", "values"),
    [
        (['"v=1"'], ("v=1",)),
        (['"v=1"', '"another"'], ("another", "v=1")),
        (['"one " "and " "the same"'], ("one and the same",)),
        (['"\\195\\188 \\255"'], ("ü \ufffd",)),
        (['""'], ("",)),
    ],
    ids=["one", "several", "in several strings", "other bytes", "empty"],
)
def test_records_are_found_and_their_strings_joined(server: NameServer, records: list[str], values: tuple[str, ...]) -> None:
    """RFC 1035 section 3.3.14; joined without anything between, as RFC 7208 section 3.3 does."""
    server.texts[NAME] = records
    answer = txt(NAME, server.address)
    assert (answer.state, tuple(sorted(answer.values))) == ("found", values)


def test_an_absent_name_and_an_absent_record_are_two_things(server: NameServer) -> None:
    """Who set the record at a wrong name is helped by knowing which."""
    server.others.add(NAME)
    assert txt(NAME, server.address) == Answer("no_record")
    assert txt("elsewhere.example", server.address) == Answer("no_name")


@pytest.mark.parametrize("failure", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP])
def test_a_server_that_fails_says_nothing_about_the_record(server: NameServer, failure: dns.rcode.Rcode) -> None:
    server.failure = failure
    server.texts[NAME] = ['"v=1"']
    answer = txt(NAME, server.address)
    assert answer.state == "failed"
    assert "failure" in answer.reason or "in time" in answer.reason


def test_a_silent_server_is_left(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = ours.SECONDS
    monkeypatch.setattr(ours, "SECONDS", 0.5)
    server.silent = True
    begun = time.monotonic()
    assert txt(NAME, server.address).state == "failed"
    assert time.monotonic() - begun < usual


def test_nobody_at_the_port_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "SECONDS", 0.5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        address = taken.getsockname()
    assert txt(NAME, address).state == "failed"


def test_the_name_is_asked_for_as_it_is(server: NameServer) -> None:
    """No search list of the machine is appended to it."""
    txt(NAME, server.address)
    assert set(server.asked) == {NAME}
