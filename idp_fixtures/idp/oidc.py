"""OpenID Connect at the identity provider: discovery, keys, authorization with PKCE, tokens, userinfo, both logouts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import unquote_plus, urlencode

from flask import Blueprint, Response, jsonify, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp_fixtures.idp import pages
from idp_fixtures.idp.asking import ask_person, provider
from idp_fixtures.idp.provider import CODE_LIFE, Application, Ask, Code, Provider, SignedIn
from idp_fixtures.oidc import tokens
from idp_fixtures.oidc.vendors import claims_of, subject_of
from idp_fixtures.people import Person

blueprint = Blueprint("oidc", __name__)

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@blueprint.get("/.well-known/openid-configuration")
def discovery() -> Response:
    """What a client needs to know; `iss` comes with every answer (RFC 9207)."""
    return jsonify(tokens.discovery(provider().url, authorization_response_iss_parameter_supported=True))


@blueprint.get("/keys")
def keys() -> Response:
    """The public keys of ID tokens."""
    return jsonify(tokens.jwks(provider().token_key))


@blueprint.get("/authorize")
def authorize() -> Response:
    """An authorization request arrives. `person` (an address) answers at once, without a page; an empty one refuses."""
    try:
        application = provider().application(client_id=request.args.get("client_id", ""))
    except LookupError as problem:
        return pages.refusal(str(problem))
    if request.args.get("redirect_uri") not in application.redirect_uris:
        return pages.refusal("The redirect URI is not registered.")
    ask = Ask(answer, application, request.args.to_dict())
    wrong = _wrong(ask)
    return _back(ask, error="invalid_request", error_description=wrong) if wrong else ask_person(ask)


def _wrong(ask: Ask) -> str:
    """What is missing in a request; the empty text when nothing is."""
    if ask.fields.get("response_type") != "code":
        return "Only response_type=code is offered."
    if "openid" not in ask.fields.get("scope", "").split():
        return "The scope openid is missing."
    if ask.fields.get("code_challenge_method") != "S256" or not ask.fields.get("code_challenge"):
        return "PKCE with S256 is required."
    return ""


def answer(ask: Ask, person: Person | None) -> Response:
    """A code to the redirect URI, or the error of somebody who refused."""
    if person is None:
        return _back(ask, error="access_denied", error_description="The person did not sign in.")
    signed_in = provider().sign_in(ask.application, person)
    code = Code(
        signed_in,
        ask.fields["redirect_uri"],
        ask.fields.get("nonce"),
        ask.fields["code_challenge"],
        provider().clock() + CODE_LIFE,
    )
    return _back(ask, code=provider().issue_code(code))


def _back(ask: Ask, **fields: str) -> Response:
    told = fields | {"iss": provider().url} | ({"state": ask.fields["state"]} if "state" in ask.fields else {})
    return pages.away(f"{ask.fields['redirect_uri']}?{urlencode(told)}")


@blueprint.post("/token")
def token() -> Response:
    """A code becomes tokens, once, for the client it was made for, with the PKCE verifier (RFC 6749 4.1.3, RFC 7636 4.6)."""
    application = _client()
    if application is None:
        return _refused("invalid_client", 401)
    code = provider().redeem(request.form.get("code", ""))
    if request.form.get("grant_type") != "authorization_code":
        return _refused("unsupported_grant_type")
    if code is None or code.signed_in.application.client_id != application.client_id:
        return _refused("invalid_grant")
    if code.redirect_uri != request.form.get("redirect_uri") or not _verified(code, request.form.get("code_verifier", "")):
        return _refused("invalid_grant")
    return _tokens(code)


def _tokens(code: Code) -> Response:
    access = provider().issue_access(code.signed_in)
    id_token = tokens.sign(_claims(code.signed_in, code.nonce, at_hash=tokens.half_hash(access)), provider().token_key)
    return _private(jsonify(access_token=access, token_type="Bearer", expires_in=300, id_token=id_token))


def _claims(signed_in: SignedIn, nonce: str | None, **more: Any) -> dict[str, Any]:
    more |= {"auth_time": int(signed_in.at.timestamp()), "sid": signed_in.index}
    client, now = signed_in.application.client_id, provider().clock()
    claims = claims_of(provider().oidc, signed_in.person, client, nonce=nonce or "", now=now, **more)
    return claims if nonce else tokens.changed(claims, {"nonce": tokens.ABSENT})


def _verified(code: Code, verifier: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), code.challenge)


def _client() -> Application | None:
    """Who calls, by client_secret_basic, client_secret_post or private_key_jwt (OpenID Connect Core 1.0 section 9)."""
    if request.form.get("client_assertion_type") == ASSERTION_TYPE:
        return _by_key(request.form.get("client_assertion", ""))
    basic = request.authorization
    if basic is not None and basic.type == "basic":
        name, secret = unquote_plus(basic.username or ""), unquote_plus(basic.password or "")
    else:
        name, secret = request.form.get("client_id", ""), request.form.get("client_secret", "")
    try:
        application = provider().application(client_id=name)
    except LookupError:
        return None
    right = application.client_secret and hmac.compare_digest(application.client_secret.encode(), secret.encode())
    return application if right else None


def _by_key(assertion: str) -> Application | None:
    for application in provider().applications():
        if application.client_keys is not None and _signed_by(application, assertion):
            return application
    return None


def _signed_by(application: Application, assertion: str) -> bool:
    keys: Any = dict(application.client_keys or {})
    try:
        read = jwt.decode(assertion, KeySet.import_key_set(keys), algorithms=["RS256", "PS256", "ES256"])
    except (JoseError, ValueError):
        return False
    claims, now = read.claims, provider().clock().timestamp()
    audience = claims.get("aud")
    meant = {provider().url, f"{provider().url}/token"} & set(audience if isinstance(audience, list) else [audience])
    return claims.get("iss") == claims.get("sub") == application.client_id and bool(meant) and claims.get("exp", 0) > now


@blueprint.get("/userinfo")
def userinfo() -> Response:
    """The claims of whoever the access token is for."""
    given = request.authorization
    signed_in = provider().access(given.token or "") if given is not None and given.type == "bearer" else None
    if signed_in is None:
        return _refused("invalid_token", 401)
    left_out = dict.fromkeys(("iss", "aud", "iat", "exp", "sid", "auth_time"), tokens.ABSENT)
    return _private(jsonify(tokens.changed(_claims(signed_in, None), left_out)))


@blueprint.get("/end_session")
def end_session() -> Response:
    """Sign out here (OpenID Connect RP-Initiated Logout 1.0); back to a registered address when one is asked for."""
    try:
        application = provider().application(client_id=_hinted(request.args.get("id_token_hint", "")))
    except LookupError:
        return pages.told("You are signed out.")
    provider().sign_out(lambda each: each.application.name == application.name)
    back = request.args.get("post_logout_redirect_uri", "")
    if back not in application.post_logout_uris:
        return pages.told("You are signed out.")
    state = request.args.get("state")
    return pages.away(f"{back}?{urlencode({'state': state})}" if state else back)


def _hinted(hint: str) -> str:
    """The client an ID token was made for; it may have expired."""
    try:
        return str(jwt.decode(hint, provider().token_key, algorithms=["RS256"]).claims.get("aud", ""))
    except (JoseError, ValueError):
        return request.args.get("client_id", "")


def back_channel_logout(idp: Provider, signed_in: SignedIn, **changes: Any) -> int:
    """Tell the application that this sign-in has ended (OpenID Connect Back-Channel Logout 1.0). Returns its status."""
    changes = {"sub": subject_of(idp.oidc, signed_in.person), "sid": signed_in.index, "jti": secrets.token_hex(16)} | changes
    claims = tokens.logout_claims(idp.url, signed_in.application.client_id, now=idp.clock(), **changes)
    body = urlencode({"logout_token": tokens.sign(claims, idp.token_key, typ="logout+jwt")}).encode()
    call = urllib.request.Request(signed_in.application.back_channel_url, body)  # noqa: S310 (an address the test registered)
    idp.sign_out(lambda each: each == signed_in)
    try:
        with urllib.request.urlopen(call, timeout=10) as reply:  # noqa: S310
            return int(reply.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def _refused(error: str, status: int = 400) -> Response:
    response = _private(jsonify(error=error))
    response.status_code = status
    return response


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
