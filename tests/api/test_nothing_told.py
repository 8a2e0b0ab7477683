"""Refusals tell nobody who or what is in an organization: whether somebody may is judged before anything is looked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.cast import Cast, cast
from tests.support.api import Answer, Api

HOME = "/api/orgs/acme"
GRANT = {"resource_kind": "agent", "resource_id": "w", "permission": "read"}
PLAIN = {"oagents": "member", "onet": "guest"}

OF_MEMBERS: list[tuple[str, str, Any]] = [
    ("POST", "members/{who}/suspend", None),
    ("POST", "members/{who}/unsuspend", None),
    ("POST", "members/{who}/unblock", None),
    ("PATCH", "members/{who}", {"role": "owner"}),
    ("PATCH", "members/{who}", {"role": "nothing"}),
    ("DELETE", "members/{who}", None),
    ("DELETE", "members/{who}?block=true", None),
    ("PUT", "teams/eng/members/{who}", {}),
    ("DELETE", "teams/eng/members/{who}", None),
]
OF_TEAMS: list[tuple[str, str, Any]] = [
    ("PATCH", "teams/{team}", {"name": "Mine"}),
    ("DELETE", "teams/{team}", None),
    ("PUT", "teams/{team}/members/{who}", {}),
    ("DELETE", "teams/{team}/members/{who}", None),
    ("PUT", "teams/{team}/grants", GRANT),
    ("DELETE", "teams/{team}/grants/{grant}", None),
]
OF_PLANS: list[tuple[str, str, Any]] = [
    ("GET", "plans/{digest}", None),
    ("GET", "plans/{digest}/changes", None),
    ("POST", "plans/{digest}/apply", None),
]


@pytest.fixture(params=PLAIN)
def acme(api: Api, request: pytest.FixtureRequest) -> Cast:
    """An organization with somebody who may nothing (`bob`), and somebody else (`mia`), who is in its team."""
    role = PLAIN[request.param]
    acme = cast(api, request.param, bob=role, mia=role)
    acme.owner.post(f"{HOME}/teams", {"name": "Eng"}).ok()
    acme.owner.put(f"{HOME}/teams/eng/members/{acme.id('mia')}", {}).ok()
    return acme


def test_whoever_may_not_is_told_the_same_of_what_is_there_and_of_what_is_not(acme: Cast) -> None:
    """Members, teams, grants, plans: 403 `permission_missing`, word by word the same."""
    acme.owner.post(f"{HOME}/resources", {"kind": "agent", "name": "Writer", "id": "w"}).ok()
    there = {
        "who": acme.id("mia"),
        "team": "eng",
        "grant": acme.owner.put(f"{HOME}/teams/eng/grants", GRANT).ok()["id"],
        "digest": acme.owner.post(f"{HOME}/plans", {}).ok()["digest"],
    }
    wrong = []
    for method, path, body in (*OF_MEMBERS, *OF_TEAMS, *OF_PLANS):
        told = [
            _ask(acme, method, path.format(**names), body)
            for names in (there, {**there, "who": acme.address("mia")}, dict.fromkeys(there, "nothing"))
        ]
        codes = [(each.status, each.json["code"]) for each in told]
        if codes != [(403, "permission_missing")] * 3 or len({each.json["detail"] for each in told}) != 1:
            wrong.append((method, path, codes))
    assert wrong == []


def _ask(acme: Cast, method: str, path: str, body: Any) -> Answer:
    path, _, query = path.partition("?")
    asked: dict[str, Any] = {"block": "true"} if query else {}
    return acme["bob"].send(method, f"{HOME}/{path}", body, **asked)


def test_a_guest_who_leaves_a_team_learns_of_none_but_their_own(api: Api) -> None:
    """ON-8: a team they are not in is as little there as one that is not; their own they leave."""
    acme = cast(api, "onet", gus="guest")
    for name in ("Eng", "Ops"):
        acme.owner.post(f"{HOME}/teams", {"name": name}).ok()
    mine = acme.id("gus")
    acme.owner.put(f"{HOME}/teams/eng/members/{mine}", {"role": "maintainer"}).ok()
    told = [acme["gus"].delete(f"{HOME}/teams/{team}/members/{mine}") for team in ("ops", "nothing")]
    assert len({each.refused(404, "team_not_found")["detail"] for each in told}) == 1
    for team in ("ops", "nothing"):
        acme["gus"].patch(f"{HOME}/teams/{team}", {"name": "Mine"}).refused(403, "not_maintainer")
    assert acme["gus"].delete(f"{HOME}/teams/eng/members/{mine}").status == 204


def test_who_is_in_a_project_learns_of_nobody_outside_it(api: Api) -> None:
    """A viewer of it who takes somebody out is refused, member or not."""
    acme = cast(api, "onet", gus="guest", mia="viewer")
    acme.owner.post(f"{HOME}/projects", {"name": "Site"}).ok()
    acme.owner.put(f"{HOME}/projects/site/members/{acme.id('gus')}", {"role": "viewer"}).ok()
    for who in (acme.id("mia"), acme.address("mia"), "nothing"):
        acme["gus"].delete(f"{HOME}/projects/site/members/{who}").refused(403, "permission_missing")
    mine = f"{HOME}/projects/site/members/{acme.id('gus')}"
    acme.key("gus", "org.read").delete(mine).refused(403, "scope_missing")
    assert acme["gus"].delete(mine).status == 204
