"""Who asks, what opens to them, in which organization they work, and the sessions they have.

Organizations that do not open are told only to somebody to whom the personal workspace opens: where else a person belongs is
nobody's business who came in through one organization's identity provider. So it is with their other sessions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import Field

from connector.accounts import profile, sessions
from connector.accounts.sessions import Held, Session
from connector.api import workspaces
from connector.api.caller import Caller
from connector.api.messages import Body
from connector.api.operation import PERSONAL, Call, operation
from connector.api.paging import Listing
from connector.errors import Forbidden
from connector.membership.opening import Method, OpenBy, opens
from connector.organizations import mine
from connector.organizations.mine import Mine
from connector.provisioning.pages import LEFT_OUT, Page, page_of
from connector.web.devices import device_name


@dataclass(frozen=True, slots=True)
class TeamOfMine:
    """A team, and your role in it."""

    slug: str
    role: str


@dataclass(frozen=True, slots=True)
class OrganizationOfMine:
    """An organization you belong to; `open_by` is what opens it to how you signed in, null when nothing does."""

    id: str
    slug: str
    role: str
    teams: tuple[TeamOfMine, ...]
    open_by: OpenBy | None


@dataclass(frozen=True, slots=True)
class Me:
    """Who you are, and what opens to you. What you have not got is left out; `workspace` is the id of the organization you work
    in."""

    person_id: str
    email: str | None
    organizations: tuple[OrganizationOfMine, ...]
    name: str | None = field(default=None, metadata=LEFT_OUT)
    username: str | None = field(default=None, metadata=LEFT_OUT)
    super_admin: bool | None = field(default=None, metadata=LEFT_OUT)
    workspace: str | None = field(default=None, metadata=LEFT_OUT)


class Profile(Body):
    """What is to be changed; null takes a name away, what is not sent stays."""

    name: str | None = Field(default=None, examples=["Ada Lovelace"], description="For people to read: up to 200 characters.")
    username: str | None = Field(
        default=None, examples=["ada"], description="To be added by: 2 to 39 letters, digits, hyphens, underscores, dots."
    )


@operation("GET", "/api/me", tag="Me", summary="Who you are, and what opens to you", answer=Me)
def show(call: Call) -> Me:
    """Organizations that do not open are told only where what is your own opens: to a local sign-in, or through the organization
    that has the domain of your e-mail address."""
    return _me(call)


@operation(
    "PATCH", "/api/me", tag="Me", summary="Change your names", permission=PERSONAL, body=Profile, answer=Me,
    errors={"name_invalid": 400, "username_invalid": 400, "username_taken": 409},
)  # fmt: skip
def update(call: Call, body: Profile) -> Me:
    """A username is unique in the installation, whatever its case; admins add you by it."""
    profile.change(call.database, call.person_id, body.model_dump(include=body.model_fields_set))
    return _me(call)


def _me(call: Call) -> Me:
    caller, said = call.known, profile.show(call.database, call.person_id)
    all_ = mine.of_person(call.database, call.person_id)
    told = [_told(each, caller) for each in all_]
    shown = tuple(each for each in told if caller.has_personal or each.open_by)
    works_in = caller.workspace if any(each.id == caller.workspace and each.open_by for each in told) else None
    return Me(call.person_id, caller.email, shown, said.name, said.username, said.super_admin or None, works_in)


def _told(each: Mine, caller: Caller) -> OrganizationOfMine:
    teams = tuple(TeamOfMine(slug, role) for slug, role in each.teams)
    return OrganizationOfMine(each.id, each.slug, each.role, teams, opens(caller.actor.authentications, each.access))


# -------------------------------------------------------------------------------------------------------------- workspace


@dataclass(frozen=True, slots=True)
class OpenOrganization:
    """An organization that opens to you, and your role in it; a project's key has none."""

    id: str
    slug: str
    name: str
    role: str | None


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where you work: in an organization, or, where it is null, in your personal workspace."""

    organization: OpenOrganization | None


class ChosenWorkspace(Body):
    """Where to work from now on."""

    organization: str | None = Field(examples=["acme"], description="Id or slug; null is the personal workspace.")


@operation("GET", "/api/me/workspace", tag="Me", summary="Where you work", answer=Workspace, errors={"workspace_closed": 403})
def get_workspace(call: Call) -> Workspace:
    """The workspace of your session, or the organization of your key. `X-Workspace` is not asked."""
    works_in = call.known.workspace or call.known.key_organization
    if works_in is None:
        return Workspace(None)
    found = _open(call, works_in)
    if found is None:
        raise workspaces.closed()
    return Workspace(found)


@operation(
    "PUT", "/api/me/workspace", tag="Me", summary="Choose where you work", body=ChosenWorkspace, answer=Workspace,
    errors={"session_needed": 403, "organization_not_found": 404},
)  # fmt: skip
def set_workspace(call: Call, body: ChosenWorkspace) -> Workspace:
    """It holds for this session, until another is chosen: `~current` is this organization, and what names none works in it."""
    session = call.known.session
    if session is None:
        advice = "Send X-Workspace with each request."
        raise Forbidden("session_needed", "A key has no workspace to choose.", expected="a session", advice=advice)
    chosen = None if body.organization is None else _open(call, body.organization)
    if chosen is None and body.organization is not None:
        raise workspaces.nothing()
    sessions.work_in(call.database, session, None if chosen is None else chosen.id)
    return Workspace(chosen)


def _open(call: Call, named: str) -> OpenOrganization | None:
    """The organization with this id or slug, if it opens."""
    found = mine.named(call.database, named)
    roles = {} if found is None else workspaces.open_to(call.database, call.known)
    if found is None or found.id not in roles:
        return None
    return OpenOrganization(found.id, found.slug, found.name, roles[found.id])


# --------------------------------------------------------------------------------------------------------------- sessions


@dataclass(frozen=True, slots=True)
class Way:
    """A way somebody signed in, and until when it counts; `organization` is the name of what it belongs to."""

    method: Method
    organization: str | None
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionOfMine:
    """A browser you are signed in with."""

    id: str
    current: bool
    device: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    signed_in_by: tuple[Way, ...]


@operation(
    "GET", "/api/me/sessions", tag="Me", summary="The browsers you are signed in with", query=Listing, answer=Page[SessionOfMine]
)
def list_sessions(call: Call, query: Listing) -> Page[SessionOfMine]:
    """Oldest first. Where what is your own does not open, only the session that asks is told."""
    here, all_ = call.known.session, sessions.list_(call.database, call.person_id, call.now)
    shown = [each for each in all_ if call.known.has_personal or (here and each.id == here.id)]
    rest = [_session(each, here) for each in shown if each.id > (query.after or "")]
    return page_of(rest, query.limit, lambda each: each.id)


@operation(
    "DELETE", "/api/me/sessions/<session>", tag="Me", summary="Sign a browser out", answer=None, status=204,
    errors={"session_not_found": 404, "personal_closed": 403},
)  # fmt: skip
def end_session(call: Call, session: str) -> None:
    """The session that asks may always be ended; another one where what is your own opens."""
    here = call.known.session
    if here is None or here.id != session:
        call.personal()
    sessions.end_one(call.database, call.person_id, session)


def _session(each: Session, here: Session | None) -> SessionOfMine:
    seen = (device_name(each.agent), each.address, each.created_at, each.last_seen_at)
    return SessionOfMine(each.id, here is not None and each.id == here.id, *seen, tuple(_way(held) for held in each.held))


def _way(held: Held) -> Way:
    return Way(held.authentication.method, held.organization_name, held.at, held.expires_at)
