"""The membership mode over HTTP: by invitation, or through an identity provider, and the switch between the two."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.api.plans import OF_MODE, DryRun, PlanAnswer, planned
from connector.directory import mode
from connector.directory.mode import ModeView

TAG = "Mode"


class NewMode(Body):
    """How members are to come: by `invitation`, or through a `connection`, which is activated for it. With `keep` what was given
    by hand stays then; else it is handed over to the rules."""

    mode: Literal["invitation", "sso"] = Field(examples=["sso"])
    connection: str | None = Field(default=None, examples=["0192d4e0-7b1c-7c3e-9f00-000000000001"])
    keep: bool = False


@operation("GET", "/api/orgs/<o>/membership-mode", tag=TAG, summary="How members come", permission="org.read", answer=ModeView)
def show_mode(call: Call, o: str) -> ModeView:
    """By invitation, or through which connections; and who decides what they are."""
    return mode.show(call.database, call.organization(o), actor=call.actor)


@operation(
    "PUT",
    "/api/orgs/<o>/membership-mode",
    tag=TAG,
    summary="Switch how members come",
    permission="sso.manage",
    body=NewMode,
    query=DryRun,
    answer=PlanAnswer,
    errors=OF_MODE,
)
def switch_mode(call: Call, o: str, body: NewMode, query: DryRun) -> PlanAnswer:
    """To `sso`: whoever asks has made a test sign-in through the connection within a day. Back: whoever asks is signed in locally
    or by break-glass; nobody active loses access, and who has no verified address is mailed a link that verifies it."""
    return planned(call, o, "mode", body.model_dump(exclude_none=True), query)
