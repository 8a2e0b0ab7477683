"""An organization's own identity provider asserts an address of a domain that is not its own: everybody's, or another customer's.

Known from: nOAuth (2023) and its SAML relatives; linking by e-mail without asking whose domain it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from idp_fixtures.people import person_id
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage

CODES = ("domain_not_verified", "email_missing", "email_invalid", "saml_subject")


def attack(stage: Stage) -> Iterator[Attempt]:
    """In the attacker's own organization, with the victim's address and with others that only look like their own."""
    foreign = stage.others["foreign"]
    own = foreign.attacker.email.partition("@")[2]
    addresses = {
        "the victim's": stage.victim.email,
        "a domain below": f"eve@sub.{own}",
        "a domain above": f"eve@{own.partition('.')[2]}",
        "a longer domain": f"eve@{own}.evil.example",
        "two signs": f"eve@{own}@acme.example",
        "two signs, reversed": f"eve@acme.example@{own}",
        "another dot": f"eve@{own.replace('.', '。', 1)}.evil.example",
        "a line break": f"{stage.victim.email}\n@{own}",
        "a list": f"{stage.victim.email},eve@{own}",
        "none": "eve",
    }
    for form, email in addresses.items():
        somebody = replace(foreign.attacker, email=email, id=person_id(f"foreign {form}"))
        yield foreign.attempt(form, *CODES, person=somebody)
