"""RECOGNITION: who is it here? A verified identity is looked for in one order, and nothing is written (DESIGN section 7).

1. the subject, as this connection knows it;
2. a user of the live directory: by immutable id or externalId, then by userName or e-mail inside a verified domain;
3. the holder of a verified address inside a verified domain;
4. nobody yet: a new Person, where members may be made on the way in.

An address counts only inside a domain that this organization has verified, and only if the IdP does not call it unverified. No
way but the subject leads to somebody who has another subject at this connection, or to a break-glass owner.

Before all that: a break-glass owner who is signed in here with their own means in the same browser, and holds the address, links
the account to themselves, whatever it was taken for when it was pushed or came in alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, select

from connector.directory import ways
from connector.directory.departures import MEMORY
from connector.errors import ConnectorError, Forbidden
from connector.membership.fold import fold
from connector.membership.identity import VerifiedIdentity
from connector.membership.ledger import breaks_glass
from connector.membership.model import Cause, Subject
from connector.provisioning import facts, people
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry, Known
from connector.storage import tables as t
from connector.storage.hot import Hot


@dataclass(frozen=True, slots=True)
class Recognised:
    """Who it is. `person_id` is None for somebody to be made; `identity_id` for a subject to be linked; `user` is their record in
    the live directory, locked; `entry` their membership, locked, with what they hold (not a member: `entry.membership_id` is
    None). `known` is the person's row: name, who made them, primary address. `taken_from` is the person whose the subject was
    until now."""

    person_id: str | None
    identity_id: str | None
    user: Known | None
    entry: Entry
    known: Any = None
    taken_from: str | None = None


def recognise(corridor: Corridor, identity: VerifiedIdentity, jit: str, signed_in_as: str | None) -> Recognised:
    """Find out who it is, lock and judge. `jit` is the connection's setting; `signed_in_as` the person of the live session that
    the browser came with, where a local authentication or break-glass is in it.

    Raises Forbidden with the codes of docs/errors.md: `second_subject`, `deprovisioned`, `not_in_directory`, `blocked`,
    `suspended`, `break_glass`, `email_missing`, `email_unverified`, `domain_not_verified`, `jit_off`, `link_ambiguous`.
    """
    if identity.subject.mutable and not people.inside(fold(identity.subject.value), corridor.entered.domains):
        raise _refusal("domain_not_verified", identity)
    row = _KNOWN.first(corridor.connection, _subject(corridor, identity))
    own = _own_account(corridor, identity, signed_in_as)
    if own is not None and (row is None or row.person_id != own):
        return _judged(corridor, identity, _theirs_now(corridor, identity, own, row), jit)
    if row is not None:
        return _judged(corridor, identity, _lock(corridor, row.person_id, row.user_id, row.identity_id, row), jit)
    user = _pushed(corridor, identity) if corridor.entered.authority else None
    person_id = user.person_id if user else _holder(corridor, identity)
    if person_id is not None:
        _refuse_second_subject(corridor, identity, person_id)
    row = _PERSON.first(corridor.connection, {"person": person_id}) if person_id else None
    user_id = user.id if user else _record_of(corridor, person_id)
    found = _lock(corridor, person_id, user_id, None, row)
    if breaks_glass(found.entry.holding):
        raise _refusal("break_glass", identity)
    return _judged(corridor, identity, found, jit)


# ------------------------------------------------------------------------------------------------------------- looking for

_WHO, _PERS, _ADDR, _USER = t.ExternalIdentity, t.Person, t.Address, t.DirectoryUser
_ABOUT_PERSON = (
    _PERS.display_name,
    _PERS.created_by,
    _ADDR.id.label("address_id"),
    _ADDR.email,
    _ADDR.email_key,
    _ADDR.verified,
)
_PRIMARY = and_(_ADDR.person_id == _PERS.id, _ADDR.is_primary)
_KNOWN = Hot(
    select(_WHO.id.label("identity_id"), _WHO.person_id, *_ABOUT_PERSON, _USER.id.label("user_id"))
    .join(_PERS, _PERS.id == _WHO.person_id)
    .outerjoin(_ADDR, _PRIMARY)
    .outerjoin(_USER, and_(_USER.person_id == _WHO.person_id, _USER.connection_id == bindparam("authority")))
    .where(_WHO.connection_id == bindparam("connection"), _WHO.issuer == bindparam("issuer"))
    .where(_WHO.kind == bindparam("kind"), _WHO.subject == bindparam("subject"))
)
_PERSON = Hot(select(_PERS.id, *_ABOUT_PERSON).outerjoin(_ADDR, _PRIMARY).where(_PERS.id == bindparam("person")))


def _subject(corridor: Corridor, identity: VerifiedIdentity) -> dict[str, Any]:
    subject = identity.subject
    named = {"issuer": subject.issuer, "kind": subject.kind, "subject": ways.subject_value(identity)}
    return {"connection": identity.connection_id, "authority": corridor.entered.authority or "", **named}


def _pushed(corridor: Corridor, identity: VerifiedIdentity) -> Known | None:
    """The user of the live directory whom the identity means, locked."""
    domains = corridor.entered.domains
    named = ways.by_name(identity, domains)
    for way in (*ways.by_id(identity), *named, *ways.by_email(identity, domains)):
        user_ids = _users(corridor, way)
        by_name = any(way is each for each in named)
        if len(user_ids) > 1 or (user_ids and by_name and _address_means_another(corridor, identity, user_ids[0])):
            raise _refusal("link_ambiguous", identity)
        if user_ids:
            locked = facts.lock_users(corridor, corridor.entered.authority or "", user_ids)
            # Whoever waited for the lock sees what the user was before: look once more, now that nobody can change it.
            return locked[0] if locked and _users(corridor, way) == user_ids else _pushed(corridor, identity)
    return None


def _address_means_another(corridor: Corridor, identity: VerifiedIdentity, user_id: str) -> bool:
    """Whether the address that came with a userName is known, and that of others only: some IdPs let people choose their name."""
    fits = ways.fits_email(identity, corridor.entered.domains)
    others = _users(corridor, fits) if fits is not None else []
    return bool(others) and user_id not in others


def _users(corridor: Corridor, way: ColumnElement[bool]) -> Sequence[str]:
    """The users that fit, active ones if there are any."""
    found = select(_USER.id, _USER.active, _USER.overridden).where(_USER.connection_id == corridor.entered.authority, way)
    rows = corridor.connection.execute(found.order_by(_USER.id).limit(20)).all()
    active = [row.id for row in rows if row.active or row.overridden]
    return active or [row.id for row in rows]


def _holder(corridor: Corridor, identity: VerifiedIdentity) -> str | None:
    email = ways.trusted_key(identity, corridor.entered.domains)
    holder = select(_ADDR.person_id).where(_ADDR.email_key == email, _ADDR.verified)
    return corridor.connection.execute(holder).scalar_one_or_none() if email else None


_GLASS, _MEMBER = t.Assignment, t.Membership


def _own_account(corridor: Corridor, identity: VerifiedIdentity, signed_in_as: str | None) -> str | None:
    """The break-glass owner in this browser, if the address that came is theirs. The address is the second thing that must fit:
    on a shared computer a session may be another's."""
    if signed_in_as is None or _holder(corridor, identity) != signed_in_as:
        return None
    mine = (
        _MEMBER.organization_id == corridor.organization_id,
        _MEMBER.person_id == signed_in_as,
        _GLASS.source == "break_glass",
    )
    held = select(_GLASS.membership_id).join(_MEMBER, _MEMBER.id == _GLASS.membership_id).where(*mine).limit(1)
    return signed_in_as if corridor.connection.execute(held).first() else None


def _theirs_now(corridor: Corridor, identity: VerifiedIdentity, own: str, row: Any) -> Recognised:
    """A break-glass owner takes the subject to themselves; what the directory pushed stays with whom it became."""
    _refuse_second_subject(corridor, identity, own)
    found = _lock(corridor, own, _record_of(corridor, own), None, _PERSON.first(corridor.connection, {"person": own}))
    return found if row is None else replace(found, identity_id=row.identity_id, taken_from=row.person_id)


def _record_of(corridor: Corridor, person_id: str | None) -> str | None:
    """What the live directory has of somebody who was found by their address."""
    if person_id is None or corridor.entered.authority is None:
        return None
    mine = select(_USER.id).where(_USER.connection_id == corridor.entered.authority, _USER.person_id == person_id)
    return corridor.connection.execute(mine).scalar_one_or_none()


def _refuse_second_subject(corridor: Corridor, identity: VerifiedIdentity, person_id: str) -> None:
    """Refuse a person whom this connection knows as another. As the same, they were linked a moment ago, and this sign-in loses
    the race for the subject: it is run again, and finds them by it."""
    mine = (_WHO.connection_id == identity.connection_id, _WHO.person_id == person_id)
    other = select(_WHO.issuer, _WHO.kind, _WHO.subject).where(*mine)
    row = corridor.connection.execute(other).first()
    if row is not None and tuple(row) != (identity.subject.issuer, identity.subject.kind, ways.subject_value(identity)):
        raise _refusal("second_subject", identity)


# ----------------------------------------------------------------------------------------------------------------- locking


def _lock(corridor: Corridor, person_id: str | None, user_id: str | None, identity_id: str | None, known: Any) -> Recognised:
    """Lock the directory's record, then the membership, and read what they hold."""
    users = facts.lock_users(corridor, corridor.entered.authority or "", [user_id]) if user_id else []
    if users:
        [entry] = facts.known_people(corridor, users)
        return Recognised(person_id, identity_id, users[0], entry, known)
    found = facts.members_of(corridor, [person_id]) if person_id else []
    return Recognised(person_id, identity_id, None, found[0] if found else _stranger(person_id, known), known)


def _stranger(person_id: str | None, known: Any) -> Entry:
    subject = Subject(f"person:{person_id or 'new'}", known.email if known else None)
    return facts.stranger(subject, person_id, known.display_name if known else None)


# ----------------------------------------------------------------------------------------------------------------- judging


def _judged(corridor: Corridor, identity: VerifiedIdentity, found: Recognised, jit: str) -> Recognised:
    """Refuse whom the directory, an admin or the connection keeps out."""
    user, entry = found.user, found.entry
    if user is not None and not (user.active or user.overridden):
        raise _refusal("deprovisioned", identity)
    for cause in _CAUSES:
        if cause in entry.holding.causes:
            raise _refusal(_CAUSES[cause], identity)
    if Cause.CANNOT_LINK in entry.holding.causes and user is None and corridor.entered.authority is not None:
        raise _refusal("not_in_directory", identity)  # only the directory's record would lift it
    if entry.membership_id is None:
        _may_be_made(corridor, identity, found, jit)
    return found


_CAUSES = {Cause.BLOCK: "blocked", Cause.ADMIN: "suspended", Cause.DIRECTORY: "deprovisioned"}


def _may_be_made(corridor: Corridor, identity: VerifiedIdentity, found: Recognised, jit: str) -> None:
    """Whether somebody who is no member may become one by signing in."""
    directory = corridor.entered.authority is not None
    if found.user is not None:
        raise _refusal("no_matching_group", identity)  # the directory knows them, and the rules did not let them in
    if directory and jit != "on":
        raise _refusal("not_in_directory", identity)
    if jit == "off":
        raise _refusal("jit_off", identity)
    if directory and _left(corridor, identity, found.person_id):
        raise _refusal("deprovisioned", identity)
    _refuse_address(corridor, identity)


def _refuse_address(corridor: Corridor, identity: VerifiedIdentity) -> None:
    profile = identity.profile
    if not profile.email:
        raise _refusal("email_missing", identity)
    if profile.email_verified is False:
        raise _refusal("email_unverified", identity)
    if ways.trusted_email(identity, corridor.entered.domains) is None:
        raise _refusal("domain_not_verified", identity)


def _left(corridor: Corridor, identity: VerifiedIdentity, person_id: str | None) -> bool:
    """Whether the live directory once had this person and deleted them."""
    stone, profile = t.Tombstone, identity.profile
    names = [fold(each) for each in (profile.user_name, profile.email) if each]
    same = or_(
        stone.user_name_key.in_(names), stone.external_id == (profile.external_id or ""), stone.person_id == (person_id or "")
    )
    found = exists().where(stone.connection_id == corridor.entered.authority, stone.kind == "user", same)
    recent = found.where(stone.deleted_at > corridor.now - MEMORY, stone.restored_at.is_(None))
    return bool(corridor.connection.execute(select(recent)).scalar_one())


# ---------------------------------------------------------------------------------------------------------------- refusals

_SAID: dict[str, tuple[str, str, str]] = {
    "second_subject": (
        "Another account of the identity provider is linked to this person already.",
        "one account per person and connection",
        "If it is the same person with a new account: `connector member unlink ORG EMAIL`, then sign in again.",
    ),
    "link_ambiguous": (
        "Several people of the directory fit this sign-in.",
        "one person with this id or address",
        "Send the pushed externalId in the sign-in as well, or give each person an address of their own.",
    ),
    "break_glass": (
        "This address belongs to a break-glass owner, who is not linked by an address.",
        "a break-glass owner who is signed in here with their own means in the same browser",
        "Sign in with the e-mail link and a recovery code first, then through the identity provider.",
    ),
    "deprovisioned": (
        "The directory has deactivated or deleted this person.",
        "somebody who is active in the directory",
        "Activate or assign the person at the identity provider, and let it push.",
    ),
    "suspended": (
        "An admin of this organization has suspended this person.",
        "a member who is not suspended",
        "`connector member unsuspend`.",
    ),
    "blocked": (
        "An admin of this organization has removed and blocked this person.",
        "somebody not blocked",
        "`connector member unblock`.",
    ),
    "not_in_directory": (
        "The directory does not know this person.",
        "somebody whom the identity provider has pushed",
        "Assign the person to the application that pushes. Or let sign-ins make members:"
        " `connector connection set CONNECTION --jit on`.",
    ),
    "no_matching_group": (
        "No rule lets this person in: they are in none of the groups that rules name.",
        "somebody in a group that a rule names",
        "Put the person into such a group at the identity provider, or add a rule.",
    ),
    "jit_off": (
        "Sign-ins through this connection make no members.",
        "somebody who is a member already",
        "`connector connection set CONNECTION --jit on` lets them.",
    ),
    "email_missing": (
        "The identity provider sent no e-mail address.",
        "an attribute that holds the address",
        "Map the address at the identity provider to the attribute that this connection reads.",
    ),
    "email_unverified": (
        "The identity provider says that this address is not verified.",
        "a verified address",
        "Verify the person's address at the identity provider.",
    ),
    "domain_not_verified": (
        "The address lies outside the domains that this organization has verified.",
        "an address inside a verified domain",
        "`connector domain add ORG DOMAIN`, then verify it; or change the person's address at the identity provider.",
    ),
}


def _refusal(code: str, identity: VerifiedIdentity) -> ConnectorError:
    detail, expected, advice = _SAID[code]
    return Forbidden(code, detail, expected=expected, advice=advice.replace("CONNECTION", identity.connection_id))
