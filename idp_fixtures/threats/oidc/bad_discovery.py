"""The provider's metadata are broken, huge, elsewhere, or of another provider.

Known from: OpenID Connect Discovery 1.0 section 4.3 (the issuer must be the one that was asked); SSRF by redirect and endpoint.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.oidc.tokens import ABSENT
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage, Twist, bad_documents, changed

INVALID = "oidc_discovery_invalid"


def attack(stage: Stage) -> Iterator[Attempt]:
    """Each at a connection that knows nothing yet; the sign-in does not begin."""
    for form, (twist, codes) in bad_documents(stage.trap_url).items():
        yield _refused(stage, form, twist, *codes)
    url = stage.idp.url
    for form, issuer in {
        "another issuer": "https://idp.evil.example",
        "a slash more": url + "/",
        "the other scheme": url.replace("http:", "https:"),
        "a path more": url + "/tenant",
        "no issuer": ABSENT,
        "a list": [url],
    }.items():
        yield _refused(stage, form, changed(issuer=issuer), "oidc_issuer_differs", INVALID)
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        for value in (ABSENT, "", "file:///etc/passwd", "javascript:alert(1)", "//evil.example", 7, "https://", "http://a b/"):
            shown = "absent" if value is ABSENT else repr(value)
            yield _refused(stage, f"{name} {shown}", changed(**{name: value}), INVALID)
    yield _refused(stage, "only the implicit flow", changed(response_types_supported=["id_token"]), INVALID)


def _refused(stage: Stage, form: str, twist: Twist, *codes: str) -> Attempt:
    fresh = stage.anew()
    with fresh.twisted(discovery=twist):
        return Attempt(form, fresh.new_browser().get(fresh.login_url), codes)
