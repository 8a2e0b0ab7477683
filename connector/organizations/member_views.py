"""MEMBERS as people see them: one is found, some are shown. A constant number of statements for any number of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select

from connector.errors import Conflict, NotFound
from connector.membership.fold import fold
from connector.membership.ledger import effective
from connector.membership.model import Effective, Holding
from connector.provisioning import facts
from connector.provisioning.corridor import Corridor, Glance, Ids
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import among, id_rows


@dataclass(frozen=True, slots=True)
class TeamPlace:
    """A team somebody is in, by its slug, and their role there (`maintainer` or `member`)."""

    slug: str
    role: str


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as people see them. `id` is the membership, `user_id` the person; `source` is how they joined, `causes` why they
    are suspended. `locked` names what rules give, which no hand changes: `role`, `team:SLUG`, `project:SLUG`. Somebody the
    directory knows who is not a member has neither role nor status."""

    id: str | None
    user_id: str | None
    email: str | None
    name: str | None
    role: str | None
    status: str | None
    causes: tuple[str, ...]
    source: str | None
    teams: tuple[TeamPlace, ...]
    projects: tuple[str, ...]
    locked: tuple[str, ...]


def list_members(database: Database, organization_id: str) -> list[MemberView]:
    """All members, oldest first, for commands that print them all."""
    with database.read() as tx:
        return views(Glance(tx, organization_id), _ids(organization_id))


def view(reader: Glance | Corridor, membership_id: str) -> MemberView:
    """One member as they are now. Raises NotFound `member_not_found` when they have left meanwhile."""
    found = views(reader, id_rows([membership_id]))
    if not found:
        raise not_found(membership_id)
    return found[0]


def views(reader: Glance | Corridor, scope: Ids) -> list[MemberView]:
    """The members whose ids `scope` selects, oldest first."""
    ids = reader.tx.execute(scope).scalars().all()
    return _of_ids(reader, ids) if ids else []


def _of_ids(reader: Glance | Corridor, ids: Collection[str]) -> list[MemberView]:
    catalogue = facts.setting(reader).catalogue
    holdings, _ = facts.read_ledgers(reader, ids)
    rows = reader.tx.execute(_named(reader.organization_id).where(among(t.Membership.id, ids)).order_by(t.Membership.id))
    return [_view(row, holdings[row.id], effective(holdings[row.id], catalogue)) for row in rows]


def _view(row: Any, holding: Holding, now: Effective) -> MemberView:
    causes = tuple(sorted(str(cause) for cause in holding.causes))
    teams = tuple(TeamPlace(slug, role) for slug, role in now.teams)
    projects = tuple(slug for slug, _ in now.projects)
    locked = tuple(sorted({str(given.target) for given in holding.rows if given.from_rule}))
    who = (row.id, row.person_id, row.email, row.display_name)
    return MemberView(*who, now.role, now.status, causes, row.joined_by, teams, projects, locked)


def _ids(organization_id: str) -> Ids:
    return select(t.Membership.id).where(t.Membership.organization_id == organization_id)


def _said(organization_id: str, column: Any) -> Any:
    """What a directory of the organization says of a member."""
    mine = (t.DirectoryUser.person_id == t.Membership.person_id, t.DirectoryUser.organization_id == organization_id)
    return select(func.min(column)).where(*mine).correlate(t.Membership).scalar_subquery()


def called(organization_id: str) -> tuple[Any, Any]:
    """E-mail and name of a member: their own primary address and name, else what their directory says."""
    return (
        func.coalesce(t.Address.email, _said(organization_id, t.DirectoryUser.email)),
        func.coalesce(t.Person.display_name, _said(organization_id, t.DirectoryUser.display_name)),
    )


def people(found: Select[Any]) -> Select[Any]:
    """A query of memberships with their persons and primary addresses, which `called` reads."""
    return found.join(t.Person, t.Person.id == t.Membership.person_id).outerjoin(
        t.Address, and_(t.Address.person_id == t.Membership.person_id, t.Address.is_primary)
    )


def _named(organization_id: str) -> Select[Any]:
    email, name = called(organization_id)
    found = select(t.Membership.id, t.Membership.joined_by, t.Membership.person_id, email.label("email"))
    return people(found.add_columns(name.label("display_name"))).where(t.Membership.organization_id == organization_id)


def find(reader: Glance | Corridor, who: str) -> str:
    """The membership id of a member by their id or that of the person, else by verified address, else by any address or userName
    we were told. Raises NotFound `member_not_found`, Conflict `member_ambiguous`."""
    for candidates in _candidates(reader.organization_id, who):
        found = reader.tx.execute(candidates.limit(2)).scalars().all()
        if len(found) == 1:
            return found[0]
        if found:
            raise Conflict(
                "member_ambiguous", f"Several members are called {who}.", advice="Use the id: the members list has it."
            )
    raise not_found(who)


def _candidates(organization_id: str, who: str) -> tuple[Ids, ...]:
    member, address, user, key = t.Membership, t.Address, t.DirectoryUser, fold(who)
    mine = _ids(organization_id)
    verified = select(address.person_id).where(address.email_key == key, address.verified)
    told = select(address.person_id).where(address.email_key == key)
    pushed = select(user.person_id).where(
        user.organization_id == organization_id, or_(user.email_key == key, user.user_name_key == key)
    )
    return (
        mine.where(or_(member.id == who, member.person_id == who)),
        mine.where(member.person_id.in_(verified)),
        mine.where(or_(member.person_id.in_(told), member.person_id.in_(pushed.where(user.person_id.is_not(None))))),
    )


def not_found(who: str) -> NotFound:
    """Nobody here is called so."""
    return NotFound("member_not_found", f"{who} is not a member of this organization.", advice="The members list shows who is.")


SUSPENDED = exists().where(t.Suspension.membership_id == t.Membership.id)
"""Of a membership: whether any cause keeps it out."""
