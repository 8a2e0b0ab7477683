"""People who ask for something, as `acting.Actor`: signed in locally, or by a key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connector.membership.opening import Authentication
from connector.provisioning.acting import Actor
from tests.accounts.people import holder
from tests.support.world import World

LOCAL = Authentication("email_link")


def person_in(acme: World, name: str, role: str) -> Actor:
    """A new member NAME@acme.example with a role, signed in by a mailed link."""
    acme.invited(f"{name}@acme.example", role)
    return signed_in(acme, f"{name}@acme.example")


def signed_in(acme: World, email: str) -> Actor:
    """Somebody who is there, signed in by a mailed link."""
    return Actor(email, holder(acme.database, email), (LOCAL,))


def by_key(actor: Actor, organization: str, *, scopes: Iterable[str] = (), project: str | None = None) -> Actor:
    """The same person with a key of the organization, or of a project of it."""
    held = (Authentication("organization_key", organization),)
    return replace(actor, authentications=held, scopes=frozenset(scopes), project_id=project)
