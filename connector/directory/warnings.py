"""WARNINGS: what of an organization needs somebody's attention now, for the banner of the console. Mails about the same things
are written by `upkeep.py` and `domain_checks.py`.

It is looked at for every page, so it is a handful of small statements, whatever the number of people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import and_, bindparam, exists, func, or_, select

from connector.directory import bursts
from connector.directory.connections import MANAGE
from connector.directory.domain_checks import PATIENCE
from connector.directory.upkeep import SILENCE
from connector.provisioning.acting import OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot

SOON = timedelta(days=30)
"""How long before the end of a token or a certificate it is warned of."""


@dataclass(frozen=True, slots=True)
class Caution:
    """Something to attend to. `bad` is what does not work now, `warn` what will not, or should be looked at; `tail` the page of
    the console, behind the organization's address, where it is put right, and `words` those of the link to it. Names in the
    sentence are isolated, for they may be written from right to left."""

    severity: Literal["bad", "warn"]
    sentence: str
    tail: str
    words: str = "Open the connection"


def current(database: Database, organization_id: str, now: datetime, *, actor: Actor = OPERATOR) -> tuple[Caution, ...]:
    """Return what needs attention, the worst first. For whom `sso.manage` is. Raises what `acting.look` raises."""

    def work(glance: Glance, _: Standing) -> tuple[Caution, ...]:
        given = {"organization": glance.organization_id}
        connections = glance.read(_CONNECTIONS, given)
        in_sso = any(row.membership_mode == "sso" for row in connections)
        found = [each for row in connections for each in _of_connection(row, now)]
        if connections:
            found += [*_tokens(glance, given, now), *_domains(glance, given, in_sso=in_sso), *_rules(glance, given)]
        if in_sso:
            found += [*_burst(glance, now), *_withheld(glance, given), *_break_glass(glance, given)]
        return tuple(sorted(found, key=lambda each: each.severity != "bad"))

    return look(database, organization_id, actor, MANAGE, work)


def _named(name: str) -> str:
    """A name inside a sentence, with the marks that keep its direction its own (Unicode Standard Annex 9, FSI and PDI)."""
    return f"\u2068{name}\u2069"


def day(at: datetime) -> str:
    """A day for people."""
    return f"{at.day} {at:%B %Y}"


# ----------------------------------------------------------------------------------------------------------------- connections

_MINE = t.Connection.organization_id == bindparam("organization")
_LAST_CERTIFICATE = (
    select(func.max(t.IdpCertificate.not_after))
    .where(t.IdpCertificate.connection_id == t.Connection.id, t.IdpCertificate.leaves_at.is_(None))
    .scalar_subquery()
)
_CONNECTIONS = Hot(
    select(
        t.Connection.id,
        t.Connection.name,
        t.Connection.state,
        t.Connection.directory,
        t.Connection.last_heard_at,
        t.Connection.created_at,
        t.Organization.membership_mode,
        t.SignOn.protocol,
        t.SignOn.metadata_url,
        t.SignOn.metadata_error,
        t.SignOn.metadata_valid_until,
        _LAST_CERTIFICATE.label("certificate"),
    )
    .join(t.Organization, t.Organization.id == t.Connection.organization_id)
    .outerjoin(t.SignOn, t.SignOn.connection_id == t.Connection.id)
    .where(_MINE)
    .order_by(t.Connection.id)
)


def _of_connection(row: Any, now: datetime) -> Iterator[Caution]:
    """What is wrong with an active connection: others are nobody's way in."""
    if row.state != "active":
        return
    tail = f"/connections/{row.id}"
    if row.protocol is None:
        yield Caution("bad", f"Nobody can sign in through {_named(row.name)}: it is active, and not set up for signing in.", tail)
    if row.directory == "live" and (row.last_heard_at or row.created_at) <= now - SILENCE:
        pushed = f"has pushed nothing since {day(row.last_heard_at)}" if row.last_heard_at else "has never pushed anything"
        yield Caution("bad", f"{_named(row.name)} {pushed}: people who leave may still have access.", tail)
    if row.directory == "paused":
        yield Caution("warn", f"The directory of {_named(row.name)} is paused: nothing that changes there arrives here.", tail)
    past = row.metadata_valid_until is not None and row.metadata_valid_until <= now
    if row.metadata_url and (row.metadata_error or past):
        yield Caution("warn", f"The metadata of {_named(row.name)} cannot be refreshed; what is known stays in force.", tail)
    if row.certificate is not None and row.certificate <= now + SOON:
        yield Caution("warn", _certificate(row, now), tail)


def _certificate(row: Any, now: datetime) -> str:
    last = f"The last signing certificate of {_named(row.name)}"
    if row.certificate <= now:
        return f"{last} ended on {day(row.certificate)}. It goes on working; renew it."
    return f"{last} ends {_left(row.certificate, now)}: renew it at the identity provider."


def _left(at: datetime, now: datetime) -> str:
    days = (at - now).days
    left = "within a day" if days < 1 else "in 1 day" if days == 1 else f"in {days} days"
    return f"{left}, on {day(at)}"


# ---------------------------------------------------------------------------------------------------------------------- tokens

_TOKEN = t.ScimToken
_CLIENT = exists().where(t.ScimClient.connection_id == t.Connection.id, t.ScimClient.revoked_at.is_(None))
_TOKENS = Hot(
    select(t.Connection.id, t.Connection.name, _TOKEN.hint, _TOKEN.expires_at, _TOKEN.last_used_at)
    .join(_TOKEN, _TOKEN.connection_id == t.Connection.id)
    .where(_MINE, t.Connection.state != "disabled", t.Connection.directory != "off")
    .where(_TOKEN.client_id.is_(None), _TOKEN.revoked_at.is_(None), ~_CLIENT)
    .order_by(t.Connection.id, _TOKEN.expires_at)
)


def _tokens(glance: Glance, given: dict[str, str], now: datetime) -> Iterator[Caution]:
    """Of connections that push by tokens: the last one has ended, or the one in use ends."""
    for connection_id, rows in groupby(glance.read(_TOKENS, given), key=lambda row: row.id):
        every = list(rows)
        in_use = max(every, key=lambda row: (row.last_used_at is not None, row.last_used_at or row.expires_at, row.expires_at))
        last, tail = every[-1], f"/connections/{connection_id}"
        if last.expires_at <= now:
            ended = f"The SCIM token of {_named(last.name)} ended on {day(last.expires_at)}"
            yield Caution("bad", f"{ended}: nothing it pushes is taken. Make a new one.", tail)
        elif in_use.expires_at <= now + SOON:
            yield Caution("warn", f"The SCIM token …{in_use.hint} of {_named(last.name)} {_ending(in_use.expires_at, now)}", tail)


def _ending(at: datetime, now: datetime) -> str:
    if at <= now:
        return f"ended on {day(at)}, and the other one is not in use yet: paste it into the identity provider."
    return f"ends {_left(at, now)}: make a second one and paste it into the identity provider."


# --------------------------------------------------------------------------------------------------------------- organization

_DOMAINS = Hot(
    select(t.Domain.name, t.Domain.verified_at, t.Domain.missing_since)
    .where(t.Domain.organization_id == bindparam("organization"))
    .where(t.Domain.verified_at.is_not(None))
    .order_by(t.Domain.missing_since.is_(None), t.Domain.id)
    .limit(20)
)


def _domains(glance: Glance, given: dict[str, str], *, in_sso: bool) -> Iterator[Caution]:
    found = glance.read(_DOMAINS, given)
    if in_sso and not found:
        yield Caution("bad", "No domain is verified: nobody is recognised by their address.", "/domains", "Open the domains")
    for row in found:
        if row.missing_since is not None:
            gone = f"The DNS record of {_named(row.name)} is gone. Put it back"
            said = f"{gone}: from {day(row.missing_since + PATIENCE)} on nobody is recognised by an address there."
            yield Caution("warn", said, "/domains", "Open the domains")


_GROUP = exists().where(t.DirectoryGroup.id == t.Rule.match_value)
_CLAIMED = exists().where(t.ClaimedGroup.id == t.Rule.match_value)
_ORPHANED = Hot(
    select(func.count().label("orphaned")).where(
        t.Rule.organization_id == bindparam("organization"), t.Rule.match_kind == "group", ~_GROUP, ~_CLAIMED
    )
)


def _rules(glance: Glance, given: dict[str, str]) -> Iterator[Caution]:
    count = glance.read(_ORPHANED, given)[0].orphaned
    if count:
        gone = "A rule names a group that is gone" if count == 1 else f"{count} rules name groups that are gone"
        yield Caution("warn", f"{gone}: nobody gets anything by it.", "/mapping", "Open the mapping")


def _burst(glance: Glance, now: datetime) -> Iterator[Caution]:
    found = bursts.latest(glance, now)
    if found is not None:
        said = f"{found.still} people went out at once on {day(found.since)} and are out still. A mistake? Bring them back."
        yield Caution("bad", said, f"/connections/{found.connection}")


_WITHHELD = Hot(
    select(t.Address.email, t.Person.display_name)
    .select_from(t.Withheld)
    .join(t.Membership, t.Membership.id == t.Withheld.membership_id)
    .join(t.Person, t.Person.id == t.Membership.person_id)
    .outerjoin(t.Address, and_(t.Address.person_id == t.Person.id, t.Address.is_primary))
    .where(t.Withheld.organization_id == bindparam("organization"))
    .order_by(t.Withheld.created_at)
)
_LIVE = Hot(select(t.Connection.id).where(_MINE, or_(t.Connection.directory == "live", t.Connection.directory == "paused")))


def _withheld(glance: Glance, given: dict[str, str]) -> Iterator[Caution]:
    rows = glance.read(_WITHHELD, given)
    if rows:
        live = glance.read(_LIVE, given)
        named = " and ".join(_named(row.email or row.display_name or "somebody without a name") for row in rows[:2])
        said = f"The identity provider put out {named}, the last active owner. That waits until an owner confirms it."
        yield Caution("bad", said, f"/connections/{live[0].id}" if live else "/connections")


_OUT = exists().where(t.Suspension.membership_id == t.Membership.id)
_CODE = exists().where(t.RecoveryCode.membership_id == t.Membership.id, t.RecoveryCode.used_at.is_(None))
_TOP = select(t.Role.name).where(t.Role.organization_id == bindparam("organization"), t.Role.top)
_GLASS = Hot(
    select(_CODE.label("has_codes"))
    .select_from(t.Membership)
    .join(t.Assignment, and_(t.Assignment.membership_id == t.Membership.id, t.Assignment.target_kind == "role"))
    # Among the few of the top role: joined with the roles, SQLite would look at every member.
    .where(t.Membership.organization_id == bindparam("organization"), t.Membership.role.in_(_TOP))
    .where(t.Assignment.source == "break_glass", ~_OUT)
)


def _break_glass(glance: Glance, given: dict[str, str]) -> Iterator[Caution]:
    rows = glance.read(_GLASS, given)
    if not rows:
        said = "There is no active break-glass owner: if the identity provider fails, nobody gets in."
        yield Caution("bad", said, "/break-glass", "Open break-glass owners")
    elif not any(row.has_codes for row in rows):
        said = "No break-glass owner has recovery codes: if the identity provider fails, nobody gets in without the operator."
        yield Caution("warn", said, "/break-glass", "Open break-glass owners")
