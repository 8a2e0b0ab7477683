"""ONE ORGANIZATION PER ACCOUNT: where this policy is on, a person belongs to one organization and to no other (TG-2).

It binds what people and admins do: accepting an invitation, adding somebody, founding an organization. What an identity provider
pushes is never refused for it, for that would tell it where else somebody belongs (docs/decisions/0028).
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from connector.errors import Conflict
from connector.provisioning.corridor import Corridor
from connector.storage import tables as t
from connector.storage.hot import Hot

_POLICY = Hot(select(t.Organization.single_org).where(t.Organization.id == bindparam("organization")))
_ELSEWHERE = Hot(
    select(t.Membership.organization_id, t.Organization.single_org)
    .join(t.Organization, t.Organization.id == t.Membership.organization_id)
    .where(
        t.Membership.person_id == bindparam("person"),
        t.Membership.organization_id != bindparam("organization"),
        t.Organization.deleted_at.is_(None),
    )
    .order_by(t.Membership.organization_id)
)


def refuse(corridor: Corridor, person_id: str) -> None:
    """For who is about to join here by their own act or an admin's. Locks the person's row first, so that two who join at once in
    two places do not both find the person free. Raises Conflict `single_org`."""
    corridor.lock_persons([person_id])
    if in_the_way(corridor.tx, corridor.organization_id, person_id):
        raise Conflict(
            "single_org",
            "This person belongs to another organization already, and one of the two does not share its people.",
            expected="somebody who belongs to no other organization",
            advice="Who was invited may ask to move: the inviting organization then lets them in, and they leave the other.",
        )


def in_the_way(tx: Connection, organization_id: str, person_id: str) -> list[str]:
    """The ids, in order, of the organizations that somebody would have to leave to join this one; none where that need not be."""
    given = {"organization": organization_id, "person": person_id}
    others = _ELSEWHERE.all(tx, given)
    alone_here = any(row.single_org for row in _POLICY.all(tx, given))
    return [row.organization_id for row in others if alone_here or row.single_org]
