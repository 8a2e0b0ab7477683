"""Another subject of the same provider bears an address that is linked already: reassigned, or taken on purpose.

Known from: nOAuth (2023), recycled addresses.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.people import person_id
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """The victim has signed in before; spelt so, in capitals, and with another name beside it."""
    if stage.genuine(stage.victim).code:
        raise AssertionError("The genuine sign-in was refused.")
    for form, email in (("the same", stage.victim.email), ("in capitals", stage.victim.email.upper())):
        yield stage.claims(form, "second_subject", sub=person_id(f"thief {form}"), email=email)
