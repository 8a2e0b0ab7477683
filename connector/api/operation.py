"""OPERATION: one method at one address of the API, declared beside the function that answers it.

    @operation(
        "POST", "/api/orgs/<o>/teams",
        tag="Teams", summary="Make a team", permission="teams.manage",
        body=NewTeam, answer=TeamView, status=201,
        errors={"slug_taken": 409}, idempotent=True,
    )
    def create(call: Call, o: str, body: NewTeam) -> TeamView:
        return teams.create(call.database, call.organization(o), body.name, actor=call.actor, once=call.once)

From the declaration come the route, the checks of what arrives, the form of what is answered, and the description of all that
(`document.py`). So nothing is described that is not done, and the other way round.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from connector.api import workspaces
from connector.api.caller import Caller
from connector.api.messages import Query
from connector.config import Settings
from connector.errors import Forbidden, Unauthenticated
from connector.outbound.fetch import Fetcher
from connector.provisioning.acting import Actor
from connector.provisioning.once import Once
from connector.provisioning.pages import Seen
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from connector.web.house import House

Handler = TypeVar("Handler", bound=Callable[..., Any])
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

PERSONAL = "personal"
"""In place of a permission: what is not inside one organization, and opens to a local sign-in only."""


@dataclass(frozen=True, slots=True)
class Raw:
    """The answer of an operation that is no JSON of ours: its media types. The handler returns the Response."""

    media: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """What is declared. `id` is stable: clients that are generated name their functions by it.

    `permission` is what the caller's role must hold in the organization, PERSONAL, or None where it is enough to be signed in (or
    nobody at all, when it is `public`). `answer` is a frozen dataclass, a Page of one, Raw, or None for no body. `errors` are the
    codes beside those that every operation may answer with, and their status. With `etag` answers carry an entity tag, and PUT,
    PATCH and DELETE take If-Match.
    """

    id: str
    method: Method
    path: str
    tag: str
    summary: str
    description: str
    handler: Callable[..., Any]
    permission: str | None
    body: type[BaseModel] | None
    query: type[Query] | None
    answer: Any
    status: int
    errors: Mapping[str, int]
    idempotent: bool
    etag: bool
    public: bool

    @property
    def changes(self) -> bool:
        """Whether it is meant to change something."""
        return self.method != "GET"

    @property
    def compares(self) -> bool:
        """Whether it changes a thing that has a version."""
        return self.etag and self.method in ("PUT", "PATCH", "DELETE")

    @property
    def in_workspace(self) -> bool:
        """Whether it matters which organization the caller works in."""
        return "o" in self.variables or self.path.startswith("/api/resources")

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of its path."""
        return tuple(re.findall(r"<([a-z_]+)>", self.path))


@dataclass(frozen=True, slots=True)
class Call:
    """One request for an operation, and the installation it came to. `caller` is None where nobody has to be signed in."""

    operation: Operation
    caller: Caller | None
    house: House
    now: datetime
    once: Once | None
    seen: Seen | None

    @property
    def database(self) -> Database:
        """The installation's database."""
        return self.house.database

    @property
    def sealer(self) -> Sealer:
        """What seals its secrets."""
        return self.house.sealer

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return self.house.settings

    @property
    def fetcher(self) -> Fetcher:
        """What asks other servers for it."""
        return self.house.fetcher

    @property
    def known(self) -> Caller:
        """Who asks. Raises Unauthenticated `signed_out` at a public operation."""
        if self.caller is None:
            raise Unauthenticated("signed_out", "You are not signed in.", expected="a live session or API key")
        return self.caller

    @property
    def actor(self) -> Actor:
        """Who asks, for the verbs."""
        return self.known.actor

    @property
    def person_id(self) -> str:
        """The id of the person who asks."""
        return self.known.person_id

    def personal(self) -> None:
        """Raises Forbidden `personal_closed` unless what is the person's own opens to the caller."""
        if not self.known.has_personal:
            raise Forbidden(
                "personal_closed",
                "What is your own does not open to how you signed in, or to this key.",
                expected="a sign-in by e-mail link or through the organization that has your e-mail domain, or a personal key "
                "without scopes or with `personal` among them",
                advice="Ask for a sign-in link by e-mail at /login, then try again.",
            )

    def organization(self, named: str) -> str:
        """The id of the organization in the address: an id, a slug or `~current`. Raises NotFound `organization_not_found`,
        Forbidden `workspace_closed`."""
        return workspaces.organization(self.database, self.caller, named)

    def workspace(self) -> str | None:
        """The id of the organization the caller works in, None in the personal workspace. Raises Forbidden `workspace_closed`."""
        return workspaces.current(self.database, self.known)


OPERATIONS: list[Operation] = []
"""Every operation, in the order of declaration; `routes.py` imports the modules that declare them."""


def operation(
    method: Method,
    path: str,
    *,
    tag: str,
    summary: str,
    answer: Any,
    status: int = 200,
    permission: str | None = None,
    body: type[BaseModel] | None = None,
    query: type[Query] | None = None,
    errors: Mapping[str, int] = MappingProxyType({}),
    idempotent: bool = False,
    etag: bool = False,
    public: bool = False,
) -> Callable[[Handler], Handler]:
    """Declare an operation, as Operation describes it.

    The handler is called with the Call, the variables of the path and, where the operation has them, `body` and `query`. Its
    docstring is the description.
    """

    def register(handler: Handler) -> Handler:
        description = inspect.cleandoc(handler.__doc__ or "")
        OPERATIONS.append(
            Operation(
                id=_id_of(handler), method=method, path=path, tag=tag, summary=summary, description=description, handler=handler,
                permission=permission, body=body, query=query, answer=answer, status=status, errors=errors,
                idempotent=idempotent, etag=etag, public=public,
            )
        )  # fmt: skip
        return handler

    return register


def _id_of(handler: Callable[..., Any]) -> str:
    """`create` in teams.py is `create_team`, `list_` there is `list_teams`; a name of two words stands for itself."""
    verb, subject = handler.__name__.rstrip("_"), handler.__module__.rpartition(".")[2]
    if "_" in verb:
        return verb
    singular = subject if verb == "list" or subject.endswith("ss") else subject.removesuffix("s")
    return f"{verb}_{singular}"
