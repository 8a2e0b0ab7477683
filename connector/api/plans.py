"""Plans over HTTP: looked at first, then applied. What changes a membership for more than one person answers with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import Field

from connector.api.messages import Body, Query
from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.directory import plans
from connector.directory.model import Document
from connector.directory.plans import PlanView
from connector.errors import Invalid
from connector.membership.model import AccessChange
from connector.provisioning.pages import Page

TAG = "Plans"
SHOWN = 1_000
"""Changes that an answer has; the others of a stored plan are read in pages."""

OF_RULES: Mapping[str, int] = MappingProxyType(
    {
        "connection_not_found": 404,
        "group_not_found": 404,
        "rule_invalid": 400,
        "unknown_role": 400,
        "pattern_invalid": 400,
        "slug_invalid": 400,
        "level_invalid": 400,
        "top_role_by_rule": 409,
        "last_owner": 409,
    }
)
"""How a plan of rules may be refused."""

OF_MODE: Mapping[str, int] = MappingProxyType(
    {
        "connection_not_found": 404,
        "connection_needed": 400,
        "already_active": 409,
        "domain_required": 409,
        "break_glass_required": 409,
        "test_sign_in_required": 409,
        "local_sign_in_first": 409,
    }
)
"""How going live and going back may be refused."""

OF_STATES: Mapping[str, int] = MappingProxyType(
    {
        "connection_not_found": 404,
        "membership_mode": 409,
        "connection_not_active": 409,
        "directory_not_live": 409,
        "directory_not_staged": 409,
        "directory_live": 409,
        "last_connection": 409,
    }
)
"""How the other states of a connection and its directory may be refused."""

OF_POLICY: Mapping[str, int] = MappingProxyType(
    {"unknown_role": 400, "top_role_by_default": 409, "top_needs_two": 409, "last_owner": 409}
)
"""How a policy may be refused."""

OF_ROLES: Mapping[str, int] = MappingProxyType(
    {
        "roles_invalid": 400,
        "unknown_permission": 400,
        "unknown_role": 400,
        "no_top_role": 409,
        "role_in_use": 409,
        "break_glass": 409,
        "last_owner": 409,
    }
)
"""How another catalogue of roles may be refused."""

OF_OTHERS: Mapping[str, int] = MappingProxyType(
    {"rule_exists": 409, "rule_not_found": 404, "domain_not_found": 404, "last_domain": 409}
)
"""How plans of one rule or one domain may be refused."""

ANY: Mapping[str, int] = MappingProxyType({**OF_RULES, **OF_MODE, **OF_STATES, **OF_POLICY, **OF_ROLES, **OF_OTHERS})


class DryRun(Query):
    """Whether only to look."""

    dry_run: bool = Field(default=False, description="Store the plan and answer with it; change nothing.")


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One difference for one person. `target` is `role`, `team:SLUG`, `project:SLUG` or `status`; `because` are sentences."""

    email: str | None
    target: str
    before: str | None
    after: str | None
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanAnswer:
    """A plan. `digest` names it for as long as it is stored (24 hours); `summary` counts what changes; `changes` has the first
    thousand lines, `more` says how many there are beside; `withheld` what is held back to keep an owner; `notes` what else
    happens to the organization."""

    digest: str
    applied: bool
    summary: dict[str, int]
    changes: tuple[PlanLine, ...]
    more: int
    withheld: tuple[str, ...]
    notes: tuple[str, ...]


class PlannedRule(Body):
    """A rule: whom it matches (one of group, group_id, external_id, pattern, attribute, everyone) and what it gives (one of role,
    team, project)."""

    connection: str = Field(examples=["0192d4e0-7b1c-7c3e-9f00-000000000001"])
    group: str | None = Field(default=None, examples=["Engineering"])
    group_id: str | None = None
    external_id: str | None = None
    pattern: str | None = None
    attribute: str | None = None
    everyone: bool | None = None
    role: str | None = None
    team: str | None = Field(default=None, examples=["engineering:maintainer"])
    project: str | None = None


class NewPlan(Body):
    """What is to be looked at: everybody brought in line with these rules, in this order, or with the rules of today."""

    rules: list[PlannedRule] | None = Field(default=None, max_length=1_000, description="Left out: the rules of today.")


def planned(call: Call, o: str, kind: str, given: Document, query: DryRun) -> PlanAnswer:
    """Carry a verb of `directory/plans.py` out, or store the plan of it: what every mutating call that is a plan does."""
    run = plans.propose if query.dry_run else plans.carry_out
    return told(run(call.database, call.organization(o), kind, given, actor=call.actor))


def told(plan: PlanView) -> PlanAnswer:
    """A plan as it is answered."""
    lines = tuple(map(_line, plan.changes[:SHOWN]))
    more = len(plan.changes) - len(lines)
    return PlanAnswer(plan.digest, plan.applied, plan.summary, lines, more, plan.withheld, plan.notes)


def _line(change: AccessChange) -> PlanLine:
    return PlanLine(change.subject.email, change.target, change.before, change.after, change.because)


@operation(
    "POST",
    "/api/orgs/<o>/plans",
    tag=TAG,
    summary="Look at what rules would change",
    permission="sso.manage",
    body=NewPlan,
    answer=PlanAnswer,
    errors=OF_RULES,
)
def make_plan(call: Call, o: str, body: NewPlan) -> PlanAnswer:
    """Stores a plan for 24 hours and changes nothing: everybody brought in line with today's rules, or with others."""
    rules = None if body.rules is None else [each.model_dump(exclude_none=True) for each in body.rules]
    return planned(call, o, "rules", {"rules": rules}, DryRun(dry_run=True))


@operation(
    "GET",
    "/api/orgs/<o>/plans/<digest>",
    tag=TAG,
    summary="Look at a stored plan again",
    permission="sso.manage",
    answer=PlanAnswer,
    errors={"plan_not_found": 404},
)
def show_plan(call: Call, o: str, digest: str) -> PlanAnswer:
    """As it was when it was stored."""
    return told(plans.show(call.database, call.organization(o), digest, actor=call.actor))


@operation(
    "GET",
    "/api/orgs/<o>/plans/<digest>/changes",
    tag=TAG,
    summary="Read all changes of a stored plan",
    permission="sso.manage",
    query=Listing,
    answer=Page[PlanLine],
    errors={"plan_not_found": 404},
)
def list_plan_changes(call: Call, o: str, digest: str, query: Listing) -> Page[PlanLine]:
    """Line by line, in the order of the plan."""
    start = _place(query.after or "0")
    lines = plans.lines(call.database, call.organization(o), digest, actor=call.actor)
    end = start + query.limit
    return Page(tuple(map(_line, lines.changes(start, end))), str(end) if end < len(lines) else None)


def _place(key: str) -> int:
    """The number of the line that a cursor of ours leads to."""
    if not (key.isascii() and key.isdecimal()):
        raise Invalid(
            "cursor_invalid",
            "This cursor is not one that this list was answered with.",
            expected="next_cursor of the page before",
            advice="Begin again without a cursor.",
        )
    return int(key)


@operation(
    "POST",
    "/api/orgs/<o>/plans/<digest>/apply",
    tag=TAG,
    summary="Apply a stored plan",
    permission="sso.manage",
    answer=PlanAnswer,
    errors={"plan_not_found": 404, "plan_changed": 409, "roles_changed": 409, "rules_changed": 409, **ANY},
)
def apply_plan(call: Call, o: str, digest: str) -> PlanAnswer:
    """Computes it afresh and applies it if nothing is in it that was not looked at. Else nothing changes, and the new plan is
    stored: the refusal names its digest."""
    return told(plans.apply_stored(call.database, call.organization(o), digest, actor=call.actor))
