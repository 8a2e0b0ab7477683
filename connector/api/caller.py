"""CALLER: who sends a request. The session cookie of a browser, or `Authorization: Bearer` with an API key.

A key counts before a cookie, and a wrong one is not made good by it. Whether what was asked for may be done is judged later,
where it happens (`provisioning/acting.py`): here it is only who asks, and how they showed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import request

from connector.accounts import keys, sessions, throttle
from connector.accounts.keys import Holder
from connector.accounts.sessions import Session
from connector.errors import Unauthenticated
from connector.membership.opening import opens_personal
from connector.provisioning.acting import Actor, called
from connector.web import cookies
from connector.web.house import house
from connector.web.visitors import actor_of


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody, and what they came with: a session, or a key. `key_organization` is what the key belongs to, if not the person;
    `workspace` the organization their session works in; `primary_domain_owner` as in `sessions.Session`."""

    actor: Actor
    person_id: str
    email: str | None
    name: str | None
    session: Session | None = None
    key_id: str | None = None
    key_organization: str | None = None
    workspace: str | None = None
    primary_domain_owner: str | None = None

    @property
    def has_personal(self) -> bool:
        """Whether what is the person's own opens: by how they signed in, and by the scopes of their key."""
        open_ = opens_personal(self.actor.authentications, self.primary_domain_owner)
        return open_ and (not self.actor.scopes or "personal" in self.actor.scopes)


def current(now: datetime) -> Caller:
    """Who sent this request. Raises Unauthenticated `key_unknown`, `signed_out`; TooMany `too_many_requests`."""
    authorization = request.headers.get("Authorization")
    return _by_cookie(now) if authorization is None else _by_key(authorization, now)


def _by_key(authorization: str, now: datetime) -> Caller:
    scheme, _, key = authorization.strip().partition(" ")
    holder = keys.find(house().database, key.strip(), now) if scheme.lower() == "bearer" else None
    if holder is None:
        throttle.spend(house().database, "unknown_key", request.remote_addr or "", now)
        raise Unauthenticated(
            "key_unknown",
            "There is no such key, or it was revoked, or its holder is no active member of its organization.",
            expected="Authorization: Bearer with a live API key",
            advice="Make a new one: `connector key create`.",
        )
    who = (_actor_with_key(holder), holder.person_id, holder.email, holder.name)
    return Caller(*who, key_id=holder.key_id, key_organization=holder.organization_id)


def _actor_with_key(holder: Holder) -> Actor:
    """A key has no power over the installation, whoever holds it: `acting` asks for a local sign-in."""
    return Actor(
        called(holder.email, holder.name, holder.person_id),
        holder.person_id,
        (holder.authentication,),
        frozenset(holder.scopes),
        holder.project_id,
        holder.super_admin,
        request.remote_addr,
        holder.hint,
    )


def _by_cookie(now: datetime) -> Caller:
    session = sessions.find(house().database, cookies.session_token(), now)
    if session is None:
        advice = "Sign in at /login, or send an API key."
        raise Unauthenticated("signed_out", "You are not signed in.", expected="a live session or API key", advice=advice)
    actor = actor_of(session)
    who = (actor, session.person_id, session.email, session.name)
    return Caller(*who, session=session, workspace=session.workspace, primary_domain_owner=session.primary_domain_owner)
