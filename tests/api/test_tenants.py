"""No operation reaches into another organization: not by its address, not by the id of something that stands there.

For whom an organization does not open it does not exist, whatever they ask of it. Inside one's own the id of another's
thing is as unknown as one that nobody has: the answers cannot be told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from connector.accounts import keys
from connector.api.operation import OPERATIONS, Operation
from connector.api.samples import sample
from connector.organizations.export import export
from connector.storage import tables as t
from connector.storage.ids import new_id
from tests.accounts.people import NOW, suspend
from tests.api.cast import Cast, cast
from tests.api.furnished import Furnished, furnish
from tests.support import permissions
from tests.support.api import Api, Client
from tests.support.world import rows

QUERIES: Mapping[str, Mapping[str, Any]] = {"delete_connection": {"withdraw": "true"}, "remove_rule": {"withdraw": "true"}}
"""What an operation does not go without."""

NAMES = {"d": "nothing.example", "kind": "nothing", "resource": "nothing", "fingerprint": "f" * 64, "digest": "f" * 64}
"""Something of the form of these that nobody has; of everything else it is an id."""


@dataclass(frozen=True)
class Neighbours:
    """acme, in which there is one of everything, and bell, whose owner is curious and has some things too."""

    acme: Furnished
    organization: str
    bell: Cast
    own: Mapping[str, str]

    @property
    def stranger(self) -> Client:
        """The owner of bell."""
        return self.bell.owner

    def told(self, client: Client, operation: Operation, things: Mapping[str, str]) -> tuple[int, str]:
        """Status and code of the answer when these things are asked for."""
        path = operation.path
        for name in operation.variables:
            path = path.replace(f"<{name}>", things[name])
        body = sample(operation.body) if operation.body else None
        answer = client.send(operation.method, path, body, **QUERIES.get(operation.id, {}))
        return answer.status, answer.json["code"] if answer.status >= 400 else ""

    def things(self, operation: Operation) -> dict[str, str]:
        """Those of acme that an operation names."""
        return {**self.acme.named(operation.id, operation.variables), "o": self.organization}


@pytest.fixture
def neighbours(api: Api) -> Neighbours:
    """Both by invitation."""
    acme = furnish(api)
    with api.database.read() as tx:
        organization = tx.execute(select(t.Organization.id).where(t.Organization.slug == "acme")).scalar_one()
    bell = cast(api, "oagents", slug="bell", bea="member")
    here = "/api/orgs/bell"
    team = bell.owner.post(f"{here}/teams", {"name": "Red"}).ok()["id"]
    project = bell.owner.post(f"{here}/projects", {"name": "Shop"}).ok()["id"]
    connection = bell.owner.post(f"{here}/connections", {"name": "Okta", "idp": "okta"}).ok()["id"]
    own = {"team": team, "t": team, "project": project, "p": project, "c": connection, "kind": "agent"}
    return Neighbours(acme, organization, bell, {**own, "o": bell.organization, "user_id": bell.id("bea")})


def everything(neighbours: Neighbours) -> tuple[Any, Mapping[str, int]]:
    """What acme has, and how many rows there are of everything but what counts requests."""
    database = neighbours.bell.api.database
    counted = {name: count for name, count in rows(database).items() if name != "throttle"}
    return export(database, neighbours.organization), counted


def strangers(neighbours: Neighbours) -> dict[str, Client]:
    """Those to whom acme does not open, and what they may come with."""
    api, bell = neighbours.bell.api, neighbours.bell
    suspended = api.as_("mia@acme.example")
    suspend(api.database, neighbours.organization, api.person("mia@acme.example"))
    project = keys.create(api.database, bell.address("owner"), NOW, organization_id=bell.organization, project="shop")
    return {
        "the owner of another organization": bell.owner,
        "a key of another organization": bell.key("owner"),
        "a key of another organization's project": api.bearer(project.key),
        "a key of somebody's own": api.key(bell.address("owner")),
        "a suspended member": suspended,
        "nobody's acquaintance": api.as_("nobody@x.example"),
    }


def test_an_organization_that_does_not_open_does_not_exist(neighbours: Neighbours) -> None:
    """Every operation, with ids of things that are there, by everybody who is not in; and nothing has changed."""
    clients = strangers(neighbours)
    before = everything(neighbours)
    wrong = [
        f"{who} {operation.id}: {told}"
        for operation in permissions.inside()
        for who, client in clients.items()
        if (told := neighbours.told(client, operation, neighbours.things(operation))) != (404, "organization_not_found")
    ]
    assert wrong == []
    assert everything(neighbours) == before


REFERENCES = [(each, name) for each in OPERATIONS for name in each.variables if name not in ("o", "email", "token")]
MAKES = {("put_resource_kind", "kind")}
"""What is made under the name that is given."""


def test_anothers_thing_is_as_unknown_as_one_that_nobody_has(neighbours: Neighbours) -> None:
    """Every variable of every address, the others of one's own; and nothing has changed."""
    before = everything(neighbours)
    wrong = []
    for operation, name in REFERENCES:
        if (operation.id, name) in MAKES:
            continue
        theirs = neighbours.things(operation)
        made_up = NAMES.get(name, new_id())
        answers = [
            neighbours.told(neighbours.stranger, operation, {**theirs, **neighbours.own, name: thing})
            for thing in (theirs[name], made_up)
        ]
        if answers[0] != answers[1] or answers[0][0] not in (404, 409):
            wrong.append(f"{operation.id} {name}: {answers}")
    assert wrong == []
    assert everything(neighbours) == before


def test_anothers_thing_in_a_body_is_as_unknown_as_one_that_nobody_has(neighbours: Neighbours) -> None:
    """Connections, projects, resources and people that a body names; and the workspace that a header names."""
    things, mine, here = neighbours.acme.things, neighbours.own, "/api/orgs/bell"
    asked: list[tuple[str, str, str, dict[str, Any]]] = [
        ("POST", f"{here}/rules", "connection", {"everyone": True, "team": "red"}),
        ("PUT", f"{here}/membership-mode", "connection", {"mode": "sso"}),
        ("POST", f"{here}/break-glass", "email", {}),
        ("POST", f"{here}/check", "resource_id", {"resource_kind": "agent"}),
        ("PUT", f"{here}/grants", "resource_id", {"resource_kind": "agent", "permission": "read"}),
        ("PUT", f"{here}/teams/{mine['team']}/grants", "resource_id", {"resource_kind": "agent"}),
        ("POST", f"{here}/resources", "project", {"kind": "agent", "name": "Reader"}),
        ("PUT", "/api/me/workspace", "organization", {}),
    ]
    theirs = {
        "connection": things["c"], "email": "owner@acme.example", "resource_id": things["resource"], "project": things["project"],
        "organization": neighbours.organization,
    }  # fmt: skip
    before = everything(neighbours)
    for method, path, name, body in asked:
        made_up = "nothing@nobody.example" if name == "email" else new_id()
        found, unknown = (neighbours.stranger.send(method, path, {**body, name: each}) for each in (theirs[name], made_up))
        assert (found.status, found.json["code"]) == (unknown.status, unknown.json["code"]), path
        assert found.status in (403, 404, 409, 422), (path, found.text)
    for named in (neighbours.organization, "acme", new_id()):
        neighbours.stranger.having(X_Workspace=named).get("/api/resources").refused(403, "workspace_closed")
    assert everything(neighbours) == before
