"""Metadata: what identity providers publish is read, bounded and judged; what we publish can be read by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.errors import ConnectorError
from connector.saml.metadata import LIMIT, our_metadata, read_metadata
from idp_fixtures.keys import key_pair
from idp_fixtures.saml.metadata import Published, entities, metadata, read_service_provider
from idp_fixtures.saml.names import POST_BINDING, REDIRECT_BINDING, find, parse, serialize
from idp_fixtures.saml.signing import Signer
from idp_fixtures.saml.vendors import VENDORS
from tests.saml.samples import ACS, ENTITY_ID, LOGOUT, NOW, OURS, sign_on

OKTA = VENDORS["okta"]
ROLE = "//md:IDPSSODescriptor"


def refusal(xml: bytes) -> str:
    """The code of the refusal."""
    with pytest.raises(ConnectorError) as caught:
        read_metadata(xml, NOW)
    return caught.value.code


def changed(change: Any, vendor: str = "okta") -> bytes:
    """A vendor's metadata, changed."""
    tree = parse(metadata(VENDORS[vendor]))
    change(tree)
    return serialize(tree)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_metadata_of_each_identity_provider_are_read(vendor: str) -> None:
    """Issuer, address, keys; the other roles of Entra and AD FS are left out."""
    template = VENDORS[vendor]
    found = read_metadata(metadata(template), NOW)
    assert (found.side.issuer, found.side.sso_url, found.side.slo_url) == (template.issuer, template.sso_url, template.slo_url)
    assert [each.fingerprint for each in found.side.certificates] == [key_pair(vendor).fingerprint]
    assert found.valid_until is None


def test_the_redirect_binding_is_preferred() -> None:
    """Whatever comes first; POST where it is the only one."""
    assert read_metadata(metadata(replace(OKTA, bindings=(POST_BINDING, REDIRECT_BINDING))), NOW).side.sso_binding == "redirect"
    assert read_metadata(metadata(replace(OKTA, bindings=(POST_BINDING,))), NOW).side.sso_binding == "post"
    assert refusal(metadata(replace(OKTA, bindings=("urn:oasis:names:tc:SAML:2.0:bindings:SOAP",)))) == "metadata_incomplete"


def test_several_keys_are_taken_each_once() -> None:
    """While keys change, two are published."""
    keys = (key_pair("okta"), key_pair("okta-next"), key_pair("okta"))
    found = read_metadata(metadata(OKTA, Published(keys=keys)), NOW).side.certificates
    assert [each.fingerprint for each in found] == [keys[0].fingerprint, keys[1].fingerprint]


def test_a_weak_key_beside_a_good_one_is_left_out_and_alone_it_is_refused() -> None:
    """An old one may still be named."""
    weak, good = key_pair("weak", bits=1024), key_pair("okta")
    assert len(read_metadata(metadata(OKTA, Published(keys=(weak, good))), NOW).side.certificates) == 1
    assert refusal(metadata(OKTA, Published(keys=(weak,)))) == "certificate_weak"


def test_keys_for_encryption_are_not_for_signatures() -> None:
    """KeyDescriptor use="encryption"; without a use it is for both."""
    only = changed(lambda tree: find(tree, ROLE + "/md:KeyDescriptor").set("use", "encryption"))
    assert read_metadata(only, NOW).side.certificates == ()
    both = changed(lambda tree: find(tree, ROLE + "/md:KeyDescriptor").attrib.pop("use"))
    assert len(read_metadata(both, NOW).side.certificates) == 1


@pytest.mark.parametrize(("said", "signed"), [(True, True), (False, False), (None, False)])
def test_whether_requests_are_to_be_signed_is_read(said: bool | None, signed: bool) -> None:
    """WantAuthnRequestsSigned."""
    assert read_metadata(metadata(OKTA, Published(wants_signed=said)), NOW).side.request_signing is signed


def test_what_they_say_of_their_own_validity_counts() -> None:
    """The earliest of all; past it they are refused."""
    soon, later = NOW + timedelta(days=1), NOW + timedelta(days=9)
    assert read_metadata(metadata(OKTA, Published(valid_until=later)), NOW).valid_until == later

    def role_ends(tree: Any) -> None:
        find(tree, ROLE).set("validUntil", soon.strftime("%Y-%m-%dT%H:%M:%SZ"))

    assert read_metadata(changed(role_ends), NOW).valid_until == soon
    assert refusal(metadata(OKTA, Published(valid_until=NOW))) == "metadata_expired"


def test_one_identity_provider_in_a_list_is_found_and_of_two_none() -> None:
    """md:EntitiesDescriptor, as federations publish it: connector does not choose."""
    service = our_metadata(sign_on(), OURS)
    assert read_metadata(entities(service, metadata(OKTA)), NOW).side.issuer == OKTA.issuer
    assert refusal(entities(metadata(OKTA), metadata(VENDORS["ping"]))) == "metadata_several"


def test_signed_metadata_and_notes_in_them_pass() -> None:
    """Their signature is by a key nobody knows; comments are what people leave in files."""
    signed = metadata(VENDORS["entra"], Published(signer=Signer(key=key_pair("entra"))))
    assert read_metadata(signed, NOW).side.issuer == VENDORS["entra"].issuer
    noted = metadata(OKTA).replace(b"<md:IDPSSO", b"<!-- made by hand --><?x?><md:IDPSSO", 1)
    assert read_metadata(b"\xef\xbb\xbf" + noted, NOW).side.issuer == OKTA.issuer


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b"", "metadata_unreadable"),
        (b"<html><body>Sign in</body></html>", "metadata_no_idp"),
        (b"{}", "metadata_unreadable"),
        (b"<x", "metadata_unreadable"),
        (b"\xff\xfe\x00", "metadata_unreadable"),
        (b"<x>" + b" " * LIMIT + b"</x>", "metadata_unreadable"),
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>', "metadata_unreadable"),
        (b"<x>" * 5000 + b"</x>" * 5000, "metadata_unreadable"),
        (our_metadata(sign_on(), OURS), "metadata_no_idp"),
        (metadata(OKTA).replace(b"SAML:2.0:protocol", b"SAML:1.1:protocol"), "metadata_no_idp"),
        (changed(lambda tree: tree.attrib.pop("entityID")), "metadata_incomplete"),
        (changed(lambda tree: tree.set("validUntil", "soon")), "saml_time"),
        (changed(lambda tree: setattr(find(tree, "//ds:X509Certificate"), "text", "AAAA")), "certificate_invalid"),
    ],
)
def test_what_is_not_the_metadata_of_one_identity_provider_is_refused(xml: bytes, code: str) -> None:
    """A sign-in page, another file, an attack, an application's metadata."""
    assert refusal(xml) == code


@pytest.mark.parametrize("count", [0, 1, 2])
def test_our_metadata_name_every_key_for_both_uses(count: int) -> None:
    """Two while ours change; an identity provider finds all addresses."""
    ours = read_service_provider(our_metadata(sign_on(), OURS[:count]))
    assert (ours.entity_id, ours.acs_url, ours.slo_url) == (ENTITY_ID, ACS, LOGOUT)
    assert [len(ours.signing), len(ours.encryption)] == [count, count]


def test_our_metadata_say_what_is_signed() -> None:
    """Requests as the connection has it, and which part we want."""
    asking = parse(our_metadata(sign_on(request_signing=True, signed="response"), OURS))
    role = find(asking, "/md:EntityDescriptor/md:SPSSODescriptor")
    assert (role.get("AuthnRequestsSigned"), role.get("WantAssertionsSigned")) == ("true", "false")
    before = parse(our_metadata(replace(sign_on(), saml=None), OURS))
    role = find(before, "/md:EntityDescriptor/md:SPSSODescriptor")
    assert (role.get("AuthnRequestsSigned"), role.get("WantAssertionsSigned")) == ("false", "true")
