"""Who stands at the door: where a request comes from, and the session it carries."""

from __future__ import annotations

from flask import request

from connector.accounts.sessions import Session, Visitor
from connector.provisioning.acting import Actor, called
from connector.web import cookies

_AGENT = 300  # characters kept of what a browser calls itself


def visitor() -> Visitor:
    """Address, browser and session token of the current request."""
    return Visitor(request.remote_addr or "", (request.user_agent.string or "")[:_AGENT], cookies.session_token())


def actor_of(session: Session) -> Actor:
    """Whoever is signed in, for the verbs: by address or name in the audit trail, from where this request comes."""
    who = (called(session.email, session.name, session.person_id), session.person_id, session.authentications)
    return Actor(*who, super_admin=session.super_admin, address=request.remote_addr)
