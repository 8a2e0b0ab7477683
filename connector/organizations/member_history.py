"""HISTORY of a member: what the audit trail says of them, under every name that this organization knows them by."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, union_all

from connector.organizations.member_views import find
from connector.provisioning import history
from connector.provisioning.acting import OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.provisioning.history import READ_AUDIT, AuditFilter, AuditItem
from connector.provisioning.pages import Page
from connector.storage import tables as t
from connector.storage.database import Database


def page(
    database: Database, organization_id: str, who: str, *, limit: int, after: str | None = None, actor: Actor = OPERATOR
) -> Page[AuditItem]:
    """Return a page of entries about a member, newest first. For whom `audit.read` is.

    Raises NotFound `member_not_found`, Conflict `member_ambiguous`, Invalid `cursor_invalid`, and what `acting.look` raises.
    """

    def work(glance: Glance, _: Standing) -> tuple[str, ...]:
        return _names(glance, find(glance, who))

    targets = look(database, organization_id, actor, READ_AUDIT, work)
    return history.audit_page(database, organization_id, AuditFilter(targets=targets), limit=limit, after=after, actor=actor)


def _names(glance: Glance, membership_id: str) -> tuple[str, ...]:
    """What entries call them: ids, their primary address, and what this organization's identity providers call them. Not their
    other addresses: that those are theirs is not known here."""
    member, address, user, known = t.Membership, t.Address, t.DirectoryUser, t.ExternalIdentity
    person = select(member.person_id).where(member.id == membership_id).scalar_subquery()
    pushed = (user.organization_id == glance.organization_id, user.person_id == person)
    named: Any = union_all(
        select(member.person_id).where(member.id == membership_id),
        select(address.email).where(address.person_id == person, address.is_primary),
        select(user.email).where(*pushed),
        select(user.user_name).where(*pushed),
        select(known.email).where(known.organization_id == glance.organization_id, known.person_id == person),
    )
    said = [name for (name,) in glance.tx.execute(named) if name]
    return tuple(dict.fromkeys((membership_id, *said, *(f"person:{name}" for name in said[:1]))))
