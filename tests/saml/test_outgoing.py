"""What we send: requests that every identity provider takes, signed as the binding has it."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from connector.membership.identity import LogoutHandle
from connector.saml.outgoing import Outgoing, authn_request, form_fields, logout_request, logout_response, redirect_address
from idp_fixtures.saml.logout import read_request
from idp_fixtures.saml.names import parse
from idp_fixtures.saml.signing import inflated
from tests.saml.samples import ACS, ENTITY_ID, NOW, OURS, REQUEST, sign_on

ODD = 'https://idp.example/sso?a=1&b="<>'


def request_xml(*, force_authn: bool = False) -> etree.ElementBase:
    """An AuthnRequest to an address with characters that XML quotes."""
    connection = sign_on(sso_url=ODD)
    assert connection.saml is not None
    return authn_request(connection, connection.saml, REQUEST, force_authn=force_authn, now=NOW)


def test_a_request_asks_for_a_sign_in_and_nothing_else() -> None:
    """No NameIDPolicy (Entra obeys it, AD FS refuses it), no RequestedAuthnContext (it shuts out other second factors)."""
    xml = etree.tostring(request_xml())
    read = read_request(xml)
    assert (read.kind, read.id, read.issuer, read.acs_url) == ("AuthnRequest", REQUEST, ENTITY_ID, ACS)
    assert (read.destination, read.force_authn) == (ODD, False)
    assert [child.tag.rpartition("}")[2] for child in parse(xml)] == ["Issuer"]
    assert read_request(etree.tostring(request_xml(force_authn=True))).force_authn


@pytest.mark.parametrize("force_authn", [True, False])
def test_what_we_send_follows_the_schema(force_authn: bool) -> None:
    """saml-schema-protocol-2.0.xsd."""
    connection = sign_on()
    handle = LogoutHandle("ada", {"Format": "urn:x", "SPNameQualifier": ENTITY_ID}, "_s")
    for root in (
        request_xml(force_authn=force_authn),
        logout_request(connection, ODD, "_1", handle, NOW),
        logout_response(connection, ODD, "_1", "_2", NOW),
    ):
        checked = OneLogin_Saml2_XML.validate_xml(etree.tostring(root), "saml-schema-protocol-2.0.xsd")
        assert not isinstance(checked, str)


def test_a_redirect_keeps_the_query_of_the_address() -> None:
    """Google's address has one."""
    address = redirect_address(Outgoing("SAMLRequest", "https://idp.example/sso?idpid=C01", "redirect", request_xml(), "st/ate="))
    query = parse_qs(urlsplit(address).query)
    assert (query["idpid"], query["RelayState"]) == (["C01"], ["st/ate="])
    assert read_request(inflated(query["SAMLRequest"][0])).id == REQUEST
    assert "Signature" not in query


def test_a_redirect_is_signed_over_the_octets_that_are_sent() -> None:
    """RSA-SHA256 (saml-bindings-2.0-os section 3.4.4.1), by the key that signs."""
    address = redirect_address(Outgoing("SAMLRequest", "https://idp.example/sso", "redirect", request_xml(), "a b", OURS[0]))
    octets, _, signature = urlsplit(address).query.partition("&Signature=")
    assert "&RelayState=a%20b&SigAlg=" in octets
    value = base64.b64decode(parse_qs("s=" + signature)["s"][0])
    key = x509.load_pem_x509_certificate(OURS[0].certificate.encode()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(value, octets.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_a_form_carries_a_message_signed_within() -> None:
    """RSA-SHA256 over the whole request."""
    fields = form_fields(Outgoing("SAMLRequest", "https://idp.example/sso", "post", request_xml(), "state", OURS[0]))
    assert fields["RelayState"] == "state"
    tree = parse(base64.b64decode(fields["SAMLRequest"]))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(OURS[0].certificate, xmlsec.constants.KeyDataFormatCertPem)
    context.register_id(tree, "ID")
    context.verify(xmlsec.tree.find_node(tree, "Signature"))
    assert tree.find(".//{*}SignatureMethod").get("Algorithm").endswith("#rsa-sha256")
    plain = form_fields(Outgoing("SAMLRequest", "https://idp.example/sso", "post", request_xml()))
    assert list(plain) == ["SAMLRequest"]
    assert b"Signature" not in base64.b64decode(plain["SAMLRequest"])
