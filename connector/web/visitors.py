"""Who stands at the door: where a request comes from, and the session it carries."""

from __future__ import annotations

from flask import request

from connector.accounts.sessions import Visitor
from connector.web import cookies

_AGENT = 300  # characters kept of what a browser calls itself


def visitor() -> Visitor:
    """Address, browser and session token of the current request."""
    return Visitor(request.remote_addr or "", (request.user_agent.string or "")[:_AGENT], cookies.session_token())
