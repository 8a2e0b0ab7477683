"""A comment in a NameID (or attribute, or audience): the signature still fits, and the text before the comment is read alone.

Known from: CVE-2017-11427, CVE-2017-11428, CVE-2017-11429, CVE-2017-11430, CVE-2018-0489 (Duo, February 2018).
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._markup import split
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """In each place that is read, and around the whole."""
    yield from split(stage, "<!---->{}", "saml_markup")
    begun = stage.begin()
    yield Attempt("before the message", stage.send(begun, b"<!-- -->" + make(stage.answer(begun))), ("saml_markup",))
