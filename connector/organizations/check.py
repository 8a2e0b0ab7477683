"""CHECK: may somebody do something with a resource? Answered live, with the reasons, for applications to ask at every turn.

For oneself every member may ask, for others who may see the other people: applications do, with a key of the organization, or
with a key of a project about what stands in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, select

from connector.errors import NotFound
from connector.membership.access import OWN, Access, Level, effective
from connector.organizations import reach
from connector.organizations.member_views import find as find_member
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot

SEES = "org.participants.read"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the permission asked for is there, what there is, and why: the highest reason first."""

    allowed: bool
    level: Level
    because: tuple[str, ...]


def check(
    database: Database,
    organization_id: str,
    kind: str,
    id_: str,
    *,
    permission: Level = "read",
    who: str | None = None,
    actor: Actor = OPERATOR,
) -> Decision:
    """What `who` (a person or membership id, or an address; by default whoever asks) may do with a resource of the organization,
    or with something private that is theirs. Who is no active member has `none`.

    Raises NotFound `resource_not_found`; Forbidden `permission_missing` when it is about somebody else; and what `look` raises.
    """

    def work(glance: Glance, standing: Standing) -> Decision:
        # A project's key is nobody: about who made it, it asks as about anybody.
        oneself = who is None or (actor.project_id is None and who in (actor.person_id, standing.membership_id))
        if not oneself and actor.project_id is None:
            standing.need(SEES)
        access = _access(glance, standing, kind, id_, None if oneself else _called(glance, who))
        return Decision(access.allows(permission), access.level, access.because)

    return look(database, organization_id, actor, MEMBER, work)


def _access(glance: Glance, standing: Standing, kind: str, id_: str, who: str | None) -> Access:
    actor = standing.actor
    found = reach.one(glance, kind, id_, who or actor.person_id)
    if actor.project_id is not None and (found is None or found.project_id != actor.project_id):
        raise reach.not_found()
    if found is None:
        return _of_own(glance, kind, id_, who or actor.person_id)
    return reach.access_of(standing, found) if who is None else effective(found.facts)


def _called(glance: Glance, who: str | None) -> str | None:
    """An address becomes a membership; of ids nothing is asked."""
    if who is None or "@" not in who:
        return who
    try:
        return find_member(glance, who)
    except NotFound:
        return who


_OWN = Hot(
    select(t.Resource.key)
    .join(
        t.Membership,
        and_(t.Membership.person_id == t.Resource.person_id, t.Membership.organization_id == bindparam("organization")),
    )
    .join(
        t.ResourceKind,
        and_(t.ResourceKind.organization_id == t.Membership.organization_id, t.ResourceKind.name == t.Resource.kind),
    )
    .where(
        t.Resource.kind == bindparam("kind"),
        t.Resource.id == bindparam("id"),
        t.Resource.made_in == bindparam("organization"),
        t.Membership.id == func.coalesce(reach.OF_PERSON.scalar_subquery(), bindparam("who")),
        t.ResourceKind.visibility == "private",
        ~exists().where(t.Suspension.membership_id == t.Membership.id),
    )
)


def _of_own(glance: Glance, kind: str, id_: str, who: str | None) -> Access:
    """Something of a private kind is its maker's own where it was made, and to everybody else it does not exist."""
    given: dict[str, Any] = {"organization": glance.organization_id, "kind": kind, "id": id_, "who": who or ""}
    if not glance.read(_OWN, given):
        raise reach.not_found()
    return OWN
