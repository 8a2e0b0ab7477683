"""GET /api/me: who asks, and what opens to them. With the session cookie, or with `Authorization: Bearer` and an API key.

Organizations that do not open are told only to somebody to whom the personal workspace opens: where else a person belongs is
nobody's business who came in through one organization's identity provider.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from connector.accounts import keys, sessions
from connector.errors import Unauthenticated
from connector.membership.opening import Authentication, opens, opens_personal
from connector.organizations import mine
from connector.organizations.mine import Mine
from connector.web import cookies
from connector.web.house import house
from connector.web.refusals import problem

blueprint = Blueprint("api", __name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and how they showed it."""

    person_id: str
    email: str | None
    authentications: tuple[Authentication, ...]
    primary_domain_owner: str | None = None


@blueprint.get("/api/me")
def me() -> Response:
    """Answer with `person_id`, `email`, `organizations`; `open_by` of these is `local`, `sso`, `break_glass` or null."""
    try:
        caller = current(datetime.now(UTC))
    except Unauthenticated as error:
        refused = problem(401, error.code, f"{error.detail} {error.advice}")
        refused.headers["WWW-Authenticate"] = "Bearer"
        return refused
    personal = opens_personal(caller.authentications, caller.primary_domain_owner)
    told = [_told(each, caller) for each in mine.of_person(house().database, caller.person_id)]
    shown = [each for each in told if personal or each["open_by"]]
    return jsonify(person_id=caller.person_id, email=caller.email, organizations=shown)


def _told(each: Mine, caller: Caller) -> dict[str, Any]:
    teams = [{"slug": slug, "role": role} for slug, role in each.teams]
    open_by = opens(caller.authentications, each.access)
    return {"id": each.id, "slug": each.slug, "role": each.role, "teams": teams, "open_by": open_by}


def current(now: datetime) -> Caller:
    """Who sent this request. A key counts before a cookie, and a wrong one is not made good by it.

    Raises Unauthenticated `key_unknown`, `signed_out`.
    """
    authorization = request.headers.get("Authorization")
    return _by_cookie(now) if authorization is None else _by_key(authorization, now)


def _by_key(authorization: str, now: datetime) -> Caller:
    scheme, _, key = authorization.strip().partition(" ")
    holder = keys.find(house().database, key.strip(), now) if scheme.lower() == "bearer" else None
    if holder is None:
        raise Unauthenticated(
            "key_unknown",
            "There is no such key, or it was revoked, or its holder is no active member of its organization.",
            expected="Authorization: Bearer with a live API key",
            advice="Make a new one: `connector key create`.",
        )
    return Caller(holder.person_id, holder.email, (holder.authentication,))


def _by_cookie(now: datetime) -> Caller:
    session = sessions.find(house().database, cookies.session_token(), now)
    if session is None:
        advice = "Sign in at /login, or send an API key."
        raise Unauthenticated("signed_out", "You are not signed in.", expected="a live session or API key", advice=advice)
    return Caller(session.person_id, session.email, session.authentications, session.primary_domain_owner)
