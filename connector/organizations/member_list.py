"""THE LIST OF MEMBERS, page by page, filtered by what people look for: for whoever may see the other people here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, func, literal, or_, select

from connector.membership.fold import fold
from connector.organizations import member_views
from connector.organizations.member_views import SUSPENDED, MemberView, find
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.provisioning.pages import Page, page_of
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import id_rows

SEES_PEOPLE = "org.participants.read"


@dataclass(frozen=True, slots=True)
class MemberFilter:
    """Whom a list is to show: all that is given must hold. `q` is how the address, the name or a word of the name begins,
    in any case; `email` an address, whole; `team` a slug; `source` how they joined."""

    q: str | None = None
    email: str | None = None
    role: str | None = None
    status: Literal["active", "suspended"] | None = None
    source: str | None = None
    team: str | None = None


EVERYBODY = MemberFilter()


@dataclass(frozen=True, slots=True)
class Totals:
    """How many members there are, those who are suspended among them."""

    members: int
    suspended: int


def list_(
    database: Database,
    organization_id: str,
    chosen: MemberFilter = EVERYBODY,
    *,
    limit: int = 50,
    after: str | None = None,
    actor: Actor = OPERATOR,
) -> Page[MemberView]:
    """The members that `chosen` lets through, oldest first, from behind the membership id `after` on.

    A constant number of statements. Raises Forbidden `permission_missing` for guests, and what `acting.look` raises.
    """

    def work(glance: Glance, standing: Standing) -> Page[MemberView]:
        found = member_views.people(select(t.Membership.id)).where(t.Membership.organization_id == organization_id)
        paged = found.where(*_conditions(organization_id, chosen), t.Membership.id > (after or ""))
        ids = glance.tx.execute(paged.order_by(t.Membership.id).limit(limit + 1)).scalars().all()
        page = page_of(list(ids), limit, str)
        return Page(tuple(member_views.views(glance, id_rows(page.items))), page.next)

    return look(database, organization_id, actor, SEES_PEOPLE, work)


def totals(database: Database, organization_id: str, *, actor: Actor = OPERATOR) -> Totals:
    """How many there are, counted from indexes alone. Raises Forbidden `permission_missing` for guests, and what `acting.look`
    raises."""

    def work(glance: Glance, standing: Standing) -> Totals:
        members = select(func.count()).select_from(t.Membership).where(t.Membership.organization_id == organization_id)
        out = select(func.count(t.Suspension.membership_id.distinct())).where(t.Suspension.organization_id == organization_id)
        return Totals(*glance.tx.execute(select(members.scalar_subquery(), out.scalar_subquery())).one())

    return look(database, organization_id, actor, SEES_PEOPLE, work)


def show(database: Database, organization_id: str, who: str, *, actor: Actor = OPERATOR) -> MemberView:
    """One member: for whoever may see the other people, and for everybody themselves.

    Raises NotFound `member_not_found`, Conflict `member_ambiguous`, and what `acting.look` raises.
    """

    def work(glance: Glance, standing: Standing) -> MemberView:
        if not standing.is_oneself(who):
            standing.need(SEES_PEOPLE)
        return member_views.view(glance, find(glance, who))

    return look(database, organization_id, actor, MEMBER, work)


def _conditions(organization_id: str, chosen: MemberFilter) -> Iterator[ColumnElement[bool]]:
    if chosen.q is not None:
        yield _begins(organization_id, chosen.q)
    if chosen.email is not None:
        yield _has_address(organization_id, fold(chosen.email))
    if chosen.role is not None:
        yield t.Membership.role == chosen.role
    if chosen.status is not None:
        yield SUSPENDED if chosen.status == "suspended" else ~SUSPENDED
    if chosen.source is not None:
        yield t.Membership.joined_by == chosen.source
    if chosen.team is not None:
        yield _in_team(organization_id, chosen.team)


def _begins(organization_id: str, text: str) -> ColumnElement[bool]:
    """Address, name, or a later word of the name. In other cases too: SQLite, and PostgreSQL without a locale, take only the
    letters of ASCII for the same in both, so that other text is looked for in the spellings it usually has."""
    email, name = member_views.called(organization_id)
    words = literal(" ").concat(name)
    folded = (func.lower(email).startswith(text.lower(), autoescape=True), _contains(func.lower(words), text.lower()))
    if text.isascii():
        return or_(*folded)
    spelt = dict.fromkeys((text, text.lower(), text.title(), text.upper()))
    return or_(*folded, *(email.startswith(each, autoescape=True) | _contains(words, each) for each in spelt))


def _contains(words: ColumnElement[str], begin: str) -> ColumnElement[bool]:
    return words.contains(f" {begin}", autoescape=True)


def _has_address(organization_id: str, key: str) -> ColumnElement[bool]:
    address: Select[Any] = select(t.Address.person_id).where(t.Address.email_key == key)
    user = t.DirectoryUser
    told = select(user.person_id).where(
        user.organization_id == organization_id, user.email_key == key, user.person_id.is_not(None)
    )
    return or_(t.Membership.person_id.in_(address), t.Membership.person_id.in_(told))


def _in_team(organization_id: str, slug: str) -> ColumnElement[bool]:
    team = select(t.Team.id).where(t.Team.organization_id == organization_id, t.Team.slug == slug)
    return t.Membership.id.in_(select(t.Assignment.membership_id).where(t.Assignment.team_id.in_(team)))
