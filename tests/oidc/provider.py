"""An OpenID provider on loopback that does what it is told: genuine by default, and wrong wherever a test says so.

It checks what a provider checks (client, redirect URI, PKCE, a code used once), and remembers every request.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from joserfc import jwt
from joserfc.jwk import Key, KeySet
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from idp_fixtures.oidc.tokens import changed, discovery, id_claims, jwks, sign, signing_key

SECRET = "secret with + / : and % in it, and 32 more"
CLIENT = "client-1"

Answer = Callable[[Request], Response]


def answered(body: Any, status: int = 200, **headers: str) -> Answer:
    """An answer that is always the same: JSON, or bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _: Response(content, status, headers, content_type="application/json")


def dripping(_: Request) -> Response:
    """An answer that never ends, a byte at a time."""

    def drops() -> Iterator[bytes]:
        while True:
            yield b" "
            time.sleep(0.05)

    return Response(drops(), content_type="application/json")


@dataclass
class Grant:
    """What a code stands for."""

    asked: dict[str, str]
    claims: dict[str, Any]


@dataclass
class Provider:
    """The provider. `keys` are published, the first signs; `instead` answers a path in another way; `token` makes the ID token of
    a grant in another way."""

    issuer: str = ""
    keys: list[Key] = field(default_factory=lambda: [signing_key("first")])
    described: dict[str, Any] = field(default_factory=dict)
    instead: dict[str, Answer] = field(default_factory=dict)
    token: Callable[[dict[str, Any]], str] | None = None
    tokens: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    client_keys: dict[str, Any] | None = None
    grants: dict[str, Grant] = field(default_factory=dict)
    asked: list[tuple[str, Request]] = field(default_factory=list)

    def reset(self) -> None:
        """Be genuine again, and remember nothing."""
        self.__dict__.update(Provider(self.issuer).__dict__)

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(each == path for each, _ in self.asked)

    def grant(self, url: str, **claims: Any) -> dict[str, str]:
        """Somebody signs in at the authorization URL; returns the parameters of the answer. `claims` change the token's."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_urlsafe(8)
        self.grants[code] = Grant(asked, claims)
        return {"state": asked["state"], "code": code}

    def sign(self, claims: dict[str, Any]) -> str:
        """A token by the key in use."""
        return sign(claims, self.keys[0], typ="JWT")

    def __call__(self, environ: Any, start: Any) -> Any:
        request = Request(environ)
        request.get_data(parse_form_data=True)
        self.asked.append((request.path, request))
        return self._answer(request)(environ, start)

    def _answer(self, request: Request) -> Response:
        if request.path in self.instead:
            return self.instead[request.path](request)
        answers: dict[str, Answer] = {
            "/.well-known/openid-configuration": answered(discovery(self.issuer, **self.described)),
            "/keys": answered(jwks(*self.keys)),
            "/token": self._token,
            "/userinfo": self._userinfo,
        }
        return answers.get(request.path, answered({}, 404))(request)

    def _token(self, request: Request) -> Response:
        error = self._refused(request)
        if error:
            said = {"error": error, "error_description": "<b>no</b>"}
            return answered(said, 401 if error == "invalid_client" else 400)(request)
        grant = self.grants.pop(request.form["code"])
        told = {"nonce": grant.asked["nonce"], "now": datetime.now(UTC), "email": "ada@acme.example", **grant.claims}
        claims = id_claims(self.issuer, CLIENT, **told)
        token = (self.token or self.sign)(claims)
        body = {"access_token": "access-1", "token_type": "Bearer", "expires_in": 60, "id_token": token}
        return answered(changed(body, self.tokens))(request)

    def _refused(self, request: Request) -> str:
        grant = self.grants.get(request.form.get("code", ""))
        if not self._knows(request):
            return "invalid_client"
        if grant is None or request.form.get("redirect_uri") != grant.asked["redirect_uri"]:
            return "invalid_grant"
        digest = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        proved = grant.asked["code_challenge_method"] == "S256" and grant.asked["code_challenge"] == challenge
        return "" if proved else "invalid_grant"

    def _knows(self, request: Request) -> bool:
        """RFC 6749 section 2.3.1, or RFC 7523 section 3 with the keys we were given."""
        if self.client_keys is not None:
            keys: Any = KeySet.import_key_set(self.client_keys)  # type: ignore[arg-type]
            told = jwt.decode(request.form["client_assertion"], keys).claims
            fresh = 0 < told["exp"] - time.time() <= 600
            return bool(told["iss"] == told["sub"] == CLIENT and told["aud"] == f"{self.issuer}/token" and told["jti"] and fresh)
        basic = request.authorization
        if basic is not None and basic.type == "basic":
            return (unquote_plus(basic.username or ""), unquote_plus(basic.password or "")) == (CLIENT, SECRET)
        return (request.form.get("client_id"), request.form.get("client_secret")) == (CLIENT, SECRET)

    def _userinfo(self, request: Request) -> Response:
        if request.headers.get("Authorization") != "Bearer access-1":
            return Response(status=401)
        return answered({"sub": "subject-ada", **self.profile})(request)


class _Silent(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Tests print nothing."""


@contextmanager
def serving() -> Iterator[Provider]:
    """A provider that answers on a port of its own."""
    provider = Provider()
    server = make_server("127.0.0.1", 0, provider, threaded=True, request_handler=_Silent)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
