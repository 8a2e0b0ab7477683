"""ANOTHER CATALOGUE: when ranks or the default role are others, the same rows of the ledger come to another role.

One statement finds whose, whatever the number of members; what is written beside each is what `apply` writes for a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, func, select, update

from connector.membership.model import AccessChange, Subject
from connector.provisioning import apply
from connector.provisioning.corridor import Corridor
from connector.storage import tables as t
from connector.storage.sets import among


def effective_roles(corridor: Corridor, because: str) -> tuple[AccessChange, ...]:
    """Bring everybody's effective role in line with the catalogue and the default role as they are written now.

    Also in a preview, which is rolled back. Needs the exclusive lock; who may be left without an owner is the caller's to guard.
    """
    corridor.need_exclusive()
    moved = corridor.tx.execute(_moved(corridor.organization_id)).all()
    for role in sorted({row.becomes for row in moved}):
        theirs = among(t.Membership.id, [row.id for row in moved if row.becomes == role])
        corridor.tx.execute(update(t.Membership).where(theirs).values(role=role))
    _tell(corridor, moved, because)
    return tuple(AccessChange(Subject(row.id, row.email), "role", row.role, row.becomes, (because,)) for row in moved)


def _moved(organization_id: str) -> Any:
    member, row, role = t.Membership, t.Assignment, t.Role
    highest = (
        select(role.name)
        .join(row, and_(row.organization_id == role.organization_id, row.level == role.name))
        .where(row.membership_id == member.id, row.target_kind == "role")
        .order_by(role.rank.desc())
        .limit(1)
        .correlate(member)
    )
    becomes = func.coalesce(highest.scalar_subquery(), t.Organization.default_role)
    return (
        select(member.id, member.person_id, member.role, becomes.label("becomes"), t.Address.email)
        .join(t.Organization, t.Organization.id == member.organization_id)
        .outerjoin(t.Address, and_(t.Address.person_id == member.person_id, t.Address.is_primary))
        .where(member.organization_id == organization_id, member.role != becomes)
        .order_by(member.id)
    )


def _tell(corridor: Corridor, moved: Sequence[Any], because: str) -> None:
    roles: dict[str, dict[str, Any]] = {name: {"role": name} for row in moved for name in (row.role, row.becomes)}
    entries = [(row.email or row.person_id, roles[row.role], roles[row.becomes]) for row in moved]
    apply.audit_all(corridor, "member.changed", entries, [because])
    whose = [{"membership_id": row.id, "person_id": row.person_id, "email": row.email} for row in moved]
    sentences = [because, corridor.origin.sentence]
    told = [{"before": before, "after": after, "because": sentences} for _, before, after in entries]
    apply.tell(corridor, "member.changed", [{**who, **what} for who, what in zip(whose, told, strict=True)])
