"""PLANS: what will happen, person by person and with the reasons, before it does; then it is applied as it was looked at.

    return proposed(visit, "add_rule", given, back="/mapping")

stores the plan and leads to its page. Applied, it leads to `back` with `done=applied`. `words` is "undo" for a plan that takes
the last change back, else "". An address is no proof: a plan is called that only while it is what takes the last change back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import ceil
from types import MappingProxyType

from flask import Blueprint, Response, request

from connector.admin.frame import PAGE, Visit, show, visited_by_link
from connector.admin.people_words import plain
from connector.directory import plan_pages, plans, undo
from connector.directory.connections import MANAGE
from connector.directory.model import Document
from connector.directory.plan_pages import PlanPage
from connector.directory.plans import PlanChanged
from connector.errors import NotFound
from connector.web import pages

blueprint = Blueprint("plans", __name__)

WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "activate": ("Go live", "Go live"),
        "mode": ("Go back to invitations", "Go back to invitations"),
        "directory": ("Change what the directory does", "Change it"),
        "disable": ("Disable the connection", "Disable the connection"),
        "delete_connection": ("Delete the connection", "Delete the connection"),
        "policy": ("Change how rules count", "Change it"),
        "roles": ("Change the roles", "Change the roles"),
        "restore": ("Restore people", "Restore them"),
        "rules": ("Bring everybody in line", "Bring them in line"),
        "order_rules": ("Change the order of rules", "Change the order"),
        "add_rule": ("Add a rule", "Add the rule"),
        "remove_rule": ("Remove a rule", "Remove the rule"),
        "remove_domain": ("Remove a domain", "Remove the domain"),
        "undo": ("Undo the last change", "Undo it"),
    }
)
"""Heading and button, by kind of plan; and of one that takes the last change back."""

COUNTED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "join": ("joins", "join"),
        "leave": ("leaves", "leave"),
        "suspend": ("is suspended", "are suspended"),
        "reactivate": ("comes back", "come back"),
        "role_changed": ("changes role", "change role"),
        "team_given": ("place in a team is given", "places in teams are given"),
        "team_taken": ("place in a team is taken", "places in teams are taken"),
        "team_changed": ("role in a team changes", "roles in teams change"),
        "project_given": ("place in a project is given", "places in projects are given"),
        "project_taken": ("place in a project is taken", "places in projects are taken"),
        "project_changed": ("role in a project changes", "roles in projects change"),
    }
)
"""What kinds of lines are called, of one and of several, in the order in which they matter. A role given or taken is told by
somebody joining or leaving."""

APPLYING = 3
"""How many times as long as computing a plan it takes to apply it, about."""

AT_ONCE = 1.0
"""Seconds of which nobody needs to be told."""

_GIVEN = re.compile(r"(?P<origin>.*) -> rule \S+ -> .*", re.DOTALL)
_NO_LONGER = re.compile(r"rule \S+ no longer gives .*", re.DOTALL)
_TAIL = re.compile(r"(/[A-Za-z0-9_./-]*)(?:\?([A-Za-z0-9=&%._~+-]*))?")


def proposed(visit: Visit, kind: str, given: Document, *, back: str, words: str = "") -> Response:
    """Store the plan of a verb of `directory/plans.py`, and lead to its page; `back` is the tail of where it leads afterwards.
    Raises what the verb raises."""
    plan = plans.propose(visit.database, visit.here.id, kind, given, actor=visit.actor)
    return pages.redirect(_path(visit, plan.digest, back, words))


def counted(counts: Mapping[str, int]) -> list[tuple[str, int, str]]:
    """The counts of a plan: kind, how many, and what they do, in words."""
    return [(kind, counts[kind], words[counts[kind] != 1]) for kind, words in COUNTED.items() if counts.get(kind)]


def sentence(counts: Mapping[str, int]) -> str:
    """The counts of a plan as one sentence."""
    parts = [f"{count:,} {words}" for _, count, words in counted(counts)]
    if not parts:
        return "Nobody's access changes."
    return f"{', '.join(parts[:-1])} and {parts[-1]}." if len(parts) > 1 else f"{parts[0]}."


@blueprint.app_template_filter("why")
def why(because: str) -> str:
    """The reason for a line, for people: what is given stands beside it already, and the id of a rule says nothing to them."""
    if found := _GIVEN.fullmatch(because):
        origin = found["origin"].replace("IdP group ", "in the group ", 1).replace("attribute ", "by the attribute ", 1)
        return plain("like everybody" if origin == "everyone" else origin)
    return "Its rule no longer gives it" if _NO_LONGER.fullmatch(because) else plain(because)


@blueprint.get("/admin/<o>/plans/<digest>")
@visited_by_link
def look(visit: Visit, digest: str) -> Response:
    """A stored plan: what it changes in all, and for whom and why, some people at a time."""
    asked = request.args
    kind = asked.get("kind", "") if asked.get("kind") in COUNTED else ""
    page = plan_pages.show(
        visit.database,
        visit.here.id,
        digest,
        q=asked.get("q", "").strip()[:254],
        kind=kind,
        start=_number(asked.get("after", "")),
        limit=PAGE,
        before=asked.get("was", ""),
        actor=visit.actor,
    )
    heading, button = WORDS[_called(visit, page, asked.get("words", ""))]
    return show(
        visit,
        "admin/plan.html",
        page=page,
        heading=heading,
        button=button,
        sentence=sentence(page.counts),
        chips=counted(page.counts),
        kind=kind,
        q=asked.get("q", "").strip()[:254],
        kept={name: asked.get(name, "") for name in ("back", "words", "was")},
        back=_back(visit, asked.get("back", "")),
        seconds=_seconds(page),
    )


def _called(visit: Visit, page: PlanPage, words: str) -> str:
    """The key of a plan's heading: its kind, unless it goes live with a mode, or is what takes the last change back."""
    if page.kind == "mode" and page.given.get("mode") == "sso":
        return "activate"
    if words == "undo" and visit.may(MANAGE):
        last = undo.last(visit.database, visit.here.id, actor=visit.actor)
        if last is not None and (last.kind, dict(last.given)) == (page.kind, dict(page.given)):
            return words
    return page.kind


@blueprint.post("/admin/<o>/plans/<digest>/apply")
@visited_by_link
def apply(visit: Visit, digest: str) -> Response:
    """Apply it, if what would change now is what was looked at; else the new plan is shown. A second time it says so."""
    back, words = request.form.get("back", ""), request.form.get("words", "")
    try:
        plans.apply_stored(visit.database, visit.here.id, digest, actor=visit.actor)
    except PlanChanged as changed:
        return pages.redirect(_path(visit, changed.plan.digest, back, words, was=digest))
    except NotFound as error:
        if error.code != "plan_not_found" or not digest.isalnum():
            raise
        return pages.redirect(_path(visit, digest, back, words))
    return pages.redirect(_back(visit, back, done="applied"))


@blueprint.post("/admin/<o>/plans/<digest>/anew")
@visited_by_link
def anew(visit: Visit, digest: str) -> Response:
    """Compute it again, as the world is now."""
    plan = plans.anew(visit.database, visit.here.id, digest, actor=visit.actor)
    return pages.redirect(_path(visit, plan.digest, request.form.get("back", ""), request.form.get("words", "")))


def _path(visit: Visit, digest: str, back: str, words: str, **more: str) -> str:
    return visit.path(f"/plans/{digest}", back=back, words=words, **more)


def _back(visit: Visit, tail: str, **query: str) -> str:
    """Where a plan leads back to: a page of this organization, the overview if nothing else is said."""
    found = _TAIL.fullmatch(tail)
    path = visit.path(found[1] if found else "", **query)
    more = found[2] if found else None
    return path if not more else f"{path}{'&' if '?' in path else '?'}{more}"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _seconds(page: PlanPage) -> int:
    """About how long it takes to apply; 0 for at once."""
    takes = APPLYING * page.took
    return ceil(takes) if takes > AT_ONCE else 0
