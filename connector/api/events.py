"""Events, for programs that follow what happens."""

from __future__ import annotations

from pydantic import Field

from connector.api.messages import EXACT, Query
from connector.api.operation import Call, operation
from connector.provisioning import history
from connector.provisioning.history import READ_AUDIT, Events


class Following(Query):
    """From where on, and what."""

    after: int | None = Field(default=None, ge=0, le=EXACT, description="`next_after` of the answer before.")
    kind: str | None = Field(default=None, max_length=100, description="What the kind begins with, such as `member.`.")
    limit: int = Field(default=50, ge=1, le=200, description="How many at most.")


@operation(
    "GET", "/api/orgs/<o>/events", tag="Events", summary="What happened", permission=READ_AUDIT,
    query=Following, answer=Events, errors={"events_swept": 410},
)  # fmt: skip
def list_(call: Call, o: str, query: Following) -> Events:
    """In the order of their numbers, 1, 2, 3… of the organization. Whoever sends `next_after` as `after` the next time misses
    none and gets none twice; without `after` it begins with the oldest that is kept. Events are kept for 30 days: who comes
    later than that is told so."""
    given = (call.database, call.organization(o))
    return history.events(*given, after=query.after, kind=query.kind, limit=query.limit, actor=call.actor)
