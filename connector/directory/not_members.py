"""NOT MEMBERS: people whom a directory of the organization pushed and who are no members of it, page by page, to see why or to
link one of them to a member."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, or_, select

from connector.directory.connections import MANAGE
from connector.membership.fold import fold
from connector.provisioning.acting import OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.provisioning.pages import Page, page_of
from connector.storage import tables as t
from connector.storage.database import Database


@dataclass(frozen=True, slots=True)
class NotMember:
    """A pushed user who is no member: their SCIM id, the connection that pushed them and the state of its directory, and what the
    IdP says of them."""

    id: str
    connection: str
    connection_name: str
    directory: str
    user_name: str
    email: str | None
    name: str | None
    active: bool


def list_(
    database: Database,
    organization_id: str,
    *,
    q: str | None = None,
    limit: int = 50,
    after: str | None = None,
    actor: Actor = OPERATOR,
) -> Page[NotMember]:
    """Return a page of them, oldest first, from behind the id `after` on; `q` is how userName, address or name begin.

    Raises what `acting.look` raises.
    """

    def work(glance: Glance, standing: Standing) -> Page[NotMember]:
        user, connection = t.DirectoryUser, t.Connection
        columns = (user.id, user.connection_id, connection.name, connection.directory, user.user_name, user.email)
        found = select(*columns, user.display_name, user.active | user.overridden)
        mine = found.join(connection, connection.id == user.connection_id).where(*_conditions(organization_id, q, after))
        rows = glance.tx.execute(mine.order_by(user.id).limit(limit + 1))
        return page_of([NotMember(*row) for row in rows], limit, lambda each: each.id)

    return look(database, organization_id, actor, MANAGE, work)


def _conditions(organization_id: str, q: str | None, after: str | None) -> Iterator[ColumnElement[bool]]:
    """Their connections are named because there the indexes are."""
    user, member = t.DirectoryUser, t.Membership
    yield user.connection_id.in_(select(t.Connection.id).where(t.Connection.organization_id == organization_id))
    yield ~exists().where(member.organization_id == organization_id, member.person_id == user.person_id)
    if after is not None:
        yield user.id > after
    if q:
        begun = [column.startswith(fold(q), autoescape=True) for column in (user.user_name_key, user.email_key)]
        yield or_(*begun, func.lower(user.display_name).startswith(fold(q), autoescape=True))
