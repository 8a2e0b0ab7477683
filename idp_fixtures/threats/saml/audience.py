"""The assertion was made for another service, and is carried to this one; or it does not say for whom it was made.

Known from: saml-core-2.0-os 2.5.1.4; CVE-2022-41912 and token redirection between applications of one identity provider.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from lxml import etree

from idp_fixtures.saml.names import SAML, Element, find
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage
from idp_fixtures.threats.saml._values import lookalikes

CODES = ("saml_audience", "saml_schema")


def attack(stage: Stage) -> Iterator[Attempt]:
    """Absent, empty, alike, elsewhere, and a second restriction that leaves us out."""
    yield stage.attempt("absent", "saml_audience", audience=None)
    for form, value in lookalikes(stage.entity_id).items():
        yield stage.attempt(form, *CODES, audience=value)
    yield stage.signed_so("no audience in the restriction", _emptied, *CODES)
    yield stage.signed_so("a second restriction", _second, *CODES)
    yield stage.signed_so("no conditions", _no_conditions, "saml_incomplete", "saml_schema")
    yield stage.signed_so("conditions twice", _twice, "saml_incomplete", "saml_schema")


def _emptied(tree: Element) -> None:
    restriction = find(tree, "//saml:AudienceRestriction")
    restriction.remove(restriction[0])


def _second(tree: Element) -> None:
    restriction = etree.SubElement(find(tree, "//saml:Conditions"), f"{{{SAML}}}AudienceRestriction")
    etree.SubElement(restriction, f"{{{SAML}}}Audience").text = "https://sp.evil.example"


def _no_conditions(tree: Element) -> None:
    conditions = find(tree, "//saml:Conditions")
    conditions.getparent().remove(conditions)


def _twice(tree: Element) -> None:
    conditions = find(tree, "//saml:Conditions")
    conditions.addnext(deepcopy(conditions))
