"""The token endpoint answers with anything but tokens, or sends elsewhere with the client's credentials.

Known from: redirects that take the client secret along; RFC 6749 section 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage, bad_documents, body


def attack(stage: Stage) -> Iterator[Attempt]:
    """Broken answers and refusals."""
    for form, (twist, codes) in bad_documents(stage.trap_url).items():
        yield stage.attempt(form, *codes, "oidc_id_token_missing", token=twist)
    for error, code in {
        "invalid_client": "oidc_client_refused",
        "invalid_grant": "oidc_code_refused",
        "<script>alert(1)</script>": "oidc_token_endpoint",
    }.items():
        attempt = stage.attempt(error, code, token=body({"error": error, "error_description": "<b>evil</b>"}, 400))
        if "evil" in attempt.reply.text or "<script>alert" in attempt.reply.text:
            raise AssertionError("The provider's text was shown.")
        yield attempt
