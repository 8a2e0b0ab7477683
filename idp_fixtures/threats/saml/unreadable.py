"""What arrives is no message at all: no base64, no XML, another document, nothing. Who cannot refuse it breaks down.

Known from: constructors of SAML libraries that raise outside of their own checks, and so answer 500.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.logout import logout_response
from idp_fixtures.saml.message import make
from idp_fixtures.saml.names import encoded
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage

READ = ("saml_not_base64", "saml_not_xml", "saml_structure", "saml_markup", "saml_missing")


def attack(stage: Stage) -> Iterator[Attempt]:
    """Fields and documents that are not what they should be."""
    begun = stage.begin()
    whole = make(stage.answer(begun))
    messages: dict[str, str] = {
        "no base64": "<samlp:Response/>",
        "broken base64": encoded(whole)[:-3],
        "letters beyond ASCII": "ÄÖÜ" * 40,
        "an empty document": encoded(b" "),
        "no XML": encoded(b"\x00\x01\x02"),
        "half a message": encoded(whole[: len(whole) // 2]),
        "two documents": encoded(whole + whole),
        "a NUL": encoded(whole.replace(b"</saml:Issuer>", b"\x00</saml:Issuer>", 1)),
        "HTML": encoded(b"<html><body>Sign in</body></html>"),
        "metadata": encoded(b'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"/>'),
        "a logout": encoded(logout_response(stage.vendor.issuer, stage.acs_url, begun.asked.request_id or "")),
        "SAML 1.1": encoded(whole.replace(b"SAML:2.0:protocol", b"SAML:1.0:protocol")),
    }
    for form, message in messages.items():
        yield Attempt(form, stage.send(begun, message), READ)
    reply = begun.browser.post(stage.acs_url, {"RelayState": begun.relay_state})
    yield Attempt("no field", reply, READ)
