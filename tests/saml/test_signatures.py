"""Whose signature counts, over what, and by which algorithms; and what is encrypted for us."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from connector.errors import ConnectorError
from connector.saml import library, response
from connector.saml.facts import facts_of
from connector.saml.gate import open_message
from idp_fixtures.keys import key_pair
from idp_fixtures.saml.encryption import Encryption, encrypted_data
from idp_fixtures.saml.message import ASSERTION
from idp_fixtures.saml.names import encoded, find, parse, serialize
from idp_fixtures.saml.signing import Signer
from tests.saml.samples import ADA, NOW, accept, answer, certificate, minutes, pin, setting, sign_on

BOTH = ("assertion", "response")
RETRIEVAL = b'<RetrievalMethod xmlns="http://www.w3.org/2000/09/xmldsig#" URI="http://evil.example/"/>'
REFERENCE = b'<CipherReference xmlns="http://www.w3.org/2001/04/xmlenc#" URI="http://evil.example/"/>'
OPEN = b'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">'


def refusal(xml: bytes, *arguments: Any, **options: Any) -> str:
    """The code of the refusal of a message."""
    with pytest.raises(ConnectorError) as caught:
        accept(xml, *arguments, **options)
    return caught.value.code


@pytest.mark.parametrize(
    ("needed", "signs", "code"),
    [
        ("assertion", ("assertion",), None),
        ("assertion", BOTH, None),
        ("assertion", ("response",), "saml_signature_missing"),
        ("assertion", (), "saml_signature_missing"),
        ("response", ("response",), None),
        ("response", BOTH, None),
        ("response", ("assertion",), "saml_signature_missing"),
        ("response", (), "saml_signature_missing"),
    ],
)
def test_what_must_be_signed_is_and_the_other_part_may_be(needed: str, signs: tuple[str, ...], code: str | None) -> None:
    """As the connection says."""
    xml, connection = answer(signs=signs), sign_on(signed=needed)
    if code is None:
        assert accept(xml, connection).subject.value == ADA.email
    else:
        assert refusal(xml, connection) == code


@pytest.mark.parametrize("signs", [("assertion",), ("response",), BOTH])
def test_a_signed_message_that_was_changed_is_refused(signs: tuple[str, ...]) -> None:
    """One letter of the NameID."""

    def change(tree: Any) -> None:
        find(tree, ASSERTION + "/saml:Subject/saml:NameID").text = "eve@acme.example"

    needed = signs[0]
    assert refusal(answer(signs=signs, after=change), sign_on(signed=needed)) == "saml_signature_invalid"


def test_every_signature_there_is_must_fit() -> None:
    """A genuine one beside a forged one does not help, whichever is asked for."""

    def forge(tree: Any) -> None:
        find(tree, "/samlp:Response/ds:Signature/ds:SignatureValue").text = "AAAA"

    assert refusal(answer(signs=BOTH, after=forge), sign_on(signed="assertion")) == "saml_signature_invalid"


def test_a_certificate_that_is_not_pinned_is_told_by_its_fingerprint() -> None:
    """An admin compares it with what the identity provider shows; without one in the message there is nothing to tell."""
    stranger = Signer(key=key_pair("stranger"))
    with pytest.raises(ConnectorError) as caught:
        accept(answer(signer=stranger))
    assert caught.value.code == "saml_unknown_key"
    assert key_pair("stranger").fingerprint in caught.value.detail
    assert refusal(answer(signer=Signer(key=key_pair("stranger"), key_info=False))) == "saml_signature_invalid"


def test_a_stranger_who_shows_our_certificate_is_refused() -> None:
    """The certificate in a message is never what it is verified with."""

    def borrow(tree: Any) -> None:
        find(tree, ASSERTION + "//ds:X509Certificate").text = key_pair("okta").certificate_body

    xml = answer(signs=("assertion",), signer=Signer(key=key_pair("stranger")), after=borrow)
    assert refusal(xml) == "saml_signature_invalid"


def test_several_certificates_are_taken_while_keys_change() -> None:
    """Old and new, until the old one leaves."""
    old, new = Signer(key=key_pair("okta")), Signer(key=key_pair("okta-next"))
    both = sign_on(certificates=(certificate("okta-next"), certificate("okta", leaves_at=NOW + minutes(1))))
    for signer in (old, new):
        assert accept(answer(signer=signer), both).subject.value == ADA.email
    assert refusal(answer(signer=old), both, now=NOW + minutes(2)) == "saml_signature_invalid"
    accept(answer(signer=new), both, now=NOW + minutes(2))


def test_a_pinned_certificate_past_its_end_works() -> None:
    """Trust is by key, not by date."""
    key = key_pair("ended", not_before=NOW - minutes(9), not_after=NOW - minutes(1))
    accept(answer(signer=Signer(key=key)), sign_on(certificates=(pin(key),)))


def test_without_a_certificate_nothing_is_accepted() -> None:
    """Nothing to verify with is not nothing to verify."""
    assert refusal(answer(), sign_on(certificates=())) in ("saml_unknown_key", "saml_signature_invalid")


@pytest.mark.parametrize(
    ("signer", "code"),
    [
        (Signer(key=key_pair("okta"), algorithm="rsa-sha512", digest="sha512"), None),
        (Signer(key=key_pair("okta"), algorithm="rsa-sha1"), "saml_algorithm"),
        (Signer(key=key_pair("okta"), digest="sha1"), "saml_algorithm"),
        (Signer(key=key_pair("okta"), algorithm="hmac-sha256", secret=b"x" * 32, key_info=False), "saml_algorithm"),
        (Signer(key=key_pair("okta"), canonical="c14n"), "saml_signature_form"),
        (Signer(key=key_pair("okta"), canonical="exc-c14n-with-comments"), "saml_signature_form"),
    ],
)
def test_strong_algorithms_and_the_usual_form_are_taken(signer: Signer, code: str | None) -> None:
    """Genuine signatures by the right key, weak or strange; and HMAC with what is public."""
    if code is None:
        accept(answer(signer=signer))
    else:
        assert refusal(answer(signer=signer)) == code


def test_an_elliptic_curve_signs_as_well() -> None:
    """ECDSA with SHA-256."""
    signer = Signer(key=key_pair("curve", kind="ec"), algorithm="ecdsa-sha256")
    accept(answer(signer=signer), sign_on(certificates=(pin(signer.key),)))


def test_sha_1_passes_until_its_exception_ends_and_is_noted(caplog: pytest.LogCaptureFixture) -> None:
    """A time-limited exception; then it is refused again."""
    xml = answer(signer=Signer(key=key_pair("okta"), algorithm="rsa-sha1", digest="sha1"))
    connection = sign_on(sha1_until=NOW + minutes(1))
    with caplog.at_level(logging.WARNING, logger="connector.saml"):
        accept(xml, connection)
    assert "SHA-1" in caplog.text
    assert refusal(xml, connection, now=NOW + minutes(1)) == "saml_algorithm"


# -------------------------------------------------------------------------------------------------------------- encryption


def encrypted(cipher: str = "aes256-gcm", transport: str = "rsa-oaep", to: str = "sp-new") -> Encryption:
    """How an assertion is encrypted, and for which of our keys."""
    return Encryption(key_pair(to).certificate, cipher, transport)


@pytest.mark.parametrize(
    ("how", "signs", "code"),
    [
        (encrypted(), ("assertion",), None),
        (encrypted(), BOTH, None),
        (encrypted("aes128-gcm", to="sp-old"), ("assertion",), None),
        (encrypted("aes256-cbc"), BOTH, None),
        (encrypted("aes256-cbc"), ("assertion",), "saml_encryption"),
        (encrypted("tripledes-cbc"), BOTH, "saml_encryption"),
        (encrypted(transport="rsa-1_5"), BOTH, "saml_encryption"),
        (encrypted(to="stranger"), BOTH, "saml_decryption"),
        (encrypted(), (), "saml_signature_missing"),
        (encrypted(), ("response",), "saml_signature_missing"),
    ],
)
def test_an_encrypted_assertion_is_read_with_any_of_our_keys(how: Encryption, signs: tuple[str, ...], code: str | None) -> None:
    """AES-GCM, or AES-CBC in a signed Response; RSA-OAEP. What is inside is signed like any other."""
    xml = answer(signs=signs, encryption=how)
    if code is None:
        assert accept(xml).subject.value == ADA.email
    else:
        assert refusal(xml) == code


def test_the_trace_names_the_algorithms_of_an_encrypted_assertion() -> None:
    """Whoever reads that one is not taken has to find it at the identity provider."""
    xml = answer(signs=BOTH, encryption=encrypted("tripledes-cbc", "rsa-1_5"))
    told = facts_of(encoded(xml), sign_on())["encryption"]
    assert [each.rpartition("#")[2] for each in told] == ["tripledes-cbc", "rsa-1_5"]
    assert "encryption" not in facts_of(encoded(answer()), sign_on())


def test_sha_1_inside_an_encrypted_assertion_is_sha_1() -> None:
    """It is seen only after decryption."""
    inner = answer(signs=("assertion",), signer=Signer(key=key_pair("okta"), algorithm="rsa-sha1"), encryption=encrypted())
    assert refusal(inner) == "saml_algorithm"
    accept(inner, sign_on(sha1_until=NOW + minutes(1)))


def test_a_signed_response_covers_what_is_encrypted_in_it() -> None:
    """Where the Response is what must be signed."""
    assert accept(answer(signs=("response",), encryption=encrypted()), sign_on(signed="response")).subject.value == ADA.email


def test_an_encrypted_assertion_that_was_changed_is_refused() -> None:
    """By its own protection (GCM), with the same words as for a key that is not ours."""

    def change(tree: Any) -> None:
        value = find(tree, "//xenc:EncryptedData/xenc:CipherData/xenc:CipherValue")
        value.text = ("B" if value.text.strip()[0] != "B" else "C") + value.text.strip()[1:]

    assert refusal(answer(signs=("assertion",), encryption=encrypted(), after=change)) == "saml_decryption"


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        (b"<x/>", "saml_encryption"),
        (b"no xml", "saml_decryption"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', None),
        (OPEN + b"<!-- x --></saml:Assertion>", "saml_markup"),
        (OPEN + b"<saml:Assertion/></saml:Assertion>", "saml_structure"),
    ],
)
def test_what_was_encrypted_goes_through_the_gate_as_well(inside: bytes, code: str | None) -> None:
    """Whoever has our public key can encrypt anything."""

    def replace(tree: Any) -> None:
        holder = find(tree, "//saml:EncryptedAssertion")
        holder.replace(holder[0], encrypted_data(inside, encrypted()))

    found = refusal(answer(signs=("assertion",), encryption=encrypted(), after=replace))
    assert found.startswith("saml_") if code is None else found == code


def test_a_key_that_comes_once_for_each_of_our_certificates_is_found() -> None:
    """The one for us may be the second."""

    def add(tree: Any) -> None:
        info = find(tree, "//xenc:EncryptedData/ds:KeyInfo")
        for other in ("stranger", "sp-gone"):
            foreign = encrypted_data(b"<x/>", encrypted(to=other))
            info.insert(0, find(parse(serialize(foreign)), "//xenc:EncryptedKey"))

    assert accept(answer(signs=("assertion",), encryption=encrypted(), after=add)).subject.value == ADA.email


def test_a_key_that_stands_beside_the_data_is_found() -> None:
    """As OpenSAML may place it: EncryptedKey after EncryptedData, with or without a reference to it."""

    def move(tree: Any) -> None:
        key = find(tree, "//xenc:EncryptedKey")
        info = key.getparent()
        find(tree, "//saml:EncryptedAssertion").append(key)
        info.getparent().remove(info)

    assert accept(answer(signs=("assertion",), encryption=encrypted(), after=move)).subject.value == ADA.email


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("//xenc:EncryptedData", "Type", "http://www.w3.org/2001/04/xmlenc#Content"),
        ("//xenc:EncryptedData", "Type", None),
        ("//xenc:EncryptedKey/xenc:EncryptionMethod", "Algorithm", "http://www.w3.org/2001/04/xmlenc#rsa-1_5"),
        ("//xenc:EncryptedData/xenc:EncryptionMethod", "Algorithm", "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"),
    ],
)
def test_another_form_of_encryption_is_refused_before_any_key_is_used(path: str, name: str, value: str | None) -> None:
    """Also with a key that would fit."""
    xml = answer(signs=("assertion",), encryption=encrypted(), after=setting(path, name, value))
    assert refusal(xml) == "saml_encryption"


@pytest.mark.parametrize("element", [RETRIEVAL, REFERENCE])
def test_nothing_encrypted_is_fetched_from_elsewhere(element: bytes) -> None:
    """RetrievalMethod and CipherReference with an address."""

    def add(tree: Any) -> None:
        find(tree, "//xenc:EncryptedData/ds:KeyInfo").append(parse(element))

    assert refusal(answer(signs=("assertion",), encryption=encrypted(), after=add)) == "saml_encryption"


def test_without_a_key_of_ours_nothing_is_decrypted() -> None:
    """Before the first key was made."""
    assert refusal(answer(encryption=encrypted()), keys=()) == "saml_decryption"


def test_whether_a_key_is_needed_is_seen_from_outside() -> None:
    """So that the keys are read for those messages only."""
    assert response.is_encrypted(encoded(answer(encryption=encrypted())))
    assert not response.is_encrypted(encoded(answer()))
    assert not response.is_encrypted("no base64!")


# ------------------------------------------------------------------------------------------------------------- the library


def test_the_library_is_asked_as_well() -> None:
    """What our gate was told to overlook, the library's own look refuses: another reference, SHA-1."""
    message = open_message(answer())
    library.look_again(message, message, sha1=False)
    find(message.root, ASSERTION + "/ds:Signature//ds:Reference").set("URI", "#_other")
    weak = open_message(answer(signer=Signer(key=key_pair("okta"), algorithm="rsa-sha1")))
    for refused in (message, weak):
        with pytest.raises(ConnectorError):
            library.look_again(refused, refused, sha1=False)
    library.look_again(weak, weak, sha1=True)
