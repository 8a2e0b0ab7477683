"""The states of connections over HTTP: each change is a plan."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.api.plans import OF_MODE, OF_STATES, DryRun, PlanAnswer, planned

TAG = "Connections"


class Activation(Body):
    """With `keep` what was given by hand stays when the organization switches to `sso`; else it is handed over to the rules."""

    keep: bool = False


class NewState(Body):
    """The state a directory is to be in. With `keep` what its rules gave is kept as given by hand when it leaves live."""

    directory: Literal["off", "staging", "live", "paused"] = Field(examples=["staging"])
    keep: bool = False


class Since(Body):
    """From when on people are to be brought back."""

    since: AwareDatetime = Field(strict=False, examples=[datetime.fromisoformat("2026-11-21T09:30:00Z")])


@operation(
    "POST",
    "/api/orgs/<o>/connections/<c>/activate",
    tag=TAG,
    summary="Take a connection live",
    permission="sso.manage",
    body=Activation,
    query=DryRun,
    answer=PlanAnswer,
    errors=OF_MODE,
)
def activate_connection(call: Call, o: str, c: str, body: Activation, query: DryRun) -> PlanAnswer:
    """With its staged directory. The first one turns the organization to `sso`. Whoever asks has made a test sign-in through it
    within a day."""
    return planned(call, o, "activate", {"connection": c, "keep": body.keep}, query)


@operation(
    "POST",
    "/api/orgs/<o>/connections/<c>/disable",
    tag=TAG,
    summary="Disable a connection",
    permission="sso.manage",
    query=DryRun,
    answer=PlanAnswer,
    errors={code: OF_STATES[code] for code in ("connection_not_found", "directory_live", "last_connection")},
)
def disable_connection(call: Call, o: str, c: str, query: DryRun) -> PlanAnswer:
    """Who signed in through it is signed out, and its tokens are refused, until it is activated again."""
    return planned(call, o, "disable", {"connection": c}, query)


@operation(
    "POST",
    "/api/orgs/<o>/connections/<c>/directory",
    tag=TAG,
    summary="Move a directory to another state",
    permission="sso.manage",
    body=NewState,
    query=DryRun,
    answer=PlanAnswer,
    errors=OF_STATES,
)
def move_directory(call: Call, o: str, c: str, body: NewState, query: DryRun) -> PlanAnswer:
    """Off, staging, live or paused. Another directory that is live stages then, in the same plan."""
    return planned(call, o, "directory", {"connection": c, "directory": body.directory, "keep": body.keep}, query)


@operation(
    "POST",
    "/api/orgs/<o>/connections/<c>/restore",
    tag=TAG,
    summary="Bring back who was put out",
    permission="sso.manage",
    body=Since,
    query=DryRun,
    answer=PlanAnswer,
    errors={"connection_not_found": 404},
)
def restore_people(call: Call, o: str, c: str, body: Since, query: DryRun) -> PlanAnswer:
    """Everybody whom this connection suspended or deleted since a time, until the identity provider next speaks of them."""
    return planned(call, o, "restore", {"connection": c, "since": body.since.isoformat()}, query)
