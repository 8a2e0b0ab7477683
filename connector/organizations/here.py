"""HERE: an organization as whoever asks finds it now, and what they may do in it. Each page of the console begins with it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from connector.membership.model import Mode
from connector.provisioning.acting import MEMBER, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot


@dataclass(frozen=True, slots=True)
class Here:
    """An organization, and the standing in it of whoever asks. `role` is None for who is no member; `permissions` are what their
    role holds and their key allows; `assignable` the roles they may give and take."""

    id: str
    slug: str
    name: str
    avatar_url: str | None
    preset: str
    mode: Mode
    role: str | None
    permissions: frozenset[str]
    assignable: frozenset[str]


_SHOWN = Hot(
    select(
        t.Organization.slug,
        t.Organization.name,
        t.Organization.avatar_url,
        t.Organization.preset,
        t.Organization.membership_mode,
    ).where(t.Organization.id == bindparam("organization"))
)


def show(database: Database, organization_id: str, *, actor: Actor) -> Here:
    """What somebody finds. Raises what `acting.look` raises."""

    def work(glance: Glance, standing: Standing) -> Here:
        row = glance.read(_SHOWN, {"organization": organization_id})[0]
        held = frozenset(each for each in standing.permissions if standing.may(each))
        called = (organization_id, row.slug, row.name, row.avatar_url, row.preset, Mode(row.membership_mode))
        return Here(*called, standing.role.name if standing.role else None, held, standing.assignable)

    return look(database, organization_id, actor, MEMBER, work, by_link=True)
