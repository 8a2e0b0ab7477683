"""CHECKS: what can be told of a provider before anybody signs in: `connector connection test`."""

from __future__ import annotations

from collections.abc import Callable

from connector.directory.sign_on_model import OidcSide, SignOn
from connector.errors import ConnectorError
from connector.oidc import entra
from connector.oidc.discovery import address_of, read_metadata
from connector.oidc.kept import fetch
from connector.oidc.keys import KINDS, read_keys
from connector.oidc.provider import of_connection
from connector.oidc.wire import Object, read_object
from connector.outbound.fetch import Fetcher

Check = tuple[str, bool, str]
"""Name, whether all is well, and a sentence."""


def static_checks(sign_on: SignOn, fetcher: Fetcher) -> tuple[Check, ...]:
    """Ask the provider now, whatever is kept, and compare what it says with how the connection is set up.

    Raises NotFound `not_oidc`.
    """
    side = of_connection(sign_on).side
    document = ""

    def discovery() -> str:
        nonlocal document
        entra.check_issuer(side.issuer)
        text = fetch(fetcher, address_of(side.issuer))
        read_metadata(text, side.issuer, fetcher.private_allowed)
        document = text
        return f"The provider's metadata name the issuer {side.issuer}."

    def keys() -> str:
        metadata = read_metadata(document, side.issuer, fetcher.private_allowed)
        found = read_keys(fetch(fetcher, metadata.jwks_uri))
        return f"The provider publishes {len(found)} {'key' if len(found) == 1 else 'keys'} that can verify signatures."

    checks = [_checked("discovery", discovery)]
    if not document:
        return tuple(checks)
    said = read_object(document) or {}
    return (*checks, _checked("keys", keys), _algorithm(side, said), _authentication(side, said), _challenge(said))


def _checked(name: str, check: Callable[[], str]) -> Check:
    try:
        return name, True, check()
    except ConnectorError as error:
        expected = f" Expected: {error.expected}." if error.expected else ""
        return name, False, f"{error.detail}{expected} {error.advice}".strip()


def _algorithm(side: OidcSide, said: Object) -> Check:
    offered, mine = said.get("id_token_signing_alg_values_supported"), ", ".join(side.algorithms)
    good = not isinstance(offered, list) or any(name in offered for name in side.algorithms)
    if not any(name in KINDS for name in side.algorithms):
        return "algorithm", False, f"This connection allows {mine or 'no algorithm'}, which connector does not verify."
    if not good:
        return "algorithm", False, f"The provider does not sign with {mine}: set the app's algorithm, or allow another one here."
    return "algorithm", True, f"ID tokens are to be signed with {mine}."


def _authentication(side: OidcSide, said: Object) -> Check:
    offered = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if side.client_auth != "private_key_jwt" and not side.client_secret:
        return "client", False, "There is no client secret: give one with --client-secret-file."
    if isinstance(offered, list) and side.client_auth not in offered:
        return "client", False, f"The provider does not offer {side.client_auth}: choose another way with --client-auth."
    return "client", True, f"connector proves who it is by {side.client_auth}; whether it is believed shows a test sign-in."


def _challenge(said: Object) -> Check:
    offered = said.get("code_challenge_methods_supported")
    if isinstance(offered, list) and "S256" not in offered:
        return "pkce", False, "The provider says that it does not know the code challenge S256, which connector always sends."
    return "pkce", True, "Codes are bound to the browser that asked for them (PKCE, S256)."
