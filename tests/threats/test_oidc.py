"""Every threat to OpenID Connect of idp_fixtures/threats/oidc, driven over HTTP against the whole application and a provider on
loopback."""

from __future__ import annotations

import socket

import pytest

from connector.outbound.fetch import Fetcher
from idp_fixtures.threats import Threat, threats
from idp_fixtures.threats.oidc._stage import Stage
from tests.threats.arena import SESSION, Arena

THREATS = threats("oidc")
FETCH = Fetcher.fetch
ON_POSTGRES = {"code_replay", "replay_at_once", "id_token_replay", "second_subject", "foreign_email", "replayed_logout"}
"""Where the database decides."""


@pytest.mark.parametrize("threat", THREATS, ids=lambda threat: threat.name)
def test_a_threat_is_refused_and_leaves_nothing_but_a_trace(
    threat: Threat, sqlite_arena: Arena, oidc_stage: Stage, trap: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No session, nobody new, a 4xx with its code and reference, in time, in the trace; and the genuine answer is accepted."""
    if threat.name == "slow_provider":
        monkeypatch.setattr(Fetcher, "fetch", lambda self, url, **asked: FETCH(self, url, **asked | {"seconds": 1.0}))
    withstand(threat, sqlite_arena, oidc_stage)
    with pytest.raises(BlockingIOError):
        trap.accept()


@pytest.mark.parametrize("threat", [each for each in THREATS if each.name in ON_POSTGRES], ids=lambda threat: threat.name)
def test_a_threat_is_refused_on_postgresql(threat: Threat, postgres_arena: Arena, oidc_stage_on_postgres: Stage) -> None:
    """The same where the database has a part in it."""
    withstand(threat, postgres_arena, oidc_stage_on_postgres)


def withstand(threat: Threat, arena: Arena, stage: Stage) -> None:
    """Attack where everybody has been before; then let somebody in, so that the refusals mean something."""
    who, sessions, before = arena.who(), arena.sessions(), arena.entered
    attempts = list(threat.attack(stage))
    assert attempts
    assert [fault for attempt in attempts for fault in arena.faults(attempt)] == []
    assert arena.who() == who
    assert arena.sessions() - sessions <= arena.entered - before
    reply = stage.genuine()
    assert reply.status == 303
    assert f"{SESSION}=" in reply.headers.get("set-cookie", "")
