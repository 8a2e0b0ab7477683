"""Rules over HTTP: what an identity provider's groups, attributes or everybody become here. Each change is a plan."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from connector.api.connections import Leaving
from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.api.plans import OF_RULES, DryRun, PlanAnswer, PlannedRule, planned
from connector.directory import rule_views
from connector.directory.connections import MANAGE
from connector.directory.rule_rows import named
from connector.directory.rule_views import RuleView
from connector.provisioning.pages import Page

_TAG = "Rules"


class RulesOf(Listing):
    """Which of the rules."""

    connection: str | None = Field(default=None, description="Of this connection.")


class Rules(Body):
    """All rules of the organization, in their order."""

    rules: list[PlannedRule] = Field(max_length=1_000)


@dataclass(frozen=True, slots=True)
class MadeRule:
    """The id of a new rule, and the plan of what it gives: with `dry_run` the rule is made when the plan is applied."""

    id: str
    plan: PlanAnswer


@operation(
    "GET",
    "/api/orgs/<o>/rules",
    tag=_TAG,
    summary="List rules",
    permission=MANAGE,
    query=RulesOf,
    answer=Page[RuleView],
    errors={"connection_not_found": 404},
)
def list_(call: Call, o: str, query: RulesOf) -> Page[RuleView]:
    """Oldest first; `position` is their order of precedence, `members` how many hold something by each."""
    home = call.organization(o)
    return rule_views.list_(call.database, home, query.connection, limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "POST",
    "/api/orgs/<o>/rules",
    tag=_TAG,
    summary="Add a rule",
    permission=MANAGE,
    body=PlannedRule,
    query=DryRun,
    answer=MadeRule,
    errors={**OF_RULES, "rule_exists": 409},
)
def add_rule(call: Call, o: str, body: PlannedRule, query: DryRun) -> MadeRule:
    """Where its connection is in force, it applies to everybody at once. A team or project that is missing is made."""
    given = named(body.model_dump(exclude_none=True))
    return MadeRule(str(given["id"]), planned(call, o, "add_rule", given, query))


@operation(
    "PUT",
    "/api/orgs/<o>/rules",
    tag=_TAG,
    summary="Replace all rules",
    permission=MANAGE,
    body=Rules,
    query=DryRun,
    answer=PlanAnswer,
    errors=OF_RULES,
)
def replace_rules(call: Call, o: str, body: Rules, query: DryRun) -> PlanAnswer:
    """Those that stay keep their ids; what the others gave is withdrawn."""
    given = [each.model_dump(exclude_none=True) for each in body.rules]
    return planned(call, o, "rules", {"rules": given}, query)


@operation(
    "DELETE",
    "/api/orgs/<o>/rules/<rule>",
    tag=_TAG,
    summary="Remove a rule",
    permission=MANAGE,
    query=Leaving,
    answer=PlanAnswer,
    errors={"rule_not_found": 404, "last_owner": 409},
)
def remove(call: Call, o: str, rule: str, query: Leaving) -> PlanAnswer:
    """For everybody at once. Exactly one of `withdraw=true` and `keep=true` is needed: what it gave is withdrawn, or kept as
    given by hand."""
    return planned(call, o, "remove_rule", {"id": rule, "keep": query.keep}, query)
