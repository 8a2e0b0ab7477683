"""Signatures of identity providers: enveloped in the message (XML signature) or beside it in a query (redirect binding)."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote

import xmlsec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from idp_fixtures.keys import KeyPair, key_pair
from idp_fixtures.saml.names import DS, Element, find, parse, serialize

ALGORITHMS = {
    "rsa-sha1": xmlsec.constants.TransformRsaSha1,
    "rsa-sha256": xmlsec.constants.TransformRsaSha256,
    "rsa-sha512": xmlsec.constants.TransformRsaSha512,
    "ecdsa-sha256": xmlsec.constants.TransformEcdsaSha256,
    "hmac-sha256": xmlsec.constants.TransformHmacSha256,
}
DIGESTS = {
    "sha1": xmlsec.constants.TransformSha1,
    "sha256": xmlsec.constants.TransformSha256,
    "sha512": xmlsec.constants.TransformSha512,
}
CANONICAL = {
    "exc-c14n": xmlsec.constants.TransformExclC14N,
    "exc-c14n-with-comments": xmlsec.constants.TransformExclC14NWithComments,
    "c14n": xmlsec.constants.TransformInclC14N,
}
QUERY_ALGORITHMS = {
    "rsa-sha1": ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", hashes.SHA1),
    "rsa-sha256": ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", hashes.SHA256),
    "rsa-sha512": ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", hashes.SHA512),
    "ecdsa-sha256": ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", hashes.SHA256),
}


@dataclass(frozen=True, slots=True)
class Signer:
    """How somebody signs. `secret` is the key of an HMAC; `template` may change the ds:Signature before it is computed (other
    transforms, another reference), `key_info=False` leaves the certificate out."""

    key: KeyPair = field(default_factory=lambda: key_pair("idp"))
    algorithm: str = "rsa-sha256"
    digest: str = "sha256"
    canonical: str = "exc-c14n"
    key_info: bool = True
    secret: bytes = b""
    template: Callable[[Element], object] | None = None


def sign(tree: Element, element: Element, signer: Signer, at: int = 1) -> Element:
    """The whole tree, parsed anew, with an enveloped signature over `element` (which has an ID): its child number `at`, which is
    right after the Issuer (metadata, without one, have it first).

    It is parsed anew because lxml does not find the nodes that libxmlsec made.
    """
    signature = xmlsec.template.create(element, CANONICAL[signer.canonical], ALGORITHMS[signer.algorithm], ns="ds")
    element.insert(at, signature)
    reference = xmlsec.template.add_reference(signature, DIGESTS[signer.digest], uri="#" + element.get("ID"))
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, CANONICAL[signer.canonical])
    if signer.key_info:
        xmlsec.template.x509_data_add_certificate(xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature)))
    if signer.template is not None:
        signer.template(signature)
    return compute(tree, signature, signer)


def compute(tree: Element, signature: Element, signer: Signer) -> Element:
    """The whole tree, parsed anew, after the digests and the value of one ds:Signature in it were computed."""
    context = xmlsec.SignatureContext()
    context.key = _key(signer)
    for holder in {holder.get("ID"): holder for holder in reversed(tree.xpath("//*[@ID!='']"))}.values():
        context.register_id(holder, "ID")
    context.sign(signature)
    return parse(serialize(tree))


def _key(signer: Signer) -> xmlsec.Key:
    if signer.secret:
        return xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, signer.secret)
    key = xmlsec.Key.from_memory(signer.key.private_key, xmlsec.constants.KeyDataFormatPem)
    key.load_cert_from_memory(signer.key.certificate, xmlsec.constants.KeyDataFormatPem)
    return key


def sign_at(tree: Element, path: str, signer: Signer) -> Element:
    """As `sign`, of the first element at an XPath."""
    return sign(tree, find(tree, path), signer)


def deflated(xml: bytes) -> str:
    """A message as the redirect binding carries it, not yet quoted: raw DEFLATE, then base64 (saml-bindings-2.0-os 3.4.4.1)."""
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(machine.compress(xml) + machine.flush()).decode()


def inflated(value: str, limit: int = 1_000_000) -> bytes:
    """The XML in a SAMLRequest or SAMLResponse of the redirect binding. Raises ValueError for anything else."""
    machine = zlib.decompressobj(-15)
    try:
        xml = machine.decompress(base64.b64decode(value, validate=True), limit)
    except zlib.error:
        xml = b""
    if not machine.eof:
        raise ValueError("This is not a deflated message of a sensible size.")
    return xml


def query(parameter: str, xml: bytes, relay_state: str | None = None, signer: Signer | None = None) -> str:
    """A message in the query of the redirect binding, signed over exactly the octets that are sent."""
    pairs: Sequence[tuple[str, str | None]] = ((parameter, deflated(xml)), ("RelayState", relay_state))
    text = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs if value is not None)
    if signer is None:
        return text
    uri, digest = QUERY_ALGORITHMS[signer.algorithm]
    text += "&SigAlg=" + quote(uri, safe="")
    private = serialization.load_pem_private_key(signer.key.private_key.encode(), None)
    if isinstance(private, rsa.RSAPrivateKey):
        value = private.sign(text.encode(), padding.PKCS1v15(), digest())
    elif isinstance(private, ec.EllipticCurvePrivateKey):
        value = private.sign(text.encode(), ec.ECDSA(digest()))
    else:
        raise TypeError("Only RSA and EC keys sign here.")
    return text + "&Signature=" + quote(base64.b64encode(value).decode(), safe="")


def query_is_signed_by(text: str, certificates: Sequence[str]) -> bool:
    """Whether the RSA key of one of these certificates signed this raw query (saml-bindings-2.0-os 3.4.4.1)."""
    signed, _, signature = text.partition("&Signature=")
    given = parse_qs(text)
    known = dict(QUERY_ALGORITHMS.values())
    digest = known.get(given.get("SigAlg", [""])[0])
    if not signature or digest is None:
        return False
    return any(_fits(pem, base64.b64decode(given["Signature"][0]), signed.encode(), digest()) for pem in certificates)


def _fits(certificate: str, signature: bytes, signed: bytes, digest: hashes.HashAlgorithm) -> bool:
    public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        return False
    try:
        public.verify(signature, signed, padding.PKCS1v15(), digest)
    except InvalidSignature:
        return False
    return True


def tree_is_signed_by(tree: Element, certificates: Sequence[str]) -> bool:
    """Whether the root of this message carries a signature over itself by the key of one of these certificates."""
    found = tree.findall(f"{{{DS}}}Signature")
    if len(found) != 1 or found[0].find(f".//{{{DS}}}Reference").get("URI") != "#" + tree.get("ID"):
        return False
    return any(_verifies(tree, found[0], pem) for pem in certificates)


def _verifies(tree: Element, signature: Element, certificate: str) -> bool:
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem)
    context.register_id(tree, "ID")
    try:
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True
