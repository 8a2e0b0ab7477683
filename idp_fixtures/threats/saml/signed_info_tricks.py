"""What is signed is not what is read: two SignedInfo, references elsewhere, to everything, to nothing, or more than one.

Known from: CVE-2025-29774 (several SignedInfo), CVE-2025-47949 (a signature over another element), signature exclusion attacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy

import xmlsec
from lxml import etree

from idp_fixtures.saml.names import DS, Element, find
from idp_fixtures.saml.signing import Signer
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage

REFERENCE = "ds:SignedInfo/ds:Reference"


def attack(stage: Stage) -> Iterator[Attempt]:
    """Rightly signed by the identity provider's key where that can be (as of another message of it), else tampered with."""
    code = "saml_signature_form"
    yield stage.tampered("two SignedInfo", _second_info, code)
    yield stage.tampered("a SignedInfo within", _nested_info, code)
    for form, change in _TEMPLATES.items():
        signer = Signer(key=stage.vendor.signer.key, template=change)
        yield stage.attempt(form, code, "saml_signature_invalid", signs=("assertion",), signer=signer)
    yield stage.tampered("two signatures in one place", _second_signature, code, signs=("assertion",))
    yield stage.tampered("a signature elsewhere", _moved, code, signs=("assertion",))


def _second_info(tree: Element) -> None:
    info = find(tree, "//ds:SignedInfo")
    info.addprevious(deepcopy(info))


def _nested_info(tree: Element) -> None:
    info = find(tree, "//ds:SignedInfo")
    info.append(deepcopy(info))


def _second_signature(tree: Element) -> None:
    signature = find(tree, "saml:Assertion/ds:Signature")
    signature.addnext(deepcopy(signature))


def _moved(tree: Element) -> None:
    find(tree, "saml:Assertion/saml:Subject").append(find(tree, "saml:Assertion/ds:Signature"))


def _whole(signature: Element) -> None:
    find(signature, REFERENCE).set("URI", "")


def _no_uri(signature: Element) -> None:
    """A Reference without a URI means what "the application" thinks: libxmlsec refuses to sign it, so an ID that is not there."""
    find(signature, REFERENCE).set("URI", "#xpointer(id('" + signature.getparent().get("ID") + "'))")


def _object(signature: Element) -> None:
    """A second Reference, to an Object in the signature itself."""
    etree.SubElement(signature, f"{{{DS}}}Object", Id="_object").text = "anything"
    reference = xmlsec.template.add_reference(signature, xmlsec.constants.TransformSha256, uri="#_object")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)


def _only_object(signature: Element) -> None:
    """The only Reference is to an Object in the signature itself: the message around it is signed by nobody."""
    etree.SubElement(signature, f"{{{DS}}}Object", ID="_object").text = "anything"
    reference = find(signature, REFERENCE)
    reference.set("URI", "#_object")


def _truncated(signature: Element) -> None:
    """HMACOutputLength, the field of CVE-2009-0217, where no HMAC is."""
    etree.SubElement(find(signature, "ds:SignedInfo/ds:SignatureMethod"), f"{{{DS}}}HMACOutputLength").text = "1"


_TEMPLATES: dict[str, Callable[[Element], None]] = {
    "the whole document": _whole,
    "an XPointer": _no_uri,
    "an Object as well": _object,
    "only an Object": _only_object,
    "a truncated output": _truncated,
}
