"""Who stands at the door: where a request comes from, and the session it carries."""

from __future__ import annotations

from datetime import datetime

from flask import request

from connector.accounts.sessions import Session, Visitor
from connector.directory import setup_links
from connector.directory.setup_links import SetupVisit
from connector.provisioning.acting import Actor, called
from connector.web import cookies
from connector.web.house import house

_AGENT = 300  # characters kept of what a browser calls itself


def visitor() -> Visitor:
    """Address, browser and session token of the current request."""
    return Visitor(request.remote_addr or "", (request.user_agent.string or "")[:_AGENT], cookies.session_token())


def actor_of(session: Session) -> Actor:
    """Whoever is signed in, for the verbs: by address or name in the audit trail, from where this request comes."""
    who = (called(session.email, session.name, session.person_id), session.person_id, session.authentications)
    return Actor(*who, super_admin=session.super_admin, address=request.remote_addr)


def setup_visit(now: datetime, token: str | None = None) -> SetupVisit | None:
    """Who holds the set-up link of this browser, or that of a `token` in the address; None without one. Its `actor` calls the
    verbs.

    Raises NotFound `setup_link_unknown` for one that opens nothing (any more), TooMany `too_many_requests`.
    """
    carried = token or cookies.setup_token()
    if carried is None:
        return None
    return setup_links.visit(house().database, carried, request.remote_addr or "", now)
