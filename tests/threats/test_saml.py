"""Every threat to SAML of idp_fixtures/threats/saml, driven over HTTP against the whole application."""

from __future__ import annotations

import socket

import pytest

from idp_fixtures.saml.encryption import Encryption
from idp_fixtures.saml.message import make
from idp_fixtures.threats import Threat, threats
from idp_fixtures.threats.browser import Reply
from idp_fixtures.threats.saml._stage import Stage
from tests.threats.arena import SESSION, Arena

THREATS = threats("saml")
ON_POSTGRES = {"replay", "replay_at_once", "one_request_answered_twice", "second_subject", "foreign_domain", "replayed_logout"}
"""Where the database decides."""


@pytest.mark.parametrize("threat", THREATS, ids=lambda threat: threat.name)
def test_a_threat_is_refused_and_leaves_nothing_but_a_trace(
    threat: Threat, sqlite_arena: Arena, saml_stage: Stage, trap: socket.socket, capfd: pytest.CaptureFixture[str]
) -> None:
    """No session, nobody new, a 4xx with its code and reference, in time, in the trace; and the genuine answer is accepted.

    Libraries in C print nothing of what was sent, either.
    """
    withstand(threat, sqlite_arena, saml_stage)
    with pytest.raises(BlockingIOError):
        trap.accept()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("threat", [each for each in THREATS if each.name in ON_POSTGRES], ids=lambda threat: threat.name)
def test_a_threat_is_refused_on_postgresql(threat: Threat, postgres_arena: Arena, saml_stage_on_postgres: Stage) -> None:
    """The same where the database has a part in it."""
    withstand(threat, postgres_arena, saml_stage_on_postgres)


def withstand(threat: Threat, arena: Arena, stage: Stage) -> None:
    """Attack where everybody has been before; then let somebody in, so that the refusals mean something."""
    who, sessions, before = arena.who(), arena.sessions(), arena.entered
    attempts = list(threat.attack(stage))
    assert attempts
    assert [fault for attempt in attempts for fault in arena.faults(attempt)] == []
    assert arena.who() == who
    assert arena.sessions() - sessions <= arena.entered - before
    begun = stage.begin()
    assert entered(stage.send(begun, make(stage.answer(begun))))


def entered(reply: Reply) -> bool:
    """Whether an answer lets in."""
    return reply.status == 303 and f"{SESSION}=" in reply.headers.get("set-cookie", "")


@pytest.mark.parametrize("cipher", ["aes128-cbc", "aes256-cbc", "aes128-gcm", "aes256-gcm"])
def test_what_the_weak_forms_differ_from_is_accepted(saml_stage: Stage, cipher: str) -> None:
    """A strongly encrypted assertion in a signed response."""
    begun = saml_stage.begin()
    strong = Encryption(saml_stage.encryption_certificate, cipher)
    assert entered(saml_stage.send(begun, make(saml_stage.answer(begun, encryption=strong))))
