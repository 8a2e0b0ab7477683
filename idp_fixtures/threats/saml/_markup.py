"""How markup gets into a NameID, an attribute or an audience, and the signature fits: canonicalization drops or resolves it.

The identity provider knows the attacker as `VICTIM.evil.example`, an address they may choose; what is put in after the victim's
part makes careless readers stop there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage

TAIL = ".evil.example"


def split(stage: Stage, markup: str, *codes: str) -> Iterator[Attempt]:
    """The markup in each place; `{}` in it stands for what comes after the victim's part."""
    long_name = replace(stage.attacker, email=stage.victim.email + TAIL)
    whole = (stage.victim.email + TAIL).encode()
    divided = (stage.victim.email + markup.format(TAIL)).encode()
    for form, before in (("in the NameID", b"NameID"), ("in an attribute", b"AttributeValue")):
        begun = stage.begin()
        xml = make(stage.answer(begun, long_name))
        at = xml.index(whole, xml.index(b":" + before))
        yield Attempt(form, stage.send(begun, xml[:at] + divided + xml[at + len(whole) :]), codes)
    begun = stage.begin()
    audience = stage.entity_id
    xml = make(stage.answer(begun, audience=audience + TAIL))
    changed = xml.replace((audience + TAIL).encode(), (audience + markup.format(TAIL)).encode(), 1)
    yield Attempt("in the audience", stage.send(begun, changed), codes)
