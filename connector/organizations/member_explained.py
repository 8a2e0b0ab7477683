"""WHY somebody has what they have here, and why not something else: for members, and for people whom only the directory knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from connector.errors import NotFound
from connector.membership.explain import BecauseItem, Explanation, NotItem, explain, explain_claims
from connector.membership.fold import fold
from connector.organizations.member_views import MemberView, find, not_found, views
from connector.provisioning import facts, testimony
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act
from connector.provisioning.corridor import Corridor, Ids
from connector.provisioning.facts import Entry
from connector.provisioning.setting import Setting
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import id_rows


@dataclass(frozen=True, slots=True)
class MemberExplanation:
    """A member, what they have and why, and what they have not and why not."""

    member: MemberView
    because: tuple[BecauseItem, ...]
    not_: tuple[NotItem, ...]


def explain_member(database: Database, organization_id: str, who: str, *, actor: Actor = OPERATOR) -> MemberExplanation:
    """Why somebody has what they have, and why not something else. Also of people the directory knows who are not members.

    For those who hold `members.manage`, and for everybody of themselves. Raises NotFound `member_not_found`, Conflict
    `member_ambiguous`, and what `acting.act` raises.
    """

    def work(corridor: Corridor, standing: Standing) -> MemberExplanation:
        if not standing.is_oneself(who):
            standing.need("members.manage")
        setting = facts.setting(corridor)
        entry = _entry(corridor, setting, who)
        told = _explained(setting, entry)
        found = views(corridor, id_rows([entry.membership_id])) if entry.membership_id else []
        member = found[0] if found else _stranger(entry)
        return MemberExplanation(member, told.because, (*told.not_, _WITHHELD) if entry.withheld else told.not_)

    return act(database, organization_id, actor, MEMBER, "looked", work, preview=True)


def _explained(setting: Setting, entry: Entry) -> Explanation:
    if setting.authority is None and setting.claims:
        return explain_claims(entry.claims, setting.claims, setting.catalogue, entry.holding)
    return explain(entry.facts, setting.mapping, entry.holding, live=setting.authority is not None)


_WITHHELD = NotItem(
    "status",
    "what the IdP asked is withheld, for nobody else active held the top role: once somebody does, `connector plan` shows it and"
    " `connector apply` confirms it",
)


def _entry(corridor: Corridor, setting: Setting, who: str) -> Entry:
    try:
        membership_id = find(corridor, who)
    except NotFound:
        entries = facts.people(corridor, setting, _read(corridor, _unlinked(setting, who)))
        if not entries:
            raise
        return entries[0]
    user = select(t.DirectoryUser.id).join(t.Membership, t.Membership.person_id == t.DirectoryUser.person_id)
    linked = user.where(t.Membership.id == membership_id, t.DirectoryUser.connection_id == (setting.authority or ""))
    known = facts.people(corridor, setting, _read(corridor, linked)) or _member(corridor, setting, membership_id)
    if not known:
        raise not_found(who)  # they left between two statements
    return known[0]


def _member(corridor: Corridor, setting: Setting, membership_id: str) -> list[Entry]:
    """A member whom no live directory knows, with what they said when they signed in."""
    entries = facts.members(corridor, id_rows([membership_id]))
    persons = [entry.person_id for entry in entries if entry.person_id] if setting.claims else []
    return (testimony.members(corridor, persons) if persons else []) or entries


def _read(corridor: Corridor, query: Ids) -> Sequence[str]:
    return corridor.tx.execute(query).scalars().all()


def _unlinked(setting: Setting, who: str) -> Ids:
    user, key = t.DirectoryUser, fold(who)
    called = or_(user.email_key == key, user.user_name_key == key, user.id == who)
    return select(user.id).where(user.connection_id == (setting.authority or ""), called).limit(1)


def _stranger(entry: Entry) -> MemberView:
    return MemberView(None, None, entry.subject.email, entry.name, None, None, (), None, (), (), ())
