"""Lists of what the IdP pushed: pages of the users and groups that a condition selects."""

from __future__ import annotations

from sqlalchemy import func, select

from connector.directory import groups, users
from connector.directory.members import members_of
from connector.directory.model import Client, GroupPage, StoredGroup, StoredUser, UserPage
from connector.directory.reading import reader
from connector.storage import tables as t
from connector.storage.conditions import Condition
from connector.storage.database import Database
from connector.storage.search import groups_where, users_where


def find_users(
    database: Database, client: Client, condition: Condition | None, *, start: int, count: int, with_groups: bool
) -> UserPage:
    """One page of the users a condition selects, oldest first, and the exact total. `start` counts from 0; `count` may be 0."""
    user = t.DirectoryUser
    with reader(database, client) as tx:
        where = [user.connection_id == client.connection_id]
        if condition is not None:
            where.append(users_where(condition, database.dialect))
        total = tx.execute(select(func.count()).select_from(user).where(*where)).scalar_one()
        rows = (
            tx.execute(select(*users.COLUMNS).where(*where).order_by(user.id).offset(start).limit(count)).all() if count else []
        )
        inside = users.groups_of(tx, [row.id for row in rows]) if with_groups and rows else {}
    return UserPage(total, tuple(StoredUser(*row, groups=inside.get(row.id, ())) for row in rows))


def find_groups(
    database: Database, client: Client, condition: Condition | None, *, start: int, count: int, with_members: bool
) -> GroupPage:
    """One page of the groups a condition selects, oldest first, and the exact total; members only when asked for."""
    group = t.DirectoryGroup
    with reader(database, client) as tx:
        where = [group.connection_id == client.connection_id]
        if condition is not None:
            where.append(groups_where(condition, database.dialect))
        total = tx.execute(select(func.count()).select_from(group).where(*where)).scalar_one()
        rows = (
            tx.execute(select(*groups.COLUMNS).where(*where).order_by(group.id).offset(start).limit(count)).all() if count else []
        )
        inside = members_of(tx, [row.id for row in rows]) if with_members and rows else None
    return GroupPage(total, tuple(StoredGroup(*r, members=None if inside is None else inside.get(r.id, ())) for r in rows))
