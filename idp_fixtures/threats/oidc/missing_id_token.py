"""The token endpoint answers without an ID token, or with another kind of token in its place.

Known from: clients that fall back on the userinfo endpoint (Authlib answers without an error); RFC 9068 access tokens as JWT.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from idp_fixtures.oidc import tokens
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage, changed

MALFORMED = ("oidc_token_malformed", "oidc_algorithm", "oidc_id_token_missing")


def attack(stage: Stage) -> Iterator[Attempt]:
    """Absent, empty, no JWT, an access token, a logout token, and one that is too large."""
    for value in (tokens.ABSENT, "", None, 7, ["x"], {}):
        shown = "absent" if value is tokens.ABSENT else repr(value)
        yield stage.attempt(shown, "oidc_id_token_missing", token=changed(id_token=value))
    for value in ("opaque", "a.b", "a.b.c", "a.b.c.d.e", "..", "ä.b.c", "e30.e30.e30"):
        yield stage.attempt(value, *MALFORMED, token=changed(id_token=value))
    key = stage.idp.token_key
    for kind in ("at+jwt", "application/at+jwt", "logout+jwt", "LOGOUT+JWT"):
        yield stage.token(kind, partial(tokens.sign, key=key, typ=kind), "oidc_token_type")
    yield stage.token("claims that are a list", lambda claims: tokens.sign("[]", key), "oidc_token_malformed")
    yield stage.claims("too large", "oidc_token_malformed", "fetch_too_large", padding="x" * 400_000)
