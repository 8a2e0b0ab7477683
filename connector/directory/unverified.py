"""UNVERIFIED addresses on going back: whom a mailed link helps, and who is named instead (DESIGN section 5).

People sign in with e-mail links then, and these find somebody by a verified address only. One that somebody else has verified
stays theirs, so a link for it would be refused: nobody is mailed one, and the plan says what can be done before it is applied.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import exists, select

from connector.accounts.persons import holders, one_spelling
from connector.directory.activation import NAMED, listed
from connector.provisioning import apply
from connector.provisioning.corridor import Corridor
from connector.storage import tables as t
from connector.storage.sets import among

_MAILED = "Members without a verified address: {}. Each is mailed a link that verifies it."
_ANOTHERS = (
    "Members whose address is another member's already: {}. They are mailed nothing and cannot sign in afterwards: remove this"
    " second membership, or give it an address of its own at the identity provider first."
)
_TAKEN = (
    "Members whose address cannot be verified here: {}. They are mailed nothing and cannot sign in afterwards: give them another"
    " address at the identity provider first, or remove them and invite whoever has this address."
)
_WITHOUT = "Members without any address: {}. They cannot sign in until they are invited anew, by an address."


def tell(corridor: Corridor) -> tuple[str, ...]:
    """Notes about the active members whom no e-mail link would find. For each whom a link helps an event becomes a mail with one.

    Of an address that somebody outside has verified no more is said than that it cannot be verified here.
    """
    rows = _found(corridor)
    addressed = [row for row in rows if row.email]
    mailed, others = _shared_out(corridor, addressed)
    apply.tell(corridor, "address.unverified", [{"target": row.email, "person_id": row.person_id} for row in mailed])
    here = _members(corridor, set(others.values()))
    notes = (
        (_MAILED, [row.email for row in mailed]),
        (_ANOTHERS, [_called(row) for row in addressed if others.get(row.person_id) in here]),
        (_TAKEN, [_called(row) for row in addressed if row.person_id in others and others[row.person_id] not in here]),
        (_WITHOUT, [row.display_name or row.person_id for row in rows if not row.email]),
    )
    return tuple(words.format(listed(names[:NAMED], len(names))) for words, names in notes if names)


def _found(corridor: Corridor) -> Sequence[Any]:
    """The active members without a verified address, with their primary one, oldest first."""
    member, address = t.Membership, t.Address
    out = exists().where(t.Suspension.membership_id == member.id)
    proved = address.__table__.alias("proved")
    verified = exists().where(proved.c.person_id == member.person_id, proved.c.verified)
    found = (
        select(member.person_id, address.email, t.Person.display_name)
        .join(t.Person, t.Person.id == member.person_id)
        .outerjoin(address, (address.person_id == member.person_id) & address.is_primary)
        .where(member.organization_id == corridor.organization_id, ~out, ~verified)
        .order_by(member.id)
    )
    return corridor.tx.execute(found).all()


def _shared_out(corridor: Corridor, rows: Sequence[Any]) -> tuple[list[Any], dict[str, str]]:
    """Whom a link helps, and for the others whose their address is: of several members with one address that nobody has verified
    the oldest gets it."""
    known = holders(corridor.tx, [row.email for row in rows])
    first = {one_spelling(email): person_id for email, person_id in known.items()}
    whose = {row.person_id: first.setdefault(one_spelling(row.email), row.person_id) for row in rows}
    others = {person_id: holder for person_id, holder in whose.items() if holder != person_id}
    return [row for row in rows if row.person_id not in others], others


def _members(corridor: Corridor, persons: Collection[str]) -> set[str]:
    """Which of these people are members here."""
    member = t.Membership
    mine = select(member.person_id).where(member.organization_id == corridor.organization_id, among(member.person_id, persons))
    return set(corridor.tx.execute(mine).scalars())


def _called(row: Any) -> str:
    return f"{row.display_name} ({row.email})" if row.display_name else str(row.email)
