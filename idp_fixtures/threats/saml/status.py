"""The identity provider says no, and yet an assertion comes along; or it says yes in words of its own.

Known from: saml-core-2.0-os 3.2.2.2; service providers that look for an assertion before they look at the status.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lxml import etree

from idp_fixtures.saml.names import AUTHN_FAILED, REQUEST_DENIED, RESPONDER, SUCCESS, Element, find
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Failures with and without an assertion, and statuses that only look like success."""
    both = ("assertion", "response")
    for value in (AUTHN_FAILED, REQUEST_DENIED, "", SUCCESS + "x", SUCCESS.lower(), " " + SUCCESS):
        yield stage.signed_so(
            f"{value.rpartition(':')[2] or 'empty'} and an assertion",
            partial(_say, value=value),
            "saml_status",
            signs=both,
        )
    yield stage.attempt("a failure", "saml_status", status=(RESPONDER, AUTHN_FAILED), signs=("response",))
    yield stage.attempt("a failure, unsigned", "saml_status", status=(RESPONDER,), signs=())
    yield stage.attempt("success beneath failure", "saml_status", status=(RESPONDER, SUCCESS), signs=("response",))
    yield stage.signed_so("no status", _no_status, "saml_status", "saml_structure", signs=both)
    yield stage.signed_so("two statuses", _two, "saml_status", "saml_schema", signs=both)


def _say(tree: Element, value: str) -> None:
    find(tree, "samlp:Status/samlp:StatusCode").set("Value", value)


def _no_status(tree: Element) -> None:
    tree.remove(find(tree, "samlp:Status"))


def _two(tree: Element) -> None:
    first = find(tree, "samlp:Status")
    second = etree.fromstring(etree.tostring(first))
    second[0].set("Value", AUTHN_FAILED)
    first.addnext(second)
