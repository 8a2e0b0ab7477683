"""Somebody else at the same identity provider bears an address that is linked already: reassigned, or taken on purpose.

Known from: nOAuth (2023), recycled addresses, mutable e-mail claims; GitLab issue 382256 shows the honest case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from idp_fixtures.people import person_id
from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """The victim has signed in before; then another subject comes with their address, spelt so or otherwise."""
    begun = stage.begin()
    first = stage.send(begun, make(stage.answer(begun, stage.victim)))
    if first.code:
        raise AssertionError(f"The genuine answer was refused: {first.code}.")
    for form, email in (("the same", stage.victim.email), ("in capitals", stage.victim.email.upper())):
        thief = replace(stage.attacker, id=person_id(f"thief {form}"), email=email)
        yield stage.attempt(form, "second_subject", person=thief)
