"""Who asks, and what opens to them.

Organizations that do not open are told only to somebody to whom the personal workspace opens: where else a person belongs is
nobody's business who came in through one organization's identity provider.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.api.caller import Caller
from connector.api.operation import Call, operation
from connector.membership.opening import OpenBy, opens
from connector.organizations import mine
from connector.organizations.mine import Mine
from connector.provisioning.pages import LEFT_OUT


@dataclass(frozen=True, slots=True)
class TeamOfMine:
    """A team, and the caller's role in it."""

    slug: str
    role: str


@dataclass(frozen=True, slots=True)
class OrganizationOfMine:
    """An organization the caller belongs to; `open_by` is what opens it to how they signed in, null when nothing does."""

    id: str
    slug: str
    role: str
    teams: tuple[TeamOfMine, ...]
    open_by: OpenBy | None


@dataclass(frozen=True, slots=True)
class Me:
    """Who asks, and what opens to them. What a person has not got is left out."""

    person_id: str
    email: str | None
    organizations: tuple[OrganizationOfMine, ...]
    name: str | None = field(default=None, metadata=LEFT_OUT)


@operation("GET", "/api/me", tag="Me", summary="Who you are, and what opens to you", answer=Me)
def show(call: Call) -> Me:
    """Organizations that do not open are told only where what is your own opens: to a local sign-in, or through the organization
    that has the domain of your e-mail address."""
    told = [_told(each, call.known) for each in mine.of_person(call.database, call.person_id)]
    shown = tuple(each for each in told if call.known.has_personal or each.open_by)
    return Me(call.person_id, call.known.email, shown, call.known.name)


def _told(each: Mine, caller: Caller) -> OrganizationOfMine:
    teams = tuple(TeamOfMine(slug, role) for slug, role in each.teams)
    return OrganizationOfMine(each.id, each.slug, each.role, teams, opens(caller.actor.authentications, each.access))
