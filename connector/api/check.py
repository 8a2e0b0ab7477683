"""May somebody do something with a resource? For applications, at every turn."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.organizations import check as checking
from connector.organizations.check import Decision
from connector.provisioning.acting import MEMBER


class Question(Body):
    """Who is to do what with which resource."""

    resource_kind: str = Field(max_length=100, examples=["agent"])
    resource_id: str = Field(max_length=400, examples=["report-writer"])
    permission: Literal["read", "write", "admin"] = "read"
    user_id: str | None = Field(
        default=None, max_length=400, description="Who: the id of the person, or a verified address. Without it, you."
    )


@operation(
    "POST",
    "/api/orgs/<o>/check",
    tag="Check",
    summary="Ask what somebody may do with a resource",
    permission=MEMBER,
    body=Question,
    answer=Decision,
    errors={"resource_not_found": 404, "member_ambiguous": 409},
)
def ask_access(call: Call, o: str, body: Question) -> Decision:
    """Answered live, with the reasons, the one that counts first. About others it needs org.participants.read; a project's key
    asks about anybody, and what stands in the project. Who is no active member has `none`."""
    what = (body.resource_kind, body.resource_id)
    home = call.organization(o)
    return checking.check(call.database, home, *what, permission=body.permission, who=body.user_id, actor=call.actor)
