"""The policy of roles over HTTP."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.api.plans import OF_POLICY, DryRun, PlanAnswer, planned
from connector.directory import policy
from connector.directory.policy import PolicyView

TAG = "Roles"


class NewPolicy(Body):
    """What is to be different; what is left out stays."""

    role_strategy: Literal["highest", "ordered"] | None = None
    top_by_rules: bool | None = Field(default=None, description="Only by one of two who hold the highest role by hand.")
    entry_gate: bool | None = None
    default_role: str | None = Field(default=None, examples=["member"])


@operation("GET", "/api/orgs/<o>/policy", tag=TAG, summary="How rules become roles", permission="sso.manage", answer=PolicyView)
def show_policy(call: Call, o: str) -> PolicyView:
    """The strategy, whether rules give the highest role, the entry gate, and the default role."""
    return policy.show(call.database, call.organization(o), actor=call.actor)


@operation(
    "PUT",
    "/api/orgs/<o>/policy",
    tag=TAG,
    summary="Change how rules become roles",
    permission="sso.manage",
    body=NewPolicy,
    query=DryRun,
    answer=PlanAnswer,
    errors=OF_POLICY,
)
def change_policy(call: Call, o: str, body: NewPolicy, query: DryRun) -> PlanAnswer:
    """Everybody is brought in line at once."""
    return planned(call, o, "policy", body.model_dump(exclude_none=True), query)
