"""Between the question of an application and the answer to it: who is it?"""

from __future__ import annotations

from flask import Response, current_app, request

from idp_fixtures.idp import pages
from idp_fixtures.idp.provider import Ask, Provider


def provider() -> Provider:
    """The identity provider of the current request."""
    found: Provider = current_app.extensions["provider"]
    return found


def ask_person(ask: Ask) -> Response:
    """Show who could sign in, or go on when the request says it already: `person` is an address, or empty to refuse."""
    ticket = provider().wait(ask)
    if "person" in request.values:
        return proceed(ticket, request.values["person"])
    return pages.choice(provider().name, ask.application.name, provider().people(), ticket)


def proceed(ticket: str, email: str) -> Response:
    """The person is known (or refused): answer the application that waits under this ticket."""
    try:
        ask = provider().waiting(ticket)
        person = provider().person(email) if email else None
    except LookupError:
        return pages.refusal("Unknown or deactivated person, or this page was used already: begin again at the application.", 403)
    return ask.answer(ask, person)
