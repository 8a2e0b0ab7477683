"""The message is signed, rightly, by a key of the attacker's, whose certificate comes along in the signature.

Known from: libraries that take the key from KeyInfo, or compare only a fingerprint the message itself delivers.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.keys import key_pair
from idp_fixtures.saml.names import Element, find
from idp_fixtures.saml.signing import Signer
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """With its own certificate, with none, with the real one, on a curve, and under a look-alike name."""
    evil = Signer(key=stage.foreign_key)
    victim = stage.victim
    yield stage.attempt("its own certificate", "saml_unknown_key", person=victim, signer=evil)
    yield stage.attempt("no certificate", "saml_signature_invalid", person=victim, signer=Signer(key=evil.key, key_info=False))
    curve = Signer(key=key_pair("attacker", "ec"), algorithm="ecdsa-sha256")
    yield stage.attempt("on a curve", "saml_unknown_key", person=victim, signer=curve)
    namesake = Signer(key=key_pair(stage.vendor.name, "rsa", 3072))
    yield stage.attempt("a certificate of the same name", "saml_unknown_key", person=victim, signer=namesake)
    real = stage.vendor.signer.key.certificate_body
    yield stage.tampered(
        "the real certificate", lambda tree: _pretend(tree, real), "saml_signature_invalid", person=victim, signer=evil
    )


def _pretend(tree: Element, certificate: str) -> None:
    for found in tree.xpath("//ds:X509Certificate", namespaces={"ds": "http://www.w3.org/2000/09/xmldsig#"}):
        found.text = certificate
    find(tree, "//ds:X509Certificate")
