"""Laws: whatever is done to a message, it is refused with a code, or says what it said before; never an error of another kind."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.errors import ConnectorError
from connector.membership.identity import VerifiedIdentity
from connector.saml.facts import facts_of
from connector.saml.response import is_encrypted, verify
from idp_fixtures.keys import key_pair
from idp_fixtures.saml.encryption import Encryption
from idp_fixtures.saml.names import DS, SAML, XENC, encoded, parse, serialize
from tests.saml.samples import NOW, accept, answer, sign_on

GENUINE = (
    answer(),
    answer(signs=("assertion",)),
    answer(encryption=Encryption(key_pair("sp-new").certificate)),
    answer(signs=("assertion",), encryption=Encryption(key_pair("sp-old").certificate)),
)
WORDS = ("", "x", "_x", "#_x", "eve@acme.example", "urn:oasis:names:tc:SAML:2.0:cm:bearer", "2026-03-02T09:30:00Z", "9999-99-99")
NAMES = ("ID", "Id", "URI", "Algorithm", "Type", "Format", "NotOnOrAfter", "Method", "{urn:x}ID")
TAGS = (f"{{{SAML}}}Assertion", f"{{{SAML}}}NameID", f"{{{DS}}}Signature", f"{{{DS}}}KeyInfo", f"{{{XENC}}}EncryptedKey", "x")

place = st.integers(0, 10_000)
step = st.tuples(st.sampled_from(("drop", "double", "move", "text", "tag", "attribute", "copy")), place, place)


def changed(xml: bytes, steps: list[tuple[str, int, int]]) -> bytes:
    """The message after these steps."""
    tree = parse(xml)
    change(tree, steps)
    return serialize(tree)


def change(tree: Any, steps: list[tuple[str, int, int]]) -> None:
    """Take these steps, each at some element, with some other element, name or word."""
    for what, one, two in steps:
        elements = list(tree.iter())
        _step(what, elements[one % len(elements)], elements[two % len(elements)], two)


def _step(what: str, element: Any, other: Any, number: int) -> None:
    apart = element not in other.iterancestors() and other not in element.iterancestors() and element is not other
    if what == "text":
        element.text = WORDS[number % len(WORDS)]
    elif what == "tag":
        element.tag = TAGS[number % len(TAGS)]
    elif what == "attribute":
        element.set(NAMES[number % len(NAMES)], WORDS[number // len(NAMES) % len(WORDS)])
    elif element.getparent() is None:
        return
    elif what == "drop":
        element.getparent().remove(element)
    elif what == "double":
        element.addnext(deepcopy(element))
    elif apart:
        other.append(element if what == "move" else deepcopy(element))


def outcome(message: bytes) -> VerifiedIdentity | str:
    """Who it says somebody is, or the code of the refusal."""
    try:
        return accept(message)
    except ConnectorError as refusal:
        return refusal.code


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(GENUINE), st.lists(step, min_size=1, max_size=5))
def test_a_signed_message_that_was_changed_says_the_same_or_is_refused(xml: bytes, steps: list[tuple[str, int, int]]) -> None:
    """Wrapping attacks are changes of this kind: whoever gets in is who was signed, with what was signed."""
    message = changed(xml, steps)
    facts_of(encoded(message), sign_on())
    found = outcome(message)
    assert found == accept(xml) or (isinstance(found, str) and found.startswith("saml_"))


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.lists(step, min_size=1, max_size=3))
def test_a_strange_message_that_is_genuinely_signed_is_read_or_refused(steps: list[tuple[str, int, int]]) -> None:
    """What the signature does not stop, the checks must understand."""

    try:
        message = answer(before=lambda tree: change(tree, steps), signs=("assertion",))
    except (LookupError, ValueError, TypeError):
        return  # too strange to be signed at all
    found = outcome(message)
    assert isinstance(found, VerifiedIdentity) or found.startswith("saml_")


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(encoded)))
def test_anything_in_the_form_is_refused_with_a_code(text: str) -> None:
    """No base64, no XML, no SAML."""
    is_encrypted(text)
    facts_of(text, sign_on())
    with pytest.raises(ConnectorError) as caught:
        verify(text, sign_on(), (), request_id=None, force_authn_since=None, now=NOW)
    assert caught.value.code.startswith("saml_")
