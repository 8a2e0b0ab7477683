"""As comments, with a processing instruction: put in afterwards, or signed by an identity provider that lets it into a name.

Known from: what followed the comments of 2018 in other parsers (ruby-saml and REXML, 2024/2025).
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from idp_fixtures.saml.names import Element, find
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._markup import TAIL, split
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Put in afterwards, and signed along."""
    yield from split(stage, "<?x y?>{}", "saml_markup")
    yield stage.signed_so("signed along", lambda tree: _divide(tree, stage.victim.email), "saml_markup")


def _divide(tree: Element, victim: str) -> None:
    name_id = find(tree, "//saml:NameID")
    name_id.text = victim
    instruction = etree.ProcessingInstruction("x", "y")
    instruction.tail = TAIL
    name_id.append(instruction)
