"""PLACES: what teams and projects have in common: their slugs, who is in them, and the hands that put people there.

Who is where stands in the ledger, as rows of their membership. What a rule gave is locked by the source of the row: by hand only
what hands gave is changed, and `system` rows (everybody is in the default project) stay.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, or_, select

from connector.errors import Conflict, Invalid, NotFound, Taken
from connector.membership.mapping import PROJECT_LEVELS, TEAM_LEVELS
from connector.membership.model import Assignment, Because, Change, Give, Holding, Take, Target
from connector.membership.pattern import slugify
from connector.organizations import slugs
from connector.organizations.member_views import called, people
from connector.organizations.member_views import find as find_member
from connector.provisioning import facts, sync
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.pages import Page, page_of
from connector.storage import tables as t
from connector.storage.sets import among, id_rows, rows_as_json

PlaceKind = Literal["team", "project"]
Reader = Corridor | Glance

LEVELS: dict[PlaceKind, tuple[str, ...]] = {"team": TEAM_LEVELS, "project": PROJECT_LEVELS}
"""The roles there are in a place, lowest first."""

SYSTEM = "system"

_TABLES: dict[PlaceKind, Any] = {"team": t.Team, "project": t.Project}


@dataclass(frozen=True, slots=True)
class PlaceMember:
    """Somebody in a team or project, with the highest role they were given there. `managed`: a rule gave it, and it is changed at
    the identity provider."""

    user_id: str
    email: str | None
    name: str | None
    role: str
    managed: bool


def find(reader: Reader, kind: PlaceKind, called: str) -> Any | None:
    """The row of a team or project of the organization by id, else by slug; None when there is none."""
    table = _TABLES[kind]
    found = select(table).where(table.organization_id == reader.organization_id, or_(table.id == called, table.slug == called))
    return reader.tx.execute(found).first()


def free_slug(corridor: Corridor, kind: PlaceKind, name: str, slug: str | None) -> str:
    """The slug of a new place: the one asked for, else one made of its name that nobody has: `eng`, `eng-2`.

    Two who make the same at once race for it, and the second gets the next. Raises Invalid `slug_invalid`, Taken `slug_taken`.
    """
    if slug is not None:
        if _taken(corridor, kind, [slugs.check(slug)]):
            raise Taken("slug_taken", f"Another {kind} of this organization has this slug.", advice="Choose another slug.")
        return slug
    wanted = list(slugs.candidates(_slug_of(kind, name)))
    taken = _taken(corridor, kind, wanted)
    return next(each for each in wanted if each not in taken)


def _slug_of(kind: PlaceKind, name: str) -> str:
    made = slugify(name)
    return kind if made is None else f"{kind}-{made}" if len(made) < 2 or slugs.is_like_an_id(made) else made


def _taken(corridor: Corridor, kind: PlaceKind, wanted: Sequence[str]) -> set[str]:
    table = _TABLES[kind]
    found = select(table.slug).where(table.organization_id == corridor.organization_id, among(table.slug, wanted))
    return set(corridor.tx.execute(found).scalars())


def page(reader: Reader, kind: PlaceKind, place_id: str, *, limit: int, after: str | None) -> Page[PlaceMember]:
    """Who is in a place, by the time they became members of the organization: one statement, however many they are."""
    row = t.Assignment
    inside = select(row.membership_id).where(_at(kind, place_id), row.membership_id > (after or "")).distinct()
    chosen = inside.order_by(row.membership_id).limit(limit + 1)
    rows = page_of(
        list(reader.tx.execute(_people(reader.organization_id, kind, place_id, chosen))), limit, lambda each: str(each.id)
    )
    return Page(tuple(_member(kind, each) for each in rows.items), rows.next)


def one(reader: Reader, kind: PlaceKind, place_id: str, membership_id: str) -> PlaceMember:
    """One of those who are in a place."""
    return _member(kind, reader.tx.execute(_people(reader.organization_id, kind, place_id, id_rows([membership_id]))).one())


def _people(organization_id: str, kind: PlaceKind, place_id: str, chosen: Any) -> Any:
    """Members by id, what they are called and what they were given in a place."""
    row, member = t.Assignment, t.Membership
    here = (row.membership_id == member.id, row.target_kind == kind, row.target_id == place_id)
    told = rows_as_json(row.level, row.source).where(*here).scalar_subquery()
    email, name = called(organization_id)
    found = select(member.id, member.person_id, email.label("email"), name.label("display_name"), told.label("given"))
    return people(found).where(member.id.in_(chosen)).order_by(member.id)


def _at(kind: PlaceKind, place_id: str) -> Any:
    """The rows of a place, by the index of those."""
    return t.Assignment.team_id == place_id if kind == "team" else t.Assignment.project_id == place_id


def _member(kind: PlaceKind, row: Any) -> PlaceMember:
    given = json.loads(row.given)
    highest = max((level for level, _ in given), key=LEVELS[kind].index)
    managed = any(source.startswith("rule:") for _, source in given)
    return PlaceMember(row.person_id, row.email, row.display_name, highest, managed)


def count(reader: Reader, kind: PlaceKind, place_id: str) -> int:
    """How many people are in a place."""
    inside = select(func.count(t.Assignment.membership_id.distinct())).where(_at(kind, place_id))
    return int(reader.tx.execute(inside).scalar_one())


def given_in(reader: Reader, kind: PlaceKind, place_id: str, membership_id: str | None) -> frozenset[tuple[str, str]]:
    """What one member was given in a place, as pairs of level and source."""
    row = t.Assignment
    here = (row.membership_id == (membership_id or ""), row.target_kind == kind, row.target_id == place_id)
    return frozenset((each.level, each.source) for each in reader.tx.execute(select(row.level, row.source).where(*here)))


def rules_of(reader: Reader, kind: PlaceKind, place_id: str) -> str | None:
    """The rules that give a place, in words; None when none does. Those whose slug a pattern fills count once they gave it."""
    rule = t.Rule
    given = select(t.Assignment.rule_id).where(_at(kind, place_id), t.Assignment.rule_id.is_not(None))
    named = rule.team_id == place_id if kind == "team" else rule.project_id == place_id
    return _in_words(reader, or_(named, rule.id.in_(given)))


def _in_words(reader: Reader, where: Any) -> str | None:
    """At most three rules with what they look for."""
    rule = t.Rule
    found = select(rule.id, rule.match_kind, rule.match_value, rule.match_label).where(
        rule.organization_id == reader.organization_id, where
    )
    rows = reader.tx.execute(found.order_by(rule.id).limit(3)).all()
    said = (f'rule {row.id} ({row.match_kind} "{row.match_label or row.match_value}")' for row in rows)
    return ", ".join(said) or None


def newcomer(reader: Reader, who: str) -> str:
    """The membership of who is to be put somewhere. Raises Conflict `not_a_member`, `member_ambiguous`."""
    try:
        return find_member(reader, who)
    except NotFound:
        raise _no_member() from None


def _no_member() -> Conflict:
    return Conflict(
        "not_a_member",
        "Whoever this is, they are not a member of this organization.",
        expected="a member of the organization",
        advice="Make them a member first.",
    )


def seat(corridor: Corridor, kind: PlaceKind, place: Any, membership_id: str, role: str) -> None:
    """Give somebody a role in a place by hand. Raises Invalid `level_invalid`, Conflict `managed_by_idp`, and `not_a_member` for
    who has left meanwhile."""
    if role not in LEVELS[kind]:
        expected = f"one of: {', '.join(LEVELS[kind])}"
        raise Invalid("level_invalid", f'"{role}" is no role in a {kind}.', expected=expected)
    target, because = Target(kind, place.slug), Because(f"made {role} of {kind} {place.slug} by hand")

    def decide(held: Holding) -> tuple[Change, ...]:
        by_hand = {row.source: row for row in _by_hand(held, target)}
        old = by_hand.pop("manual", None)
        taken = tuple(Take(row, because) for row in sorted(by_hand.values()))
        if old and old.level == role:
            return taken
        return (*taken, Give(Assignment(target, role, "manual"), because, replaces=old.level if old else None))

    if not _settle(corridor, membership_id, target, decide):
        raise _no_member()


def unseat(corridor: Corridor, kind: PlaceKind, place: Any, membership_id: str) -> None:
    """Take somebody out of a place. Raises Conflict `managed_by_idp`, `default_project`; NotFound `member_not_found` when they
    are not in it."""
    target, because = Target(kind, place.slug), Because(f"taken out of {kind} {place.slug} by hand")

    def decide(held: Holding) -> tuple[Change, ...]:
        rows = _by_hand(held, target)
        if not rows and any(row.target == target for row in held.rows):
            raise Conflict(
                "default_project",
                "Everybody is a member of the default project.",
                advice="Suspend or remove them, or give them less in another project.",
            )
        if not rows:
            raise NotFound("member_not_found", f"They are not in the {kind} {place.slug}.")
        return tuple(Take(row, because) for row in rows)

    if not _settle(corridor, membership_id, target, decide):
        raise NotFound("member_not_found", f"They are not in the {kind} {place.slug}.")


def _by_hand(held: Holding, target: Target) -> list[Assignment]:
    return sorted(row for row in held.rows if row.target == target and not row.from_rule and row.source != SYSTEM)


def _settle(corridor: Corridor, membership_id: str, target: Target, decide: Any) -> bool:
    """False when they left while this waited for their row."""
    entries = facts.members(corridor, id_rows([membership_id]))
    for entry in entries:
        _refuse_governed(corridor, target, [row for row in entry.holding.rows if row.target == target])
    sync.settle(corridor, entries, lambda entry: decide(entry.holding))
    return bool(entries)


def _refuse_governed(corridor: Corridor, target: Target, rows: Collection[Assignment]) -> None:
    """Naming group and rule, so that the admin knows where to change it."""
    sources = [row.source.removeprefix("rule:") for row in rows if row.from_rule]
    if not sources:
        return
    told = _in_words(corridor, t.Rule.id == sources[0]) or sources[0]
    raise Conflict(
        "managed_by_idp",
        f"This place in {target} comes from the identity provider: {told}.",
        expected="a place that no rule gives",
        advice="Change the group at the IdP, or the rule here.",
    )
