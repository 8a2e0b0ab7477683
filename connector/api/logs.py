"""What went on at a connection, over HTTP: what its identity provider pushed, how sign-ins went, and whether one would work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from pydantic import AwareDatetime, Field

from connector.api.connections import FOUND
from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.directory import checkup, log, traces, trial_record
from connector.directory.checkup import Ask, CheckItem, Checkup
from connector.directory.connections import MANAGE
from connector.directory.log import LogItem
from connector.directory.sign_on_model import SignOn
from connector.directory.traces import TraceItem
from connector.provisioning.pages import Page

_TAG = "Connections"
_TESTED = {**FOUND, "secret_key_changed": 409}


class Entries(Listing):
    """Which of the entries."""

    status: Literal["ok", "refused"] | None = Field(default=None, description="How it ended.")
    since: AwareDatetime | None = Field(default=None, description="Nothing before this time.")
    until: AwareDatetime | None = Field(default=None, description="Before this time.")

    @property
    def refused(self) -> bool | None:
        """Only what was refused, only what was not, or both."""
        return None if self.status is None else self.status == "refused"


class Requests(Entries):
    """Which requests of the identity provider."""

    q: str | None = Field(default=None, min_length=1, max_length=200, description="Somewhere in what was asked.")


class Attempts(Entries):
    """Which sign-ins."""

    purpose: Literal["sign_in", "test", "confirm"] | None = Field(default=None, description="What it was for.")
    stage: str | None = Field(default=None, max_length=20, description="How far it came, such as `signature`.")
    reference: str | None = Field(default=None, max_length=100, description="What the person was shown.")


@operation(
    "GET",
    "/api/orgs/<o>/connections/<c>/log",
    tag=_TAG,
    summary="Read the provisioning log",
    permission=MANAGE,
    query=Requests,
    answer=Page[LogItem],
    errors=FOUND,
)
def read_log(call: Call, o: str, c: str, query: Requests) -> Page[LogItem]:
    """What the identity provider asked, in meaning, what it changed and what was answered. Newest first. A page may have fewer
    items than asked for, and more behind it."""
    return log.list_(
        call.database,
        call.organization(o),
        c,
        limit=query.limit,
        after=query.after,
        since=query.since,
        until=query.until,
        refused=query.refused,
        q=query.q,
        actor=call.actor,
    )


@operation(
    "GET",
    "/api/orgs/<o>/connections/<c>/traces",
    tag=_TAG,
    summary="Read how sign-ins went",
    permission=MANAGE,
    query=Attempts,
    answer=Page[TraceItem],
    errors=FOUND,
)
def list_traces(call: Call, o: str, c: str, query: Attempts) -> Page[TraceItem]:
    """How far each attempt came, what was wrong and what to do, for a week. Newest first."""
    return traces.list_(
        call.database,
        call.organization(o),
        c,
        limit=query.limit,
        after=query.after,
        since=query.since,
        until=query.until,
        refused=query.refused,
        purpose=query.purpose,
        stage=query.stage,
        reference=query.reference,
        actor=call.actor,
    )


@operation(
    "GET",
    "/api/orgs/<o>/connections/<c>/test",
    tag=_TAG,
    summary="Show the last test sign-in",
    permission=MANAGE,
    answer=Checkup,
    errors=_TESTED,
)
def show_test(call: Call, o: str, c: str) -> Checkup:
    """What is well and what is missing, and what the last test sign-in showed. Nobody else is asked."""
    return _checked(call, call.organization(o), c, None)


@operation(
    "POST",
    "/api/orgs/<o>/connections/<c>/test",
    tag=_TAG,
    summary="Test a connection",
    permission=MANAGE,
    answer=Checkup,
    errors=_TESTED,
)
def make_test(call: Call, o: str, c: str) -> Checkup:
    """Asks the identity provider what it says of itself, and answers with the address of a test sign-in, which makes nothing and
    shows everything. It is good for an hour, in every state of the connection; null while it is not set up."""
    home = call.organization(o)

    def ask(found: SignOn) -> Iterable[CheckItem]:
        return call.house.protocols[str(found.protocol)].checks(found)

    told = _checked(call, home, c, ask)
    if not told.set_up:
        return told
    url = trial_record.make_link(call.database, home, c, call.settings.base_url, now=call.now, actor=call.actor)
    return replace(told, test_url=url)


def _checked(call: Call, home: str, connection: str, ask: Ask | None) -> Checkup:
    base_url = call.settings.base_url
    return checkup.look_at(
        call.database, call.sealer, home, connection, base_url=base_url, now=call.now, ask=ask, actor=call.actor
    )
