"""SINGLE LOGOUT (saml-profiles-2.0-os section 4.4), as it arrives: a LogoutRequest, verified. Pure.

A logout that nobody signed, or an old one sent again, would let anybody sign people out; so it is looked at like a sign-in.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import unquote_plus

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from connector.directory.sign_on_model import Certificate, SamlSide, SignOn
from connector.errors import Forbidden, Invalid
from connector.membership.fold import is_storable
from connector.saml import checks, gate, library, response
from connector.saml.names import LOGOUT_REQUEST, SAML, SAMLP, Element, text_of
from connector.saml.signature_form import SHA1_SIGNATURES, algorithm_refused
from connector.saml.times import SKEW, in_words, instant, is_ahead, is_past

AGE = timedelta(minutes=10)
"""How old a LogoutRequest may be; so long it is remembered that it was used."""

SESSIONS = 50
"""SessionIndex elements of one request."""

_PARAMETERS = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature")
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_HASHES: dict[str, hashes.HashAlgorithm] = {
    _MORE + "rsa-sha256": hashes.SHA256(),
    _MORE + "rsa-sha384": hashes.SHA384(),
    _MORE + "rsa-sha512": hashes.SHA512(),
    _MORE + "ecdsa-sha256": hashes.SHA256(),
    _MORE + "ecdsa-sha384": hashes.SHA384(),
    _MORE + "ecdsa-sha512": hashes.SHA512(),
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": hashes.SHA1(),  # noqa: S303 - only while the connection's exception lasts
    _MORE + "ecdsa-sha1": hashes.SHA1(),  # noqa: S303
}


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """Whom the identity provider signs out: all that was signed in as `name_id`, or only these sessions of it. It is good for one
    use, which is remembered until `until`."""

    id: str
    name_id: str = field(repr=False)
    session_indexes: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Query:
    """A message of the redirect binding as it stands in the address: each parameter still quoted, as it was signed."""

    parameters: dict[str, str]

    @classmethod
    def of(cls, raw: bytes) -> Query:
        """Take a query apart. Raises Invalid `saml_structure` when a parameter comes twice: which one would be signed?"""
        pairs = [each.partition("=")[::2] for each in raw.decode("ascii", "replace").split("&") if each]
        found = {name: value for name, value in pairs if name in _PARAMETERS}
        if len(found) != sum(name in found for name, _ in pairs):
            raise gate.structure("a parameter of the address comes twice")
        return cls(found)

    def value(self, name: str) -> str:
        """A parameter, unquoted; "" if it is not there."""
        return unquote_plus(self.parameters.get(name, ""))

    def signed(self, name: str) -> bytes:
        """The octets that the signature is over (saml-bindings-2.0-os section 3.4.4.1)."""
        names = [each for each in (name, "RelayState", "SigAlg") if each in self.parameters]
        return "&".join(f"{each}={self.parameters[each]}" for each in names).encode()


def read_posted(message: str, sign_on: SignOn, now: datetime) -> LogoutRequest:
    """Verify a LogoutRequest of the POST binding, which is signed within. Raises Invalid, TooLarge or Forbidden `saml_…`."""
    side = response.side_of(sign_on)
    arrived = gate.open_message(gate.from_base64(message), LOGOUT_REQUEST)
    if not arrived.root_signed:
        raise _unsigned()
    if not library.verify_element(arrived.root, response.ROOT_SIGNATURE, library.pinned(side, now)):
        raise response.not_verified(arrived.root, side)
    response.check_sha1(arrived.sha1, sign_on, side, now)
    return _checked(arrived.root, sign_on, side, now)


def read_redirected(query: Query, sign_on: SignOn, now: datetime) -> LogoutRequest:
    """Verify a LogoutRequest of the redirect binding, whose signature stands beside it. Raises as `read_posted`."""
    side = response.side_of(sign_on)
    if "Signature" not in query.parameters:
        raise _unsigned()
    algorithm = query.value("SigAlg")
    if algorithm not in _HASHES:
        raise algorithm_refused("The message is signed with an algorithm that is not taken.")
    root = gate.open_message(_inflated(query.value("SAMLRequest")), LOGOUT_REQUEST).root
    certificates = library.pinned(side, now)
    if not _is_signed(query.signed("SAMLRequest"), query.value("Signature"), algorithm, certificates):
        raise response.not_verified(root, side)
    response.check_sha1(algorithm in SHA1_SIGNATURES, sign_on, side, now)
    return _checked(root, sign_on, side, now)


def _inflated(text: str) -> bytes:
    """Undo base64 and DEFLATE; never more than the gate takes, however small it was."""
    machine = zlib.decompressobj(-15)
    try:
        return machine.decompress(gate.from_base64(text), gate.LIMIT + 1)
    except zlib.error:
        raise Invalid(
            "saml_not_deflated",
            "The message in the address is not compressed as the redirect binding asks.",
            expected="raw DEFLATE, then base64",
            advice="Choose the HTTP-Redirect or the HTTP-POST binding at the identity provider, not a mixture.",
        ) from None


def _is_signed(octets: bytes, signature: str, algorithm: str, certificates: Sequence[Certificate]) -> bool:
    try:
        value = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return any(_fits(each, value, octets, algorithm) for each in certificates)


def _fits(certificate: Certificate, value: bytes, octets: bytes, algorithm: str) -> bool:
    key = x509.load_pem_x509_certificate(certificate.pem.encode()).public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and "#rsa-" in algorithm:
            key.verify(value, octets, padding.PKCS1v15(), _HASHES[algorithm])
            return True
        if isinstance(key, ec.EllipticCurvePublicKey) and "#ecdsa-" in algorithm:
            key.verify(value, octets, ec.ECDSA(_HASHES[algorithm]))
            return True
    except InvalidSignature:
        pass
    return False


def _checked(root: Element, sign_on: SignOn, side: SamlSide, now: datetime) -> LogoutRequest:
    """The equality checks of a logout. Everything compared stands in what was signed."""
    expected = checks.Expected(sign_on, side, None, None, now)
    checks.check_version(root)
    checks.check_issuer(root, expected, needed=True)
    checks.check_destination(root, sign_on.addresses["logout_url"])
    if not library.is_of_schema(root):
        raise gate.structure("it does not follow the schema of SAML")
    until = _until(root, now)
    name_id = text_of(root.find(SAML + "NameID"))
    indexes = tuple(text_of(each) for each in root.findall(SAMLP + "SessionIndex"))
    if not name_id or len(indexes) > SESSIONS or not all(map(is_storable, (name_id, *indexes))):
        raise Forbidden(
            "saml_subject",
            "The logout does not say in the clear who is to be signed out.",
            expected=f"a NameID, and at most {SESSIONS} sessions",
            advice="Switch the encryption of NameIDs off for this application.",
        )
    return LogoutRequest(root.get("ID"), name_id, indexes, until)


def _until(root: Element, now: datetime) -> datetime:
    issued = instant(root.get("IssueInstant"))
    said = root.get("NotOnOrAfter")
    ends = issued + AGE if said is None else min(issued + AGE, instant(said))
    if is_ahead(issued, now) or is_past(ends, now):
        raise Forbidden(
            "saml_expired",
            f"The logout was made at {in_words(issued)} and good until {in_words(ends)}; here it is {in_words(now)}.",
            expected="a logout that is still good",
            advice="Compare the clocks of this server and of the identity provider.",
        )
    return ends + SKEW


def _unsigned() -> Forbidden:
    return Forbidden(
        "saml_signature_missing",
        "The logout is not signed.",
        expected="a signed LogoutRequest",
        advice="Let the identity provider sign logout requests for this application.",
    )
