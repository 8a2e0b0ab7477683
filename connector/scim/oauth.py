"""Tokens for identity providers that fetch them: client credentials (RFC 6749 section 4.4) and their metadata (RFC 8414).

Errors are those of RFC 6749 section 5.2, in JSON, never cached.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, json, request
from werkzeug.exceptions import HTTPException

from connector.accounts import throttle
from connector.directory import clients
from connector.errors import TooMany, Unauthenticated, Unavailable
from connector.membership.fold import is_storable
from connector.scim.wire import note_stranger

MAX_FORM = 16 * 1024
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")

blueprint = Blueprint("oauth", __name__)


class OAuthError(Exception):
    """A refusal as RFC 6749 section 5.2 has it: `error` is one of its words."""

    def __init__(self, error: str, description: str, status: int = 400, *, challenge: bool = False) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
        self.challenge = challenge


@blueprint.post("/oauth/<connection_id>/token")
def token(connection_id: str) -> Response:
    """Answer a token request (RFC 6749 sections 4.4.2 and 4.4.3). A scope, of which there are none, is granted as asked."""
    form = _form()
    if "grant_type" not in form:
        raise OAuthError("invalid_request", "grant_type is missing; expected client_credentials.")
    if form["grant_type"] != "client_credentials":
        raise OAuthError("unsupported_grant_type", "Only client_credentials is offered.")
    if "scope" in form and not _SCOPE.fullmatch(form["scope"]):
        raise OAuthError("invalid_scope", "This is no list of scopes.")
    client_id, client_secret = _credentials(form)
    house = current_app.extensions["connector"]
    known = connection_id if is_storable(connection_id) else ""
    try:
        made = clients.issue(house.database, known, client_id, client_secret)
    except Unauthenticated as error:
        throttle.spend(house.database, "token_endpoint", request.remote_addr or "", datetime.now(UTC))
        note_stranger(house.database, known, request, error)
        raise OAuthError("invalid_client", f"{error.detail} Expected: {error.expected}.", 401, challenge=True) from None
    granted = {"access_token": made, "token_type": "Bearer", "expires_in": int(clients.LIFE.total_seconds())}
    return _answer(granted | ({"scope": form["scope"]} if "scope" in form else {}))


@blueprint.get("/.well-known/oauth-authorization-server/oauth/<connection_id>")
def metadata(connection_id: str) -> Response:
    """Describe the token endpoint (RFC 8414 section 2). Every id is answered, so that nobody learns which there are."""
    base_url = current_app.extensions["connector"].settings.base_url
    told = {
        "issuer": f"{base_url}/oauth/{connection_id}",
        "token_endpoint": clients.token_url(base_url, connection_id),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
    }
    return _answer(told)


def _form() -> dict[str, str]:
    """Read the form (RFC 6749 section 3.2): no parameter twice, an empty one counts as absent."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "The body is no form; expected application/x-www-form-urlencoded.")
    request.max_content_length = MAX_FORM
    if twice := [name for name, values in request.form.lists() if len(values) > 1]:
        raise OAuthError("invalid_request", f"Sent more than once: {', '.join(sorted(twice))[:200]}.")
    return {name: value for name, value in request.form.items() if value}


def _credentials(form: dict[str, str]) -> tuple[str, str]:
    """Take the client's id and secret from the header or from the form, never from both (RFC 6749 section 2.3.1)."""
    if request.headers.get("Authorization"):
        given = request.authorization
        if "client_secret" in form:
            raise OAuthError("invalid_request", "The client is named in the header and in the form; expected one of them.")
        if given is None or given.type != "basic":
            raise OAuthError("invalid_client", "Expected the client's credentials as Basic.", 401, challenge=True)
        found = given.username, given.password
    else:
        found = form.get("client_id"), form.get("client_secret")
    client_id, client_secret = (part or "" for part in found)
    if not (client_id and client_secret and is_storable(client_id)):
        raise OAuthError("invalid_client", "The request carries no client credentials.", 401, challenge=True)
    return client_id, client_secret


def _answer(told: dict[str, Any], status: int = 200, **headers: str) -> Response:
    kept_by_nobody = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749 section 5.1
    return Response(json.dumps(told), status, {**kept_by_nobody, **headers}, content_type="application/json")


@blueprint.errorhandler(OAuthError)
def _refused(error: OAuthError) -> Response:
    challenge = {"WWW-Authenticate": 'Basic realm="SCIM"'} if error.challenge else {}
    return _answer({"error": error.error, "error_description": error.description}, error.status, **challenge)


@blueprint.errorhandler(HTTPException)
def _unreadable(error: HTTPException) -> Response:
    status = error.code or 400
    return _answer({"error": "invalid_request", "error_description": error.description or error.name}, status)


@blueprint.errorhandler(TooMany)
def _too_many(error: TooMany) -> Response:
    """Too many refusals (RFC 6585 section 4). RFC 6749 has no word for it."""
    told = {"error": "temporarily_unavailable", "error_description": error.detail}
    return _answer(told, 429, **{"Retry-After": str(error.retry_after)})


@blueprint.errorhandler(Unavailable)
def _unavailable(error: Unavailable) -> Response:
    told = {"error": "temporarily_unavailable", "error_description": error.detail}
    return _answer(told, 503, **{"Retry-After": str(error.retry_after)})
