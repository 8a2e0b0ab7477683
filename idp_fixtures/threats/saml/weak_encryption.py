"""The assertion is encrypted in a way that tells its content, or that stands in for a signature.

Known from: Bleichenbacher against RSA 1.5 in XML encryption (2012), the CBC padding oracle (Jager, Somorovsky 2011), and that
anybody can encrypt with a public key.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from idp_fixtures.saml.encryption import Encryption, encrypt, encrypted_data
from idp_fixtures.saml.message import make
from idp_fixtures.saml.names import SAML, find, parse, serialize
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage

BOTH = ("assertion", "response")


def attack(stage: Stage) -> Iterator[Attempt]:
    """Weak algorithms, an encrypted assertion nobody signed, CBC that nobody signed around, and other things inside."""
    certificate = stage.encryption_certificate
    for cipher, transport in (("aes256-gcm", "rsa-1_5"), ("tripledes-cbc", "rsa-oaep"), ("tripledes-cbc", "rsa-1_5")):
        weak = Encryption(certificate, cipher, transport)
        yield stage.attempt(f"{cipher}, {transport}", "saml_encryption", signs=BOTH, encryption=weak)
    strong, padded = Encryption(certificate), Encryption(certificate, "aes128-cbc")
    yield stage.attempt("signed by nobody", "saml_signature_missing", person=stage.victim, signs=(), encryption=strong)
    yield stage.attempt("CBC in an unsigned response", "saml_encryption", signs=("assertion",), encryption=padded)
    yield stage.attempt("for another key", "saml_decryption", signs=BOTH, encryption=Encryption(stage.foreign_key.certificate))
    yield _inside(stage, "not XML", b"\x00garbage", "saml_decryption", "saml_not_xml", "saml_encryption")
    yield _inside(
        stage, "a document type", b"<!DOCTYPE x><x/>", "saml_decryption", "saml_doctype", "saml_encryption", "saml_not_xml"
    )
    yield _inside(stage, "something else", b"<x/>", "saml_encryption", "saml_decryption")
    yield _beside(stage)


def _inside(stage: Stage, form: str, plain: bytes, *codes: str) -> Attempt:
    """A signed response whose encrypted part is not an assertion."""
    begun = stage.begin()
    tree = stage.built(begun)
    holder = etree.Element(f"{{{SAML}}}EncryptedAssertion")
    holder.append(encrypted_data(plain, Encryption(stage.encryption_certificate)))
    assertion = find(tree, "saml:Assertion")
    tree.replace(assertion, holder)
    tree = stage.signed(parse(serialize(tree)), begun, signs=("response",))
    return Attempt(f"inside: {form}", stage.send(begun, tree), codes)


def _beside(stage: Stage) -> Attempt:
    """The attacker's genuine signed assertion, and the victim's, encrypted, beside it."""
    begun = stage.begin()
    tree = parse(make(stage.answer(begun, signs=("assertion",))))
    evil = find(stage.built(begun, stage.victim), "saml:Assertion")
    tree.append(evil)
    encrypt(evil, Encryption(stage.encryption_certificate))
    return Attempt("beside a signed one", stage.send(begun, tree), ("saml_structure",))
