"""As comments, with a CDATA section: canonicalization resolves it, so the signature fits, and some readers stop before it.

Known from: CVE-2018-0489 and its relatives; readers that take the first text node.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._markup import split
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """In each place that is read."""
    yield from split(stage, "<![CDATA[{}]]>", "saml_markup")
