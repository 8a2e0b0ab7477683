"""The gate: what is refused before the signature library sees a message, and that what vendors send passes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from connector.errors import ConnectorError, TooLarge
from connector.saml import gate
from idp_fixtures.saml.message import ASSERTION
from idp_fixtures.saml.names import encoded, find, parse, serialize
from idp_fixtures.saml.vendors import VENDORS
from tests.saml.samples import answer, doubling, removing, setting

SIGNATURE = ASSERTION + "/ds:Signature"
INFO = SIGNATURE + "/ds:SignedInfo"
REFERENCE = INFO + "/ds:Reference"
OBJECT = b'<Object xmlns="http://www.w3.org/2000/09/xmldsig#"/>'
TRANSFORM = REFERENCE + "/ds:Transforms/ds:Transform"


def refusal(xml: bytes) -> str:
    """The code a message is refused with."""
    with pytest.raises(ConnectorError) as caught:
        gate.open_message(xml)
    return caught.value.code


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_identity_providers_send_passes(vendor: str) -> None:
    """Each template, signed as its guide says; the gate sees which parts are signed."""
    message = gate.open_message(answer(vendor))
    assert message.assertion is not None
    assert (message.assertion_signed, message.root_signed) == (True, "response" in VENDORS[vendor].signs)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "saml_not_xml"),
        ("PHg+", "saml_not_xml"),
        ("no base64!", "saml_not_base64"),
        ("PHgvPg=", "saml_not_base64"),
        ("PHgvPg==\xe9", "saml_not_base64"),
        ("A" * (gate.ENCODED + 1), "saml_too_large"),
        (encoded(b"<x>" + b" " * gate.LIMIT + b"</x>"), "saml_too_large"),
    ],
)
def test_a_field_that_is_no_message_is_refused(text: str, code: str) -> None:
    """Size, base64, then XML."""
    with pytest.raises(ConnectorError) as caught:
        gate.parse(gate.from_base64(text))
    assert caught.value.code == code


def test_base64_may_be_wrapped_into_lines() -> None:
    """RFC 2045 lets it, and some identity providers do."""
    text = encoded(answer())
    assert gate.from_base64("\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))) == answer_bytes(text)


def answer_bytes(text: str) -> bytes:
    """What one line of base64 holds."""
    return gate.from_base64(text)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda xml: b"<!DOCTYPE x>" + xml, "saml_doctype"),
        (lambda xml: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml, "saml_doctype"),
        (lambda xml: xml.replace(b"ada@acme.example</", b"ada@acme.example<!-- x -->.evil</"), "saml_markup"),
        (lambda xml: xml.replace(b"ada@acme.example</", b"ada@acme.example<?x?>.evil</"), "saml_markup"),
        (lambda xml: xml.replace(b"ada@acme.example</", b"<![CDATA[ada@acme.example]]></"), "saml_markup"),
        (lambda xml: xml + b"<!-- after -->", "saml_markup"),
        (lambda xml: b"<?xml version='1.0'?><?xml-stylesheet href='x'?>" + xml, "saml_markup"),
        (lambda xml: xml.decode().encode("utf-16"), "saml_not_xml"),
        (lambda xml: b'<?xml version="1.0" encoding="utf-7"?>' + xml, "saml_not_xml"),
        (lambda xml: b'<?xml version="1.0" encoding="iso-8859-1"?>' + xml, "saml_not_xml"),
        (lambda xml: xml.replace(b"Ada<", b"\xff<"), "saml_not_xml"),
        (lambda xml: xml.replace(b"Ada<", b"&x;<"), "saml_not_xml"),
        (lambda xml: xml.replace(b"Ada<", b"&#0;<"), "saml_not_xml"),
        (lambda xml: xml.replace(b"Ada<", b"\0<"), "saml_not_xml"),
        (lambda xml: xml[:-1], "saml_not_xml"),
    ],
)
def test_only_elements_attributes_and_text_in_utf_8_pass(change: Callable[[bytes], bytes], code: str) -> None:
    """Whatever could be read in two ways by two parsers."""
    assert refusal(change(answer())) == code


def test_a_declaration_and_a_byte_order_mark_pass() -> None:
    """Some identity providers write them."""
    gate.open_message(b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n' + answer())


def _wrapped(tree: Any) -> None:
    """Signature wrapping: the signed assertion moves into a forged one's ds:Object, as the first of the eight classic forms."""
    assertion = find(tree, ASSERTION)
    forged = parse(serialize(assertion))
    forged.set("ID", "_forged")
    forged.find("{http://www.w3.org/2000/09/xmldsig#}Signature").append(parse(serialize(assertion)))
    tree.replace(assertion, forged)


def _hidden(tree: Any) -> None:
    """The one assertion there is moves into an element that nobody reads."""
    holder = parse(b"<x/>")
    tree.append(holder)
    holder.append(find(tree, ASSERTION))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (doubling(ASSERTION), "saml_structure"),
        (removing(ASSERTION), "saml_structure"),
        (_wrapped, "saml_structure"),
        (_hidden, "saml_structure"),
        (lambda tree: find(tree, TRANSFORM).append(parse(b"<x/>")), "saml_signature_form"),
        (setting(ASSERTION + "/saml:Subject", "ID", "_r"), None),
        (setting(ASSERTION + "/saml:Conditions", "{http://www.w3.org/XML/1998/namespace}id", "_x"), "saml_structure"),
        (setting(ASSERTION + "/saml:Conditions", "{urn:x}ID", "_x"), "saml_structure"),
        (setting(ASSERTION + "/saml:Conditions", "Id", ""), "saml_structure"),
        (lambda tree: find(tree, ASSERTION).set("ID", tree.get("ID")), "saml_structure"),
        (doubling(SIGNATURE), "saml_signature_form"),
        (lambda tree: find(tree, ASSERTION + "/saml:Subject").append(find(tree, SIGNATURE)), "saml_signature_form"),
        (doubling(REFERENCE), "saml_signature_form"),
        (removing(REFERENCE), "saml_signature_form"),
        (setting(REFERENCE, "URI", ""), "saml_signature_form"),
        (setting(REFERENCE, "URI", None), "saml_signature_form"),
        (setting(REFERENCE, "URI", "#_other"), "saml_signature_form"),
        (setting(REFERENCE, "URI", "https://evil.example/"), "saml_signature_form"),
        (doubling(TRANSFORM), "saml_signature_form"),
        (removing(TRANSFORM), "saml_signature_form"),
        (setting(TRANSFORM, "Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116"), "saml_signature_form"),
        (setting(TRANSFORM, "Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116"), "saml_signature_form"),
        (setting(INFO + "/ds:CanonicalizationMethod", "Algorithm", "urn:x"), "saml_signature_form"),
        (
            setting(INFO + "/ds:CanonicalizationMethod", "Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"),
            "saml_signature_form",
        ),
        (
            setting(INFO + "/ds:SignatureMethod", "Algorithm", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
            "saml_algorithm",
        ),
        (setting(INFO + "/ds:SignatureMethod", "Algorithm", None), "saml_algorithm"),
        (setting(REFERENCE + "/ds:DigestMethod", "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#md5"), "saml_algorithm"),
        (doubling(INFO), "saml_signature_form"),
        (doubling(SIGNATURE + "/ds:KeyInfo"), "saml_signature_form"),
        (removing(SIGNATURE + "/ds:SignatureValue"), "saml_signature_form"),
        (lambda tree: find(tree, REFERENCE + "/ds:DigestValue").append(parse(b"<x/>")), "saml_signature_form"),
        (
            lambda tree: find(tree, SIGNATURE).append(parse(b'<Object xmlns="http://www.w3.org/2000/09/xmldsig#"/>')),
            "saml_signature_form",
        ),
    ],
)
def test_one_assertion_and_signatures_of_the_usual_form_pass(change: Callable[[Any], object], code: str | None) -> None:
    """Wrapped, doubled, misplaced and programmable signatures; one harmless change shows that the others are what is refused."""
    xml = answer(after=change)
    if code is None:
        gate.open_message(xml)
    else:
        assert refusal(xml) == code


def test_another_message_is_not_a_response() -> None:
    """What is signed as a logout cannot be used as a sign-in."""
    other = answer().replace(b"samlp:Response", b"samlp:ArtifactResponse")
    assert refusal(other) == "saml_structure"


@pytest.mark.parametrize(
    "filling",
    [
        b"<x/>" * gate.ELEMENTS,
        b"<x>" * 40 + b"</x>" * 40,
        b"<x>" * 400 + b"</x>" * 400,
        b"<x" + b"".join(b' a%d=""' % number for number in range(60_000)) + b"/>",
    ],
    ids=["wide", "deep", "deeper", "attributes"],
)
def test_a_message_of_great_size_or_depth_is_refused_at_once(filling: bytes) -> None:
    """Within the limit of bytes."""
    xml = answer().replace(b"</saml:Assertion>", filling + b"</saml:Assertion>")
    began = time.thread_time()  # its own work, whatever else the machine does
    assert refusal(xml) in ("saml_structure", "saml_not_xml")
    assert time.thread_time() - began < 1


def test_a_message_over_the_limit_is_too_large() -> None:
    """413, not 400."""
    with pytest.raises(TooLarge):
        gate.parse(b"<x>" + b" " * gate.LIMIT + b"</x>")


def test_an_answer_that_failed_needs_no_assertion() -> None:
    """The status is for the checks."""
    xml = answer(status=("urn:oasis:names:tc:SAML:2.0:status:Responder",), signs=("response",))
    assert gate.open_message(xml).assertion is None
