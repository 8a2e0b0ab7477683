"""What is a person's own: the resources of their personal workspace (OA-1), and whatever is of a kind private to its maker.

They are its owner and admin, and to everybody else it does not exist. Nothing of it is written to an audit trail: those belong to
organizations.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from connector.errors import Unprocessable
from connector.membership.access import OWN
from connector.membership.kinds import COMMON
from connector.organizations import reach
from connector.organizations.organizations import clean_name
from connector.organizations.resource_views import ResourceView, begins, clean_id, taken
from connector.provisioning import once as kept
from connector.provisioning.once import Once
from connector.provisioning.pages import Page, Seen, page_of
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.writes import delete_rows, insert_rows, update_rows


def create(
    database: Database,
    person_id: str,
    kind: str,
    name: str,
    *,
    creator: str,
    id_: str | None = None,
    once: Once | None = None,
) -> ResourceView:
    """Make something that is one's own; without an id one is made. `creator` is what its maker is called.

    Raises Invalid `name_invalid`, `resource_id_invalid`, Unprocessable `kind_unknown`, Taken `resource_exists`, and what
    `once.find` raises.
    """
    if all(kind != known.name for known in COMMON):
        expected = "one of " + ", ".join(known.name for known in COMMON)
        raise Unprocessable("kind_unknown", "There are no resources of this kind outside of organizations.", expected=expected)
    name, id_ = clean_name(name), clean_id(id_ or new_id())

    def work(tx: Connection) -> ResourceView:
        now = datetime.now(UTC)
        if once is not None:
            kept.find(tx, once, now)
        made = make(tx, person_id, kind, id_, name, creator, now)
        if once is not None:
            kept.keep(tx, once, made, now)
        return made

    return database.write(work)


def make(
    tx: Connection, person_id: str, kind: str, id_: str, name: str, creator: str, now: datetime, made_in: str | None = None
) -> ResourceView:
    """Write it; `made_in` is the organization at whose address it was made. Raises Taken `resource_exists`."""
    if find(tx, person_id, kind, id_) is not None:
        raise taken()
    named = {"kind": kind, "id": id_, "name": name, "created_by": person_id, "creator": creator, "created_at": now}
    insert_rows(tx, t.Resource, [{"key": new_id(), "person_id": person_id, "made_in": made_in, **named}])
    return ResourceView(kind, id_, name, None, "person", creator, now, OWN.level)


def list_(
    database: Database,
    person_id: str,
    *,
    kind: str | None = None,
    q: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Page[ResourceView]:
    """What is one's own, oldest first; `q` is how name or id begin."""
    resource = t.Resource
    found = _select(person_id).where(resource.key > (after or "")).order_by(resource.key).limit(limit + 1)
    if kind is not None:
        found = found.where(resource.kind == kind)
    if q is not None:
        found = found.where(begins(q))
    with database.read() as tx:
        rows = page_of(list(tx.execute(found)), limit, lambda row: str(row.key))
    return Page(tuple(view(row) for row in rows.items), rows.next)


def show(database: Database, person_id: str, kind: str, id_: str) -> ResourceView:
    """One of one's own. Raises NotFound `resource_not_found`."""
    with database.read() as tx:
        return view(_need(tx, person_id, kind, id_, lock=False))


def rename(database: Database, person_id: str, kind: str, id_: str, name: str, *, seen: Seen | None = None) -> ResourceView:
    """Give it another name. Raises Invalid `name_invalid`, NotFound `resource_not_found`, and what `seen` raises."""
    name = clean_name(name)
    return database.write(lambda tx: change(tx, _need(tx, person_id, kind, id_, lock=True), name, seen))


def change(tx: Connection, row: Any, name: str, seen: Seen | None) -> ResourceView:
    """Write another name."""
    if seen is not None:
        seen(view(row))
    update_rows(tx, t.Resource, [{"key": row.key, "name": name}], keys=("key",))
    return ResourceView(row.kind, row.id, name, None, "person", row.creator, row.created_at, OWN.level)


def delete(database: Database, person_id: str, kind: str, id_: str, *, seen: Seen | None = None) -> None:
    """Delete it. Raises NotFound `resource_not_found`, and what `seen` raises."""
    database.write(lambda tx: drop(tx, _need(tx, person_id, kind, id_, lock=True), seen))


def drop(tx: Connection, row: Any, seen: Seen | None) -> None:
    """Delete its row."""
    if seen is not None:
        seen(view(row))
    delete_rows(tx, t.Resource, [{"key": row.key}])


def find(tx: Connection, person_id: str, kind: str, id_: str, *where: Any, lock: bool = False) -> Any | None:
    """The row of something that is a person's own; None when it is not, or not as `where` says. Whoever writes holds it until the
    end: the version that a client knows is compared with what it changes."""
    found = _select(person_id).where(t.Resource.kind == kind, t.Resource.id == id_, *where)
    return tx.execute(found.with_for_update(key_share=True) if lock else found).first()


def view(row: Any) -> ResourceView:
    """It as its owner sees it."""
    return ResourceView(row.kind, row.id, row.name, None, "person", row.creator, row.created_at, OWN.level)


def _need(tx: Connection, person_id: str, kind: str, id_: str, *, lock: bool) -> Any:
    row = find(tx, person_id, kind, id_, lock=lock)
    if row is None:
        raise reach.not_found()
    return row


def _select(person_id: str) -> Any:
    resource = t.Resource
    columns = (resource.key, resource.kind, resource.id, resource.name, resource.creator, resource.created_at)
    return select(*columns).where(resource.person_id == person_id)
