"""PROGRESS: how far connections are set up, read from what is there; nothing is kept beside. The console's wizard shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, func, select

from connector.directory import trial_record
from connector.directory.connections import MANAGE, ConnectionView, reachable, read
from connector.membership import roles
from connector.membership.model import Mode
from connector.provisioning import facts, people
from connector.provisioning.acting import OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.provisioning.pages import Page
from connector.provisioning.setting import Setting
from connector.storage import tables as t
from connector.storage.database import Database

MOST = 1_000
"""Requests are counted up to here: of more it is said that there are more."""

NAMED = 20
"""People outside the verified domains who are named; of more it is said that there are more."""

LOOKED_AT = 2_000
"""Members among whom they are looked for: the plan of going live names all."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came through SCIM. `credentials` are tokens and clients that can push now, `last_at` when a token was last used,
    `requests` how many changes were taken (at most MOST are counted), `people` and `groups` how many there are of it."""

    credentials: int = 0
    last_at: datetime | None = None
    requests: int = 0
    people: int = 0
    groups: int = 0


@dataclass(frozen=True, slots=True)
class Tried:
    """The last test sign-in: when, whether somebody could sign in like this, and what its page showed."""

    at: datetime
    passed: bool
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a connection is set up, and what of the organization it depends on.

    `verified` are the organization's verified domains, `claimed` counts the others; `break_glass` counts its active break-glass
    owners, `ready` those of them who have recovery codes. `missing` says what the last test sign-in lacks for whoever asks to
    take the connection live, None when nothing. `rules` are those of the connection.
    """

    connection: ConnectionView
    mode: Mode
    verified: tuple[str, ...]
    claimed: int
    break_glass: int
    ready: int
    tried: Tried | None
    missing: str | None
    heard: Heard
    rules: int


def show(
    database: Database,
    organization_id: str,
    connection_id: str,
    *,
    base_url: str,
    now: datetime | None = None,
    actor: Actor = OPERATOR,
) -> Progress:
    """How far one connection is. Raises NotFound `connection_not_found`, and what `connections.reachable` and `acting.look`
    raise."""
    moment = now or datetime.now(UTC)

    def work(glance: Glance, standing: Standing) -> Progress:
        reachable(glance, standing, connection_id)
        return _progress(glance, [read(glance, connection_id, base_url)], actor, moment)[0]

    return look(database, organization_id, actor, MANAGE, work, by_link=True)


def of_page(
    database: Database,
    organization_id: str,
    page: Page[ConnectionView],
    *,
    now: datetime | None = None,
    actor: Actor = OPERATOR,
) -> Page[Progress]:
    """The same of a page of connections, with two statements for each and some for all; a set-up link is told of drafts alone.
    Raises what `acting.look` raises."""
    moment = now or datetime.now(UTC)
    told = [each for each in page.items if actor.setup_link is None or each.state == "draft"]

    def work(glance: Glance, standing: Standing) -> Page[Progress]:
        return Page(tuple(_progress(glance, told, actor, moment)), page.next)

    return look(database, organization_id, actor, MANAGE, work, by_link=True)


def _progress(glance: Glance, views: Sequence[ConnectionView], actor: Actor, now: datetime) -> list[Progress]:
    setting = facts.setting(glance)
    claimed, (holders, ready) = _claimed(glance), _break_glass(glance, setting)
    ids = [view.id for view in views]
    rules, heard, tried = _rules(glance, ids), _heard(glance, ids, now), _tried(glance, ids)
    return [
        Progress(
            connection=view,
            mode=setting.mode,
            verified=tuple(sorted(setting.domains)),
            claimed=claimed,
            break_glass=holders,
            ready=ready,
            tried=tried.get(view.id),
            missing=trial_record.missing_trial(glance, view.id, actor, setting.domains, now),
            heard=heard[view.id],
            rules=rules.get(view.id, 0),
        )
        for view in views
    ]


def _claimed(glance: Glance) -> int:
    domain = t.Domain
    mine = (domain.organization_id == glance.organization_id, domain.verified_at.is_(None))
    return glance.tx.execute(select(func.count()).select_from(domain).where(*mine)).scalar_one()


def _break_glass(glance: Glance, setting: Setting) -> tuple[int, int]:
    """How many are active, and how many of them have codes; three at most. They hold the top role, by which they are found."""
    member, given, code = t.Membership, t.Assignment, t.RecoveryCode
    left = select(func.count()).where(code.membership_id == member.id, code.used_at.is_(None)).scalar_subquery()
    suspended = select(t.Suspension.membership_id).where(t.Suspension.membership_id == member.id).exists()
    mine = (member.organization_id == glance.organization_id, member.role == roles.top(setting.catalogue).name)
    holders = select(left).select_from(member).join(given, given.membership_id == member.id)
    counts = glance.tx.execute(holders.where(*mine, given.source == "break_glass", ~suspended)).scalars().all()
    return len(counts), sum(1 for each in counts if each)


def _rules(glance: Glance, ids: Sequence[str]) -> dict[str, int]:
    rule = t.Rule
    found = select(rule.connection_id, func.count()).where(rule.connection_id.in_(ids)).group_by(rule.connection_id)
    return _counts(glance, found)


def _heard(glance: Glance, ids: Sequence[str], now: datetime) -> dict[str, Heard]:
    used = _used(glance, ids)
    credentials = _credentials(glance, ids, now)
    people, groups = (_count(glance, row, ids) for row in (t.DirectoryUser, t.DirectoryGroup))
    return {
        each: Heard(credentials.get(each, 0), used.get(each), _requests(glance, each), people.get(each, 0), groups.get(each, 0))
        for each in ids
    }


def _used(glance: Glance, ids: Sequence[str]) -> dict[str, datetime]:
    token = t.ScimToken
    used = (token.connection_id.in_(ids), token.last_used_at.is_not(None))
    found = select(token.connection_id, token.last_used_at).where(*used).order_by(token.last_used_at)
    return {connection: at for connection, at in glance.tx.execute(found) if at is not None}


def _credentials(glance: Glance, ids: Sequence[str], now: datetime) -> dict[str, int]:
    """Tokens made here that live, and clients that were not revoked, by connection."""
    token, client = t.ScimToken, t.ScimClient
    live = (token.client_id.is_(None), token.revoked_at.is_(None), token.expires_at > now)
    tokens = select(token.connection_id).where(token.connection_id.in_(ids), *live)
    clients = select(client.connection_id).where(client.connection_id.in_(ids), client.revoked_at.is_(None))
    both = tokens.union_all(clients).subquery()
    found = select(both.c.connection_id, func.count()).group_by(both.c.connection_id)
    return _counts(glance, found)


def _count(glance: Glance, row: Any, ids: Sequence[str]) -> dict[str, int]:
    found = select(row.connection_id, func.count()).where(row.connection_id.in_(ids)).group_by(row.connection_id)
    return _counts(glance, found)


def _counts(glance: Glance, found: Any) -> dict[str, int]:
    return {connection: count for connection, count in glance.tx.execute(found)}  # noqa: C416 - rows are no pairs to mypy


def _requests(glance: Glance, connection_id: str) -> int:
    log = t.ProvisioningLog
    some = select(log.id).where(log.connection_id == connection_id, log.status < 400).limit(MOST + 1).subquery()
    return glance.tx.execute(select(func.count()).select_from(some)).scalar_one()


def _tried(glance: Glance, ids: Sequence[str]) -> dict[str, Tried]:
    row = t.TestSignIn
    found = select(row.connection_id, row.at, row.passed, row.result).where(row.connection_id.in_(ids))
    return {each.connection_id: Tried(each.at, each.passed, each.result) for each in glance.tx.execute(found)}


# ------------------------------------------------------------------------------------------------------------- outsiders


@dataclass(frozen=True, slots=True)
class Outsiders:
    """Active members outside the verified domains, whom no identity provider could be linked to: the addresses of the first
    NAMED among the first members, and whether there may be more."""

    emails: tuple[str, ...]
    more: bool


def outsiders(database: Database, organization_id: str, *, actor: Actor = OPERATOR) -> Outsiders:
    """Who would be suspended by going live for being outside, break-glass owners apart. Raises what `acting.look` raises."""

    def work(glance: Glance, standing: Standing) -> Outsiders:
        setting = facts.setting(glance)
        rows = glance.tx.execute(_members(glance)).all()
        found = [row.email for row in rows if row.counts and not people.inside((row.email or "").lower(), setting.domains)]
        named = tuple(email for email in found[:NAMED] if email)
        return Outsiders(named, len(found) > NAMED or len(rows) == LOOKED_AT)

    return look(database, organization_id, actor, MANAGE, work)


def _members(glance: Glance) -> Any:
    """The addresses of the first members, and whether each counts: active, and no break-glass owner."""
    member, address, given = t.Membership, t.Address, t.Assignment
    suspended = select(t.Suspension.membership_id).where(t.Suspension.membership_id == member.id).exists()
    kept = select(given.membership_id).where(given.membership_id == member.id, given.source == "break_glass").exists()
    found = select(address.email, and_(~suspended, ~kept).label("counts")).select_from(member)
    mine = found.outerjoin(address, and_(address.person_id == member.person_id, address.is_primary))
    return mine.where(member.organization_id == glance.organization_id).order_by(member.id).limit(LOOKED_AT)
