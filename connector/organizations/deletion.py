"""DELETION: an organization is gone at once for everybody, and for good 30 days later (docs/decisions/0029).

Nothing of it is touched but the moment of its deletion, so that it can be brought back as it was. Whatever finds organizations by
something else than their corridor leaves deleted ones out (`setting.is_there`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update

from connector.errors import Conflict, NotFound
from connector.organizations import resources
from connector.organizations.organization_rows import VIEW, OrganizationView, view
from connector.organizations.resources import Owned
from connector.provisioning import apply
from connector.provisioning.acting import OPERATOR, Actor, Standing, act
from connector.provisioning.corridor import Corridor, lock_organization, open_new
from connector.storage import tables as t
from connector.storage.database import Database

KEPT = timedelta(days=30)


def remove(database: Database, organization_id: str, *, actor: Actor = OPERATOR) -> None:
    """Delete an organization that owns nothing. Everybody signed in through its identity providers is signed out.

    Raises Conflict `owns_resources`, and what `acting.act` raises.
    """

    def work(corridor: Corridor, standing: Standing) -> None:
        _refuse_owner(resources.owned(corridor.tx, organization_id))
        _end_authentications(corridor)
        slug = corridor.tx.execute(select(t.Organization.slug).where(t.Organization.id == organization_id)).scalar_one()
        apply.record(corridor, "organization.deleted", f"organization:{slug}", {"slug": slug}, None)
        chosen = update(t.Organization).where(t.Organization.id == organization_id)
        corridor.tx.execute(chosen.values(deleted_at=corridor.now))

    act(database, organization_id, actor, "org.delete", "the organization was deleted", work, exclusive=True)


def _refuse_owner(owned: Owned) -> None:
    if owned.count:
        more = "" if owned.count == len(owned.first) else f" and {owned.count - len(owned.first)} more"
        raise Conflict(
            "owns_resources",
            f"The organization owns {owned.count} resource{'s' if owned.count > 1 else ''}: {', '.join(owned.first)}{more}.",
            expected="an organization that owns nothing",
            advice="Delete them first: what becomes of them is for the application to say.",
        )


def _end_authentications(corridor: Corridor) -> None:
    mine = (t.Authentication.organization_id == corridor.organization_id, t.Authentication.ended_at.is_(None))
    corridor.tx.execute(update(t.Authentication).where(*mine).values(ended_at=corridor.now))


def restore(database: Database, slug_or_id: str, *, actor: Actor = OPERATOR) -> OrganizationView:
    """Bring a deleted organization back as it was; people sign in anew.

    Raises NotFound `organization_not_found` when none is kept by this id or slug, and for whoever does not run the installation.
    """

    def work(tx: Connection) -> OrganizationView:
        now = datetime.now(UTC)
        organization_id = _kept(tx, slug_or_id, now)
        lock_organization(tx, organization_id, exclusive=True)
        here = (t.Organization.id == organization_id, t.Organization.deleted_at > now - KEPT)
        if not tx.execute(update(t.Organization).where(*here).values(deleted_at=None)).rowcount:
            raise _nothing()  # somebody else brought it back, or it was swept
        row = tx.execute(VIEW.where(t.Organization.id == organization_id)).one()
        with open_new(tx, organization_id, actor.origin("the organization was brought back")) as corridor:
            apply.record(corridor, "organization.restored", f"organization:{row.slug}", None, {"slug": row.slug})
        return view(row)

    if not actor.runs_installation:
        raise _nothing()
    return database.write(work)


def _kept(tx: Connection, slug_or_id: str, now: datetime) -> str:
    called = or_(t.Organization.id == slug_or_id, t.Organization.slug == slug_or_id)
    found = tx.execute(select(t.Organization.id).where(called, t.Organization.deleted_at > now - KEPT)).scalar_one_or_none()
    if found is None:
        raise _nothing()
    return found


def _nothing() -> NotFound:
    return NotFound(
        "organization_not_found",
        "There is no such organization among the deleted ones.",
        expected="one that was deleted in the last 30 days",
        advice="`connector org list --deleted` shows them.",
    )


def sweep(database: Database, now: datetime) -> int:
    """Delete for good, with everything in it, what was deleted 30 days ago, one organization at a time; returns how many."""
    old = select(t.Organization.id).where(t.Organization.deleted_at <= now - KEPT).order_by(t.Organization.id)
    with database.read() as tx:
        ids = tx.execute(old).scalars().all()
    return sum(database.write(lambda tx, id_=id_: _sweep(tx, id_, now)) for id_ in ids)  # type: ignore[misc]


def _sweep(tx: Connection, organization_id: str, now: datetime) -> int:
    """Whoever has brought it back meanwhile keeps it. Children go first: some point at others without a cascade."""
    lock_organization(tx, organization_id, exclusive=True)
    here = (t.Organization.id == organization_id, t.Organization.deleted_at <= now - KEPT)
    if tx.execute(select(t.Organization.id).where(*here)).first() is None:
        return 0
    for table in reversed(t.metadata.sorted_tables):
        if "organization_id" in table.c:
            tx.execute(delete(table).where(table.c.organization_id == organization_id))
    return int(tx.execute(delete(t.Organization).where(*here)).rowcount)
