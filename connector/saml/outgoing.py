"""MESSAGES TO THE IDENTITY PROVIDER: what we ask it, and how a message travels (saml-bindings-2.0-os sections 3.4 and 3.5)."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from connector.directory.sign_on_model import Binding, SamlSide, SigningKey, SignOn
from connector.membership.identity import LogoutHandle
from connector.saml.names import POST_BINDING, SAML, SAMLP, SUCCESS, Element

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

_NAMESPACES = {"samlp": SAMLP[1:-1], "saml": SAML[1:-1]}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message and where it goes; signed with `key` if there is one."""

    parameter: Literal["SAMLRequest", "SAMLResponse"]
    url: str
    binding: Binding
    root: Element
    relay_state: str = field(default="", repr=False)
    key: SigningKey | None = None


def authn_request(sign_on: SignOn, side: SamlSide, message_id: str, *, force_authn: bool, now: datetime) -> Element:
    """A samlp:AuthnRequest. It asks for no NameID format and no authentication context: Entra honours the format over its admin's
    choice, AD FS refuses it, and a context shuts out everybody with another second factor."""
    root = _message("AuthnRequest", sign_on, side.sso_url, message_id, now)
    root.set("ProtocolBinding", POST_BINDING)
    root.set("AssertionConsumerServiceURL", sign_on.addresses["acs_url"])
    if force_authn:
        root.set("ForceAuthn", "true")
    return root


def logout_request(sign_on: SignOn, url: str, message_id: str, handle: LogoutHandle, now: datetime) -> Element:
    """A samlp:LogoutRequest of the sign-in that the identity provider knows by this handle."""
    root = _message("LogoutRequest", sign_on, url, message_id, now)
    name_id = etree.SubElement(root, SAML + "NameID", dict(handle.name_id_attributes))
    name_id.text = handle.name_id
    if handle.session_index is not None:
        etree.SubElement(root, SAMLP + "SessionIndex").text = handle.session_index
    return root


def logout_response(sign_on: SignOn, url: str, message_id: str, answers: str, now: datetime) -> Element:
    """A samlp:LogoutResponse: done."""
    root = _message("LogoutResponse", sign_on, url, message_id, now)
    root.set("InResponseTo", answers)
    etree.SubElement(etree.SubElement(root, SAMLP + "Status"), SAMLP + "StatusCode", Value=SUCCESS)
    return root


def _message(name: str, sign_on: SignOn, url: str, message_id: str, now: datetime) -> Element:
    root = etree.Element(SAMLP + name, nsmap=_NAMESPACES)
    root.set("ID", message_id)
    root.set("Version", "2.0")
    root.set("IssueInstant", f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    root.set("Destination", url)
    etree.SubElement(root, SAML + "Issuer").text = sign_on.addresses["entity_id"]
    return root


def redirect_address(outgoing: Outgoing) -> str:
    """The address that carries the message, signed over exactly the octets that are sent."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = deflater.compress(etree.tostring(outgoing.root)) + deflater.flush()
    query = f"{outgoing.parameter}={_quoted(raw)}"
    if outgoing.relay_state:
        query += f"&RelayState={quote(outgoing.relay_state, safe='')}"
    if outgoing.key is not None:
        query += f"&SigAlg={quote(RSA_SHA256, safe='')}"
        signature = OneLogin_Saml2_Utils.sign_binary(query, outgoing.key.private_key)  # RSA-SHA256
        query += f"&Signature={_quoted(signature)}"
    return outgoing.url + ("&" if "?" in outgoing.url else "?") + query


def form_fields(outgoing: Outgoing) -> dict[str, str]:
    """The fields of a form that carries the message, signed within."""
    xml = etree.tostring(outgoing.root)
    if outgoing.key is not None:
        xml = OneLogin_Saml2_Utils.add_sign(xml, outgoing.key.private_key, outgoing.key.certificate)
    fields: dict[str, str] = {outgoing.parameter: base64.b64encode(xml).decode()}
    return {**fields, "RelayState": outgoing.relay_state} if outgoing.relay_state else fields


def _quoted(raw: bytes) -> str:
    return quote(base64.b64encode(raw).decode(), safe="")
