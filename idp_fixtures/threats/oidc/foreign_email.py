"""The provider asserts an address of a domain that is not its organization's, or one that only looks like it.

Known from: nOAuth (Descope, 2023); whoever administers a tenant chooses what stands in its e-mail claims.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from idp_fixtures.people import person_id
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage

CODES = ("domain_not_verified", "email_missing", "email_invalid")


def attack(stage: Stage) -> Iterator[Attempt]:
    """In the attacker's own organization: the victim's address, and malformed ones."""
    foreign = stage.others["foreign"]
    own = foreign.attacker.email.partition("@")[2]
    values = {
        "the victim's": stage.victim.email,
        "a domain below": f"eve@sub.{own}",
        "a domain above": f"eve@{own.partition('.')[2]}",
        "a longer domain": f"eve@{own}.evil.example",
        "two signs": f"eve@{own}@acme.example",
        "two signs, reversed": f"eve@acme.example@{own}",
        "a line break": f"{stage.victim.email}\n@{own}",
        "a list in a text": f"{stage.victim.email},eve@{own}",
        "a name around it": f"Eve <eve@{own}>",
        "a list": [stage.victim.email, f"eve@{own}"],
        "an object": {"address": f"eve@{own}"},
        "empty": "",
        "none": "eve",
    }
    for form, email in values.items():
        said: dict[str, Any] = {"email": email, "sub": person_id(f"foreign {form}"), "preferred_username": f"foreign {form}"}
        yield foreign.claims(form, *CODES, **said)
