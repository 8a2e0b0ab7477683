"""Who presents the assertion is not who it was made for: confirmation by a key, by a voucher, by nobody, or without data.

Known from: saml-profiles-2.0-os 4.1.4.2 asks for bearer; whoever ignores the method accepts what a third party vouches for.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import partial

from idp_fixtures.saml.names import Element, find
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage

CODES = ("saml_incomplete", "saml_schema")
METHODS = "urn:oasis:names:tc:SAML:2.0:cm:"


def attack(stage: Stage) -> Iterator[Attempt]:
    """Other methods, no confirmation, no data, no subject, and statements that are missing or doubled."""
    for method in ("holder-of-key", "sender-vouches", "bearerx", ""):
        yield stage.attempt(method or "empty", *CODES, method=METHODS + method)
    yield stage.attempt("of SAML 1.1", *CODES, method="urn:oasis:names:tc:SAML:1.0:cm:bearer")
    for path in ("saml:SubjectConfirmation", "saml:SubjectConfirmation/saml:SubjectConfirmationData"):
        yield stage.signed_so(f"without {path}", partial(_drop, path=f"//saml:Subject/{path}"), *CODES)
    yield stage.signed_so("without a subject", lambda tree: _drop(tree, "//saml:Subject"), *CODES)
    yield stage.signed_so("without a statement", lambda tree: _drop(tree, "//saml:AuthnStatement"), *CODES)
    yield stage.signed_so("with two statements", _double, *CODES)


def _drop(tree: Element, path: str) -> None:
    found = find(tree, path)
    found.getparent().remove(found)


def _double(tree: Element) -> None:
    statement = find(tree, "//saml:AuthnStatement")
    statement.addnext(deepcopy(statement))
