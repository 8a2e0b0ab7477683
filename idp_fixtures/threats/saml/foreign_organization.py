"""Another organization's identity provider answers at our address: a customer of the same service who wants into another's.

Known from: multi-tenant service providers that find the connection by the Issuer in the message (CVE-2024-6800's relatives).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Begun, Stage

CODES = (
    "saml_issuer",
    "saml_unknown_key",
    "saml_signature_invalid",
    "request_unknown",
    "saml_in_response_to",
    "saml_destination",
)


def attack(stage: Stage) -> Iterator[Attempt]:
    """With its own issuer, with ours, at our address with its own sign-in, and an answer made for its own address."""
    foreign = stage.others["foreign"]
    key = foreign.vendor.signer
    yield stage.attempt("its own issuer", *CODES, person=stage.victim, issuer=foreign.vendor.issuer, signer=key)
    yield stage.attempt("our issuer, its key", *CODES, person=stage.victim, signer=key)
    theirs = foreign.begin()
    crossed = Begun(theirs.browser, replace(theirs.asked, acs_url=stage.acs_url, entity_id=stage.entity_id), theirs.relay_state)
    signed = make(stage.answer(crossed, stage.victim, issuer=foreign.vendor.issuer, signer=key))
    yield Attempt("its own sign-in, at our address", stage.send(crossed, signed), ("other_browser", "request_unknown"))
    ours = stage.begin()
    meant = make(foreign.answer(foreign.begin(), stage.victim))
    yield Attempt("an answer for its own address", stage.send(ours, meant), CODES)
