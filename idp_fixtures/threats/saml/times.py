"""The answer is too old, not valid yet, valid for ever, or does not say: whoever found it somewhere wants to use it.

Known from: saml-core-2.0-os 2.5.1.2; libraries with minutes of tolerance, or none of the checks when a time is absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from idp_fixtures.saml.names import Element, find, instant
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage

OLD = ("saml_expired",)
EARLY = ("saml_not_yet_valid",)
UNREADABLE = ("saml_time", "saml_schema")
DATA = "//saml:SubjectConfirmationData"
CONDITIONS = "//saml:Conditions"
STATEMENT = "//saml:AuthnStatement"


def attack(stage: Stage) -> Iterator[Attempt]:
    """Every time of the message, two minutes beyond what clocks may differ."""
    now = stage.now()
    past, ahead = instant(now - timedelta(seconds=120)), instant(now + timedelta(seconds=180))
    yield stage.attempt("an hour old", *OLD, now=now - timedelta(hours=1))
    yield stage.attempt("an hour ahead", *EARLY, now=now + timedelta(hours=1))
    for form, path, name, value, codes in (
        ("conditions over", CONDITIONS, "NotOnOrAfter", past, OLD),
        ("conditions to come", CONDITIONS, "NotBefore", ahead, EARLY),
        ("confirmation over", DATA, "NotOnOrAfter", past, OLD),
        ("confirmation to come", DATA, "NotBefore", ahead, EARLY),
        ("session over", STATEMENT, "SessionNotOnOrAfter", past, OLD),
        ("signed in tomorrow", STATEMENT, "AuthnInstant", ahead, EARLY),
        ("issued tomorrow", ".", "IssueInstant", ahead, EARLY),
        ("the end unreadable", CONDITIONS, "NotOnOrAfter", "tomorrow", UNREADABLE),
        ("the year 99999", CONDITIONS, "NotOnOrAfter", "99999-01-01T00:00:00Z", UNREADABLE),
        ("the 30th of February", DATA, "NotOnOrAfter", "2027-02-30T00:00:00Z", UNREADABLE),
        ("another zone", DATA, "NotOnOrAfter", "2099-01-01T00:00:00+25:00", UNREADABLE),
        ("no end of the conditions", CONDITIONS, "NotOnOrAfter", None, UNREADABLE),
        ("no end of the confirmation", DATA, "NotOnOrAfter", None, UNREADABLE),
        ("no sign-in time", STATEMENT, "AuthnInstant", None, UNREADABLE),
    ):
        yield stage.signed_so(form, partial(_set, path=path, name=name, value=value), *codes)


def _set(tree: Element, path: str, name: str, value: str | None) -> None:
    element = tree if path == "." else find(tree, path)
    if value is None:
        element.attrib.pop(name, None)
    else:
        element.set(name, value)
