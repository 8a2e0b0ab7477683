"""MAPPING: the groups of an identity provider as it pushes them, and beside each what it becomes here.

/mapping              groups, with the rules that match them
/mapping/rules        all rules of a connection, in their order; those whose group is gone stand apart
/mapping/rules/<id>   one rule, and removing it
(rules are made in mapping_rule.py; how they are read is said in mapping_policy.py)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request

from connector.admin.forms import text
from connector.admin.frame import PAGE, Visit, done, show, visited_by_link
from connector.admin.guides import GUIDES
from connector.admin.guides.advice import advice
from connector.admin.plans import proposed
from connector.directory import connections, known_groups, plans, policy, rule_views, undo
from connector.directory.connections import ConnectionView
from connector.directory.model import Document
from connector.directory.undo import Undo
from connector.errors import Invalid

blueprint = Blueprint("mapping", __name__)

SAID = {
    "applied": "It is done: everybody is in line with the rules.",
    "moved": "The rules are in the new order. It changed nobody's access.",
    "later": "Something else was changed since this page was opened, so nothing was undone. Look at what was changed last.",
}

MOST_RULES = 1_000
"""Rules that can be put in order; of more, the order is written by a program."""


@dataclass(frozen=True, slots=True)
class Course:
    """The connection whose rules are shown, and the others there are; `silent` says why its rules give nothing now, "" when they
    do."""

    connection: ConnectionView
    others: tuple[ConnectionView, ...]
    silent: str

    @property
    def called(self) -> str:
        """What its provider is called."""
        return GUIDES[self.connection.idp].name if self.connection.idp != "generic" else "the identity provider"


def course(visit: Visit, asked: str) -> Course | None:
    """The connection asked for; else the one that decides, or the first. None while there is none. Raises NotFound
    `connection_not_found`."""
    where, base_url = (visit.database, visit.here.id), visit.house.settings.base_url
    known = connections.list_(*where, base_url=base_url, limit=PAGE, actor=visit.actor).items
    chosen = next((each for each in known if each.id == asked), None)
    if asked and chosen is None:
        chosen = connections.show(*where, asked, base_url=base_url, actor=visit.actor)
    found = chosen or max(known, key=_weight, default=None)
    return None if found is None else Course(found, known, _silent(found))


def _weight(connection: ConnectionView) -> tuple[bool, bool]:
    return connection.directory in ("live", "paused"), connection.state == "active"


def _silent(connection: ConnectionView) -> str:
    if connection.state == "draft":
        return "This connection is not in force yet: its rules are kept, and give nothing before it goes live."
    if connection.state == "disabled":
        return "This connection is disabled: its rules are kept, and give nothing."
    if connection.authority == "directory" and connection.directory not in ("live", "paused"):
        return "The directory of another connection decides here: the rules of this one are kept, and give nothing."
    return ""


def shown(visit: Visit, template: str, at: Course | None, **values: Any) -> Response:
    """A page about the rules of a connection, with the last change and its undoing."""
    last = None if visit.setup else undo.last(visit.database, visit.here.id, actor=visit.actor)
    mine = last is not None and last.actor == visit.actor.name
    return show(visit, template, said=SAID, course=at, last=last, mine=mine, ago=last and ago(last.at, visit.now), **values)


def ago(at: datetime, now: datetime) -> str:
    """How long ago something was, roughly: what is read is whether it was just now."""
    minutes = max(int((now - at).total_seconds() // 60), 0)
    for size, word in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {word}{'' if count == 1 else 's'} ago"
    return "just now"


# ----------------------------------------------------------------------------------------------------------------- groups


@blueprint.get("/admin/<o>/mapping")
@visited_by_link
def groups(visit: Visit) -> Response:
    """The groups of a connection with their rules, searched and filtered."""
    asked = request.args
    at = course(visit, asked.get("connection", ""))
    if at is None:
        return show(visit, "admin/mapping_none.html")
    q, mapped = asked.get("q", "").strip()[:200], {"yes": True, "no": False}.get(asked.get("mapped", ""))
    page = known_groups.list_(
        visit.database,
        visit.here.id,
        at.connection.id,
        q=q or None,
        mapped=mapped,
        limit=PAGE,
        after=asked.get("after"),
        actor=visit.actor,
    )
    seen = bool(page.items or q or mapped is not None or asked.get("after"))
    kept = {"q": q, "mapped": asked.get("mapped", "")}
    told = None if seen else advice("groups_not_pushed", at.connection.idp)
    return shown(visit, "admin/mapping.html", at, page=page, seen=seen, advice=told, **kept)


# ------------------------------------------------------------------------------------------------------------------ rules


@blueprint.get("/admin/<o>/mapping/rules")
@visited_by_link
def rules(visit: Visit) -> Response:
    """All rules of a connection, in their order."""
    at = course(visit, request.args.get("connection", ""))
    if at is None:
        return show(visit, "admin/mapping_none.html")
    after = request.args.get("after")
    where = (visit.database, visit.here.id, at.connection.id)
    page = rule_views.list_(*where, limit=PAGE, after=after, in_order=True, actor=visit.actor)
    ordered = not visit.setup and policy.show(visit.database, visit.here.id, actor=visit.actor).role_strategy == "ordered"
    return shown(visit, "admin/mapping_rules.html", at, page=page, ordered=ordered, first=not after)


@blueprint.get("/admin/<o>/mapping/rules/<rule>")
@visited_by_link
def rule(visit: Visit, rule: str) -> Response:
    """One rule, and what to do with what it gave when it is removed."""
    found = rule_views.show(visit.database, visit.here.id, rule, actor=visit.actor)
    at = course(visit, found.connection)
    return show(visit, "admin/mapping_remove.html", rule=found, course=at)


@blueprint.post("/admin/<o>/mapping/rules/<rule>/remove")
@visited_by_link
def remove(visit: Visit, rule: str) -> Response:
    """Look at what removing it changes."""
    found = rule_views.show(visit.database, visit.here.id, rule, actor=visit.actor)
    given: Document = {"id": rule, "keep": text("what") == "keep"}
    return proposed(visit, "remove_rule", given, back=f"/mapping?connection={found.connection}")


@blueprint.post("/admin/<o>/mapping/rules/<rule>/move")
@visited_by_link
def move(visit: Visit, rule: str) -> Response:
    """Put it before the one above it, or behind the one below. Where that changes nobody's access it is done at once."""
    where = (visit.database, visit.here.id)
    every = rule_views.list_(*where, limit=MOST_RULES, in_order=True, actor=visit.actor)
    found = next((each for each in every.items if each.id == rule), None)
    if found is None or every.next is not None:
        raise Invalid("rules_many", f"Only the first {MOST_RULES:,} rules can be moved here.", expected="fewer rules")
    ids, beside = [each.id for each in every.items], [each.id for each in every.items if each.connection == found.connection]
    place = beside.index(rule) + (-1 if text("to") == "up" else 1)
    if 0 <= place < len(beside):
        one, other = ids.index(rule), ids.index(beside[place])
        ids[one], ids[other] = ids[other], ids[one]
    tail, kind = f"/mapping/rules?connection={found.connection}", {"ids": ids}
    plan = plans.propose(*where, "order_rules", kind, actor=visit.actor)
    if plan.changes or plan.withheld:
        return proposed(visit, "order_rules", kind, back=tail)
    plans.apply_stored(*where, plan.digest, actor=visit.actor)
    return done(visit, "/mapping/rules", "moved", connection=found.connection)


# ------------------------------------------------------------------------------------------------------------------- undo


@blueprint.post("/admin/<o>/mapping/undo")
@visited_by_link
def take_back(visit: Visit) -> Response:
    """Look at what undoing the last change does: the one that was shown, and no later one."""
    found: Undo | None = undo.last(visit.database, visit.here.id, actor=visit.actor)
    if found is None or not found.kind or found.at.isoformat() != text("at"):
        return done(visit, "/mapping", "later")
    return proposed(visit, found.kind, found.given, back="/mapping", words="undo")
