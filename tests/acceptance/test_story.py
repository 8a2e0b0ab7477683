"""An admin's day: an organization from its first minute to sso and back, over HTTP."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.acceptance.idp import Idp, prove, told
from tests.acceptance.site import Organization, Site, Someone, made
from tests.support.api import COOKIE, Client


def test_an_admins_day(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create, invite, accept, promote; connect an identity provider, prove a domain, try it, look at the plan and go live;
    explain, deactivate by push; go back and lose nobody; export."""
    acme = site.organization("oagents", "Acme Inc")
    bob = _joined_by_mail(site, acme, "bob")
    acme.joined("cyd")
    acme.owner.patch(acme.member(bob), {"role": "admin"}).ok()
    acme.invited("late")

    prove(acme, "acme.example", monkeypatch)
    idp = told(acme, acme.owner, groups_attribute="groups")
    _is_tried(acme, idp)
    idp = idp.with_token()
    users = {name: idp.pushed(name) for name in ("bob", "cyd", "dana")}
    idp.group("Platform", users["cyd"], users["dana"])
    for target in ({"team": "platform:maintainer"}, {"role": "admin"}):
        idp.rule(group="Platform", **target)
    made(acme.owner.post(acme / "break-glass", {"email": acme.owner.email}))
    [code, *_] = made(acme.owner.post(acme / f"break-glass/{acme.owner.id}/codes"))["codes"]
    _goes_live(acme, idp)

    dana = idp.signed_in("dana")
    glass = _by_recovery_code(site, acme, code)
    _explained(acme, glass)
    idp.sets_active(users["dana"], False)
    dana.get("/api/me").refused(401, "signed_out")

    _goes_back(acme, glass)
    roles = {name: site.person(name).get(str(acme)).ok()["role"] for name in ("bob", "cyd")}
    assert roles == {"bob": "member", "cyd": "admin"}
    site.person("dana").get(str(acme)).refused(404, "organization_not_found")
    made(site.person("owner").post(acme / "invitations", {"email": "eve@acme.example"}))
    _exported(acme, site.person("owner"))


def _joined_by_mail(site: Site, acme: Organization, name: str) -> Someone:
    """Somebody without an account follows the link of the mail."""
    acme.invited(name)
    token = site.mails("invitation")[-1].token
    answer = site.nobody().post(f"/api/invitations/{token}/accept")
    answer.ok()
    assert COOKIE in answer.headers["Set-Cookie"]
    return site.person(name)


def _is_tried(acme: Organization, idp: Idp) -> None:
    """Nothing goes live before the owner's test sign-in has passed."""
    live = {"mode": "sso", "connection": idp.connection}
    acme.owner.put(acme / "membership-mode", live).refused(409, "test_sign_in_required")
    idp.tested("owner")
    assert acme.owner.get(acme / f"connections/{idp.connection}/test").ok()["last_test"]["passed"] is True


def _goes_live(acme: Organization, idp: Idp) -> None:
    """The plan that was looked at is the one that is applied."""
    path, wanted = acme / "membership-mode", {"mode": "sso", "connection": idp.connection}
    plan = acme.owner.put(path, wanted, dry_run="true").ok()
    lines = {(each["email"], each["target"]): (each["before"], each["after"]) for each in plan["changes"]}
    assert lines["dana@acme.example", "status"] == (None, "active")
    assert lines["cyd@acme.example", "role"] == ("member", "admin")
    assert lines["bob@acme.example", "role"] == ("admin", "member")  # what was given by hand is handed over to the rules
    assert lines["cyd@acme.example", "team:platform"] == (None, "maintainer")
    assert acme.owner.get(path).ok()["mode"] == "invitation"
    assert acme.owner.post(acme / f"plans/{plan['digest']}/apply").ok()["applied"] is True


def _by_recovery_code(site: Site, acme: Organization, code: str) -> Client:
    """A mailed link alone does not open the organization to the owner any more; with a printed code it does."""
    owner = site.person("owner")
    owner.get(str(acme)).refused(404, "organization_not_found")
    with owner.app.test_client(use_cookies=False) as browser:
        answer = browser.post("/login/recovery", data={"code": code}, headers=owner.shown)
    assert answer.status_code == 303, answer.text
    glass = Client(owner.app, {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]})
    assert [each["open_by"] for each in glass.get("/api/me").ok()["organizations"]] == ["break_glass"]
    return glass


def _explained(acme: Organization, owner: Client) -> None:
    """Why is Dana an admin? By which rule and group."""
    [dana] = owner.get(acme / "members", email="dana@acme.example").ok()["items"]
    because = owner.get(acme / f"members/{dana['user_id']}/explain").ok()["because"]
    found = {(each["target"], each["level"], each["group"]) for each in because}
    assert ("role", "admin", "Platform") in found
    assert ("team:platform", "maintainer", "Platform") in found


def _goes_back(acme: Organization, owner: Client) -> None:
    """What the rules gave stays; who was put out stays out."""
    before = _access(acme, owner)
    path = acme / "membership-mode"
    assert owner.put(path, {"mode": "invitation"}, dry_run="true").ok()["applied"] is False
    assert owner.put(path, {"mode": "invitation"}).ok()["applied"] is True
    assert _access(acme, owner) == before
    assert owner.get(path).ok()["mode"] == "invitation"


def _access(acme: Organization, owner: Client) -> dict[str, tuple[str, str, str]]:
    listed = owner.get(acme / "members").ok()["items"]
    return {each["email"]: (each["role"], each["status"], json.dumps(each["teams"])) for each in listed}


def _exported(acme: Organization, owner: Client) -> None:
    """The whole day as a file: every step by its action, who and when, in the order in which it happened."""
    lines = [json.loads(line) for line in owner.get(acme / "audit/export").text.splitlines()]
    actions = [each["action"] for each in lines]
    wanted = ("organization.created", "invitation.created", "member.joined", "domain.verified", "connection.created")
    assert set(wanted) <= set(actions), sorted(set(actions))
    assert [each["at"] for each in lines] == sorted(each["at"] for each in lines)
    assert all(each["actor"] and each["target"] for each in lines)
    table = list(csv.reader(io.StringIO(owner.get(acme / "audit/export", format="csv").text)))
    assert len(table) == len(lines) + 1
