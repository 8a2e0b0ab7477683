"""The form of one XML signature: the few that saml-core-2.0-os section 5.4 allows, and no algorithm weaker than SHA-256.

Checked before anything is computed: transforms such as XPath or XSLT are programs, and a reference elsewhere signs something
else.
"""

from __future__ import annotations

from connector.errors import Invalid
from connector.saml.names import DS, Element

EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_PREFIXES = "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"

SIGNATURES = frozenset(
    {_MORE + name for name in ("rsa-sha256", "rsa-sha384", "rsa-sha512", "ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512")}
)
SHA1_SIGNATURES = frozenset({"http://www.w3.org/2000/09/xmldsig#rsa-sha1", _MORE + "ecdsa-sha1"})
_DIGESTS = frozenset({"http://www.w3.org/2001/04/xmlenc#sha256", _MORE + "sha384", "http://www.w3.org/2001/04/xmlenc#sha512"})
_SHA1_DIGEST = "http://www.w3.org/2000/09/xmldsig#sha1"

_KEY_INFO = (DS + "KeyInfo",)
_PARTS = (DS + "SignedInfo", DS + "SignatureValue")
_INFO = (DS + "CanonicalizationMethod", DS + "SignatureMethod", DS + "Reference")
_REFERENCE = (DS + "Transforms", DS + "DigestMethod", DS + "DigestValue")


def check(signature: Element) -> bool:
    """Check one ds:Signature, which must sign its parent and nothing else. Return whether SHA-1 has a part in it.

    Raises Invalid `saml_signature_form` or `saml_algorithm`.
    """
    parts = _tags(signature)
    if parts not in (_PARTS, _PARTS + _KEY_INFO):
        raise form("a signature has other parts than SignedInfo, SignatureValue and KeyInfo")
    info, value = signature[0], signature[1]
    if _tags(info) != _INFO or len(value):
        raise form("a signature has more or less than one reference")
    canonical, method, reference = info
    _check_canonical(canonical)
    if len(method):
        raise form("a signature method has parameters")
    return _is_sha1(method, SIGNATURES, SHA1_SIGNATURES) | _check_reference(reference, signature.getparent())


def _check_reference(reference: Element, parent: Element) -> bool:
    if _tags(reference) != _REFERENCE:
        raise form("a reference has other parts than Transforms, DigestMethod and DigestValue")
    transforms, method, value = reference
    if not parent.get("ID") or reference.get("URI") != "#" + parent.get("ID"):
        raise form("a signature signs something else than the element it stands in")
    if len(method) or len(value):
        raise form("a digest has parameters")
    _check_transforms(transforms)
    return _is_sha1(method, _DIGESTS, frozenset({_SHA1_DIGEST}))


def _check_transforms(transforms: Element) -> None:
    names = [transform.get("Algorithm") for transform in transforms]
    if any(tag != DS + "Transform" for tag in _tags(transforms)) or names not in ([_ENVELOPED, EXCLUSIVE], [_ENVELOPED]):
        raise form("a reference has other transforms than enveloped-signature and exclusive canonicalization")
    if len(transforms[0]):
        raise form("a transform has parameters")
    for canonical in transforms[1:]:
        _check_canonical(canonical)


def _check_canonical(method: Element) -> None:
    if method.get("Algorithm") != EXCLUSIVE or _tags(method) not in ((), (_PREFIXES,)):
        raise form("a signature uses another canonicalization than the exclusive one without comments")


def _is_sha1(method: Element, good: frozenset[str], sha1: frozenset[str]) -> bool:
    algorithm = method.get("Algorithm")
    if algorithm in good:
        return False
    if algorithm in sha1:
        return True
    raise algorithm_refused("The message is signed with an algorithm that is not taken.")


def _tags(element: Element) -> tuple[str, ...]:
    return tuple(child.tag for child in element)


def form(what: str) -> Invalid:
    """The refusal of a signature that has another form than identity providers give it."""
    return Invalid(
        "saml_signature_form",
        f"The signature of the message has a form that is not taken: {what}.",
        expected="an enveloped signature over the Response or the Assertion itself, with exclusive canonicalization",
        advice="If the identity provider made it so, choose its usual signing options.",
    )


def algorithm_refused(detail: str) -> Invalid:
    """The refusal of a weak or unknown algorithm."""
    return Invalid(
        "saml_algorithm",
        detail,
        expected="RSA or ECDSA with SHA-256, SHA-384 or SHA-512",
        advice="Set the signature algorithm (and the digest) to SHA-256 at the identity provider.",
    )
