"""WORKSPACES: which organization is meant by `~current`, and in which one somebody works who names none.

`X-Workspace` (an id or a slug, or `~personal`) counts first, then the workspace of the session, then the organization of the key.
A workspace that is named and does not open is refused and never replaced by another: what was meant for an organization must not
end up in the personal workspace.
"""

from __future__ import annotations

from flask import request

from connector.api.caller import Caller
from connector.errors import Forbidden, NotFound
from connector.membership.opening import opens
from connector.organizations import mine
from connector.storage.database import Database

CURRENT, PERSONAL = "~current", "~personal"


def organization(database: Database, caller: Caller | None, named: str) -> str:
    """The id of the organization at an address: an id, a slug or `~current`. Raises NotFound `organization_not_found`, Forbidden
    `workspace_closed`."""
    found: str | None = None
    if named != CURRENT:
        known = mine.named(database, named)
        found = None if known is None else known.id
    elif caller is not None:
        found = current(database, caller) or _only(database, caller)
    if found is None:
        raise nothing()
    return found


def current(database: Database, caller: Caller) -> str | None:
    """The id of the organization somebody works in, None in the personal workspace. Raises Forbidden `workspace_closed`."""
    named = request.headers.get("X-Workspace") or caller.workspace or caller.key_organization
    if named is None or named == PERSONAL:
        return None
    found = mine.named(database, named)
    if found is None or found.id not in open_to(database, caller):
        raise closed()
    return found.id


def open_to(database: Database, caller: Caller) -> dict[str, str | None]:
    """The ids of what opens to somebody, oldest first, and their role there. A project's key opens its organization without a
    role, whoever made it."""
    if caller.actor.project_id is not None:
        return {caller.key_organization: None} if caller.key_organization else {}
    known = mine.of_person(database, caller.person_id)
    return {each.id: each.role for each in known if opens(caller.actor.authentications, each.access)}


def _only(database: Database, caller: Caller) -> str | None:
    """The one that opens, where it is one, and somebody did not ask for their own."""
    if request.headers.get("X-Workspace") == PERSONAL:
        return None
    open_ = list(open_to(database, caller))
    return open_[0] if len(open_) == 1 else None


def closed() -> Forbidden:
    """That the workspace somebody works in is none of theirs."""
    return Forbidden(
        "workspace_closed",
        "The workspace you work in does not open to you, or not any more.",
        expected="X-Workspace with an organization that opens to you, or ~personal",
        advice="GET /api/me says what opens; PUT /api/me/workspace chooses.",
    )


def nothing() -> NotFound:
    """That there is no such organization, for whoever asks: `acting` says the same of one that does not open."""
    return NotFound(
        "organization_not_found",
        "There is no such organization, or it does not open to you by how you signed in.",
        advice="GET /api/me says which organizations there are for you, and what opens them.",
    )
