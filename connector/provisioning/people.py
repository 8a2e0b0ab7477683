"""Finding the Person, one function for push and sign-in (DESIGN: the model).

A pushed user is (1) whom it is linked to already; else (2) the holder of a verified address inside a domain this organization has
verified; else (3) a new Person, made by `apply` when they join, whose address counts as verified only inside such a domain. An
IdP never adds, moves or removes an address of a Person it did not create.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, or_, select

from connector.membership.domain_names import domain_of
from connector.membership.fold import fold
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import setting
from connector.storage import tables as t
from connector.storage.ids import new_id
from connector.storage.sets import among, among_these, these
from connector.storage.writes import insert_rows, update_rows


def inside(email_key: str | None, domains: Collection[str]) -> bool:
    """True when the address has exactly one @ and its domain, in IDNA form, is one of `domains` (no sub-domains)."""
    return bool(email_key) and domain_of(email_key or "") in domains


def link(corridor: Corridor, user_ids: Collection[str], domains: Collection[str]) -> int:
    """Link unlinked directory users to the persons their addresses verify; returns how many were linked.

    Never linked this way: break-glass owners, persons another record of the connection is linked to, persons this connection
    once had and deleted (a rehire is linked by its tombstone), and everybody outside the verified `domains`.
    """
    if not domains or not user_ids:
        return 0
    rows: list[dict[str, Any]] = []
    taken: set[str] = set()
    for row in corridor.tx.execute(_CANDIDATES, these(user_ids)):
        if inside(row.email_key, domains) and row.person_id not in taken:
            taken.add(row.person_id)
            rows.append({"id": row.id, "person_id": row.person_id})
    return update_rows(corridor.tx, t.DirectoryUser, rows, keys=("id",))


def _candidates() -> Any:
    user, address = t.DirectoryUser, t.Address
    other = t.DirectoryUser.__table__.alias("other")
    linked = exists().where(other.c.connection_id == user.connection_id, other.c.person_id == address.person_id)
    gone = exists().where(t.Tombstone.connection_id == user.connection_id, t.Tombstone.person_id == address.person_id)
    break_glass = (
        exists()
        .where(t.Membership.person_id == address.person_id, t.Assignment.membership_id == t.Membership.id)
        .where(t.Assignment.source == "break_glass", t.Membership.organization_id == user.organization_id)
    )
    return (
        select(user.id, user.email_key, address.person_id)
        .join(address, (address.email_key == user.email_key) & address.verified)
        .where(among_these(user.id), user.person_id.is_(None), ~linked, ~gone, ~break_glass)
        .order_by(user.id)
    )


_CANDIDATES = _candidates()
_TAKEN = select(t.Address.email_key).where(among_these(t.Address.email_key), t.Address.verified)


def taken_addresses(corridor: Corridor, keys: Collection[str]) -> frozenset[str]:
    """Which of the folded addresses are verified for somebody already."""
    return frozenset(corridor.tx.execute(_TAKEN, these(keys)).scalars())


def release_addresses(corridor: Corridor, connection_id: str, keys: Collection[str]) -> None:
    """Let verified addresses go over to another human: only from a Person this connection created and has deleted. Their sessions
    end, and so do the links that were mailed to the address."""
    gone = exists().where(t.Tombstone.person_id == t.Address.person_id, t.Tombstone.connection_id == connection_id)
    held = exists().where(t.Membership.person_id == t.Address.person_id)
    made_here = exists().where(t.Person.id == t.Address.person_id, t.Person.created_by == connection_id)
    known = (among(t.Address.email_key, keys), t.Address.verified)
    released = delete(t.Address).where(*known, gone, made_here, ~held).returning(t.Address.person_id, t.Address.email_key)
    rows = corridor.tx.execute(released).all()
    if rows:
        corridor.tx.execute(delete(t.Session).where(among(t.Session.person_id, [row.person_id for row in rows])))
        corridor.tx.execute(delete(t.EmailLink).where(among(t.EmailLink.email_key, [row.email_key for row in rows])))


def _behind(*who: ColumnElement[bool]) -> Any:
    """Persons made by the connection whose name or primary address is not what the connection says now."""
    user, person, address = t.DirectoryUser, t.Person, t.Address
    renamed = person.display_name.is_distinct_from(user.display_name)
    moved = and_(user.email.is_not(None), address.email.is_distinct_from(user.email))
    return (
        select(user.person_id, user.display_name, user.email, user.email_key)
        .add_columns(address.id.label("address_id"), address.email_key.label("known_key"), address.verified)
        .join(person, and_(person.id == user.person_id, person.created_by == user.connection_id))
        .outerjoin(address, and_(address.person_id == user.person_id, address.is_primary))
        .where(user.connection_id == bindparam("connection"), or_(renamed, moved), *who)
        .order_by(user.id)
    )


_EVERYBODY_BEHIND, _THESE_BEHIND = _behind(), _behind(among_these(t.DirectoryUser.id))


def follow(corridor: Corridor, connection_id: str, user_ids: Collection[str] | None) -> None:
    """Carry names and addresses of directory users (None: of everybody) to the persons this connection created; any other Person
    keeps what is theirs.

    The address is verified only inside a verified domain and while nobody else has it verified; a first one is added.
    """
    statement = _EVERYBODY_BEHIND if user_ids is None else _THESE_BEHIND
    rows = corridor.tx.execute(statement, {**these(user_ids or ()), "connection": connection_id}).all()
    if not rows:
        return
    corridor.lock_persons([row.person_id for row in rows])
    names = [{"id": row.person_id, "display_name": row.display_name} for row in rows]
    update_rows(corridor.tx, t.Person, names, keys=("id",))
    _move(corridor, [row for row in rows if row.email_key is not None])


def move(corridor: Corridor, person_id: str, known: Any, email: str) -> None:
    """Make `email` the primary address of one person; `known` has that of today: address_id, email_key, verified."""
    said = {"person_id": person_id, "email": email, "email_key": fold(email)}
    corridor.lock_persons([person_id])
    _move(corridor, [SimpleNamespace(**said, address_id=known.address_id, known_key=known.email_key, verified=known.verified)])


def _move(corridor: Corridor, rows: Sequence[Any]) -> None:
    """Make what is said now the primary address of the persons of these rows.

    A verified one outside the domains that are verified here stays: the mailbox is no longer the organization's, and whoever has
    the domain of the primary address opens what is the person's own."""
    domains, taken = setting(corridor).domains, set(taken_addresses(corridor, [row.email_key for row in rows]))
    moved, first = [], []
    for row in rows:
        if row.verified and not inside(row.known_key, domains):
            continue
        mine = row.verified and row.email_key == row.known_key
        verified = inside(row.email_key, domains) and (mine or row.email_key not in taken)
        taken.add(row.email_key)
        said = {"email": row.email, "email_key": row.email_key, "verified": verified}
        if row.address_id is not None:
            moved.append({"id": row.address_id, **said})
        else:
            new = {"id": new_id(), "person_id": row.person_id, "is_primary": True, "created_at": corridor.now}
            first.append({**new, **said})
    update_rows(corridor.tx, t.Address, moved, keys=("id",))
    insert_rows(corridor.tx, t.Address, first)
