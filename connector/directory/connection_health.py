"""HEALTH of one connection: when its identity provider was heard of, how much of what it asked was refused, what is held back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal_column, select

from connector.directory import bursts
from connector.directory.bursts import Burst
from connector.directory.connections import MANAGE, ConnectionView, read
from connector.directory.log import REFUSED
from connector.directory.sign_on import MetadataState
from connector.provisioning.acting import OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot

DAY, WEEK = timedelta(days=1), timedelta(days=7)
HELD_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Rate:
    """How many came, and how many of those were refused."""

    all: int
    refused: int


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody whom the identity provider would have put out, why, and since when that waits for an owner's word."""

    email: str | None
    name: str | None
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ConnectionHealth:
    """A connection and how it is. `last_sign_in_at` is told for a week; of `pushed` and `sign_ins` the first is that of the last
    day, the second that of the last week. `burst` is the last one, if it was here and not everybody is back."""

    connection: ConnectionView
    last_heard_at: datetime | None
    last_sign_in_at: datetime | None
    pushed: tuple[Rate, Rate]
    sign_ins: tuple[Rate, Rate]
    people: int
    groups: int
    metadata: MetadataState
    burst: Burst | None
    held: tuple[Held, ...]


def show(
    database: Database, organization_id: str, connection_id: str, *, base_url: str, now: datetime, actor: Actor = OPERATOR
) -> ConnectionHealth:
    """Return how a connection is. Raises NotFound `connection_not_found`, and what `acting.look` raises."""
    given = {"connection": connection_id, "day": now - DAY, "week": now - WEEK}

    def work(glance: Glance, _: Standing) -> ConnectionHealth:
        view = read(glance, connection_id, base_url)
        row = glance.read(_HEARD, given)[0]
        pushed, sign_ins = (_rates(glance, counted, given) for counted in (_PUSHED, _SIGN_INS))
        burst = bursts.latest(glance, now)
        return ConnectionHealth(
            connection=view,
            last_heard_at=row.last_heard_at,
            last_sign_in_at=row.last_sign_in_at,
            pushed=pushed,
            sign_ins=sign_ins,
            people=row.people or 0,
            groups=row.groups or 0,
            metadata=MetadataState(*row[-4:]),
            burst=burst if burst is not None and burst.connection == connection_id else None,
            held=_held(glance) if view.directory in ("live", "paused") else (),
        )

    return look(database, organization_id, actor, MANAGE, work)


_HERE = t.Connection.id == bindparam("connection")


def _total(kind: str) -> ColumnElement[int | None]:
    total = t.DirectoryTotal
    return select(func.sum(total.total)).where(total.connection_id == t.Connection.id, total.kind == kind).scalar_subquery()


_LAST_SIGN_IN = (
    select(t.SignInTrace.at)
    .where(t.SignInTrace.connection_id == t.Connection.id, t.SignInTrace.purpose == "sign_in", t.SignInTrace.code == "ok")
    .order_by(t.SignInTrace.at.desc())
    .limit(1)
    .scalar_subquery()
)
_HEARD = Hot(
    select(
        t.Connection.last_heard_at,
        _LAST_SIGN_IN.label("last_sign_in_at"),
        _total("User").label("people"),
        _total("Group").label("groups"),
        t.SignOn.metadata_url,
        t.SignOn.metadata_checked_at,
        t.SignOn.metadata_valid_until,
        t.SignOn.metadata_error,
    )
    .outerjoin(t.SignOn, t.SignOn.connection_id == t.Connection.id)
    .where(_HERE)
)


def _counting(mine: ColumnElement[bool], at: Any, refused: ColumnElement[bool]) -> Select[tuple[int, ...]]:
    """How many there were of a week and of a day, and refused ones, each from its index."""
    every = (and_(mine, at > bindparam("week")), and_(mine, at > bindparam("day")))
    asked = [select(func.count()).where(within, *more).scalar_subquery() for within in every for more in ((), (refused,))]
    return select(*(each.label(f"n{place}") for place, each in enumerate(asked)))


_PUSHED = Hot(
    _counting(
        t.ProvisioningLog.connection_id == bindparam("connection"),
        t.ProvisioningLog.at,
        t.ProvisioningLog.status >= literal_column(str(REFUSED)),
    )
)
_SIGN_INS = Hot(
    _counting(
        t.SignInTrace.connection_id == bindparam("connection"), t.SignInTrace.at, t.SignInTrace.code != literal_column("'ok'")
    )
)


def _rates(glance: Glance, counted: Hot, given: dict[str, object]) -> tuple[Rate, Rate]:
    week, week_refused, day, day_refused = glance.read(counted, given)[0]
    return Rate(day, day_refused), Rate(week, week_refused)


_HELD = Hot(
    select(t.Address.email, t.Person.display_name, t.Withheld.reason, t.Withheld.created_at)
    .select_from(t.Withheld)
    .join(t.Membership, t.Membership.id == t.Withheld.membership_id)
    .join(t.Person, t.Person.id == t.Membership.person_id)
    .outerjoin(t.Address, and_(t.Address.person_id == t.Person.id, t.Address.is_primary))
    .where(t.Withheld.organization_id == bindparam("organization"))
    .order_by(t.Withheld.created_at)
    .limit(HELD_SHOWN)
)


def _held(glance: Glance) -> tuple[Held, ...]:
    return tuple(Held(*row) for row in glance.read(_HELD, {"organization": glance.organization_id}))
