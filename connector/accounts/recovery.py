"""RECOVERY CODES of break-glass owners: ten, printed, each good for one use together with a local sign-in; and the link that an
operator prints when there is nothing else left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from connector.accounts import glass, links, persons, sessions, throttle
from connector.accounts.links import SignedIn
from connector.accounts.secret import hashed, new_code, typed
from connector.accounts.sessions import Session, Visitor
from connector.errors import Conflict, Forbidden, Unauthenticated
from connector.membership.opening import LOCAL
from connector.provisioning import apply
from connector.provisioning.acting import OPERATOR, Actor, Standing, act, called
from connector.provisioning.corridor import Corridor, Origin, enter
from connector.provisioning.once import Once
from connector.provisioning.setting import is_there
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id

CODES = 10
_GROUPS = 4  # of four letters: 69 bits, too many to be tried out against a stolen hash

_ASKED = OPERATOR.origin("an operator asked for it at the command line")


@dataclass(frozen=True, slots=True)
class _Match:
    """A printed code that somebody typed."""

    id: str
    organization_id: str


def codes(database: Database, organization_id: str, email: str, *, actor: Actor = OPERATOR) -> tuple[str, ...]:
    """Make ten codes for a break-glass owner, shown this once; the old ones are dead. Owners ask for their own; whoever holds the
    top role, and the operator, for everybody's.

    Raises Invalid `email_invalid`, Forbidden `permission_missing`, Conflict `not_break_glass`, and what `acting.act` raises.
    """
    address = persons.read_email(email)
    return _print(database, organization_id, address, lambda tx: persons.find(tx, address), actor)


def codes_of(
    database: Database, organization_id: str, person_id: str, called: str, *, actor: Actor, once: Once | None = None
) -> tuple[str, ...]:
    """The same for a person by their id, whom the audit trail calls so. Raises as `codes`, and what `once.find` raises."""
    return _print(database, organization_id, called, lambda tx: person_id, actor, once)


def _print(
    database: Database,
    organization_id: str,
    called: str,
    find: Callable[[Connection], str | None],
    actor: Actor,
    once: Once | None = None,
) -> tuple[str, ...]:
    made = tuple(new_code(_GROUPS) for _ in range(CODES))

    def work(corridor: Corridor, standing: Standing) -> tuple[str, ...]:
        _need_owner(standing)
        membership = _named(corridor, called, find(corridor.tx))
        tx, code = corridor.tx, t.RecoveryCode
        tx.execute(delete(code).where(code.membership_id == membership))
        home = {"organization_id": organization_id, "membership_id": membership, "created_at": corridor.now, "used_at": None}
        tx.execute(insert(code), [{"id": new_id(), **home, "code_hash": hashed(membership, each)} for each in made])
        apply.record(corridor, "break_glass.codes_made", called, None, {"codes": CODES})
        return made

    return act(database, organization_id, actor, "sso.manage", "somebody asked for recovery codes", work, once=once)


def _need_owner(standing: Standing) -> None:
    """Whoever breaks glass holds the top role too, so that is all that is asked."""
    if not standing.actor.is_operator and (standing.role is None or not standing.role.top):
        raise Forbidden(
            "permission_missing",
            "Recovery codes are for the owners of the organization.",
            expected="a holder of its top role",
        )


def _named(corridor: Corridor, called: str, person_id: str | None) -> str:
    owner = glass.owner(corridor.tx, corridor.organization_id, person_id)
    if owner is None or not owner.breaks_glass:
        raise Conflict(
            "not_break_glass",
            f"{called} is no active break-glass owner of this organization.",
            expected="one of `connector break-glass list ORG`",
            advice="`connector break-glass add ORG EMAIL` names another one.",
        )
    return owner.membership_id


def use(database: Database, code: str, visitor: Visitor, now: datetime) -> SignedIn:
    """Add break-glass to the visitor's session, which holds a local sign-in, by a printed code, once.

    Raises Unauthenticated `signed_out`, Forbidden `needs_local`, `recovery_code_wrong`, `not_an_owner`; TooMany
    `too_many_requests`.
    """
    session = _local(sessions.find(database, visitor.session_token, now))
    throttle.spend(database, "code_try", session.person_id, now)
    with database.read() as tx:
        match = _match(tx, session.person_id, typed(code))
    if match is None:
        raise _wrong()
    who = called(session.email, session.name, session.person_id)
    origin = Origin(who, "they signed in and typed a recovery code", visitor.address)

    def work(corridor: Corridor) -> SignedIn:
        unused = update(t.RecoveryCode).where(t.RecoveryCode.id == match.id, t.RecoveryCode.used_at.is_(None))
        if not corridor.tx.execute(unused.values(used_at=now)).rowcount:
            raise _wrong()
        email = session.email or session.person_id
        return SignedIn(glass.let_in(corridor, session.person_id, email, visitor, now), session.person_id, email, "/")

    return enter(database, match.organization_id, origin, work)


def _local(session: Session | None) -> Session:
    """The session, if a code may count in it."""
    if session is None:
        raise Unauthenticated("signed_out", "You are not signed in.", expected="a live session", advice="Sign in first.")
    if not any(each.method in LOCAL for each in session.authentications):
        raise Forbidden(
            "needs_local",
            "A recovery code counts together with a local sign-in.",
            expected="a session signed in by an e-mail link",
            advice="Sign in with an e-mail link first, then type the code.",
        )
    return session


def _match(tx: Connection, person_id: str, code: str) -> _Match | None:
    """The unused code of this person, in whichever organization: a code says by itself what it is for."""
    stored, member, held = t.RecoveryCode, t.Membership, t.Assignment
    found = (
        select(stored.id, stored.organization_id, stored.membership_id, stored.code_hash)
        .join(member, member.id == stored.membership_id)
        .join(held, (held.membership_id == member.id) & (held.source == "break_glass"))
        .where(member.person_id == person_id, stored.used_at.is_(None), is_there(stored.organization_id))
    )
    rows = tx.execute(found).all()
    return next((_Match(row.id, row.organization_id) for row in rows if row.code_hash == hashed(row.membership_id, code)), None)


def _wrong() -> Forbidden:
    return Forbidden(
        "recovery_code_wrong",
        "This is none of your recovery codes, or it has been used.",
        expected="an unused code of the newest sheet",
        advice="An operator prints new ones: `connector owner codes ORG EMAIL`.",
    )


def print_link(database: Database, organization_id: str, email: str, base_url: str, now: datetime) -> str:
    """Make a one-time link that opens the organization to one of its owners by break-glass, for 24 hours; return its URL.

    Told to all owners. Raises Invalid `email_invalid`, Forbidden `not_an_owner`.
    """
    address = persons.read_email(email)

    def work(corridor: Corridor) -> str:
        if glass.owner(corridor.tx, organization_id, persons.find(corridor.tx, address)) is None:
            raise glass.not_an_owner()
        because = ["an operator printed a link that opens the organization to this owner, once, within 24 hours"]
        apply.alert(corridor, "break_glass.link_made", address, {"email": address}, once=f"link_made:{new_id()}", because=because)
        return links.printed(corridor.tx, base_url, address, now, organization_id)

    return enter(database, organization_id, _ASKED, work)
