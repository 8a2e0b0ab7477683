"""Short words for going back to invitations, and for what is the same or another afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from connector.accounts import persons
from connector.errors import ConnectorError
from connector.membership.opening import Authentication
from connector.provisioning.acting import Actor
from connector.storage import tables as t
from connector.storage.sealing import Sealer
from tests.support.world import OWNER, World

SEALER = Sealer(["key"])
LOCAL = Authentication("email_link")
NOW = datetime.now(UTC)


def back(acme: World) -> Any:
    """The operator goes back."""
    return acme.carry_out("mode", mode="invitation")


def access(acme: World) -> dict[str, tuple[Any, ...]]:
    """What everybody may do, whatever gives it to them."""
    return {name: (each.status, each.role, each.teams, each.projects) for name, each in acme.members.items()}


def states(acme: World) -> dict[str, tuple[str, str]]:
    """State and directory of the connections."""
    with acme.database.read() as tx:
        rows = tx.execute(select(t.Connection.id, t.Connection.state, t.Connection.directory))
        return {row.id: (row.state, row.directory) for row in rows}


def mode_of(acme: World) -> str:
    """The membership mode."""
    with acme.database.read() as tx:
        return tx.execute(select(t.Organization.membership_mode)).scalar_one()


def owner_of(acme: World, *held: Authentication) -> Actor:
    """The founder, signed in by these."""
    person = persons.known(acme.database, OWNER)
    return Actor(OWNER, person, held)


def refused(acme: World, kind: str, actor: Actor, **given: Any) -> str:
    """The code with which a verb of plans is refused."""
    with pytest.raises(ConnectorError) as refusal:
        acme.carry_out(kind, actor=actor, **given)
    return refusal.value.code
