"""Set-up links over HTTP. What whoever holds one may do is in tests/directory/test_setup_links_open.py."""

from __future__ import annotations

from tests.api.cast import cast
from tests.support.api import BASE, Api

LINKS = "/api/orgs/acme/setup-links"


def test_a_link_is_shown_once_listed_and_revoked(api: Api) -> None:
    """By an owner; an admin, who may not manage SSO, is refused; a request sent again makes no second one."""
    acme = cast(api, "oagents", ann="admin")
    key = {"Idempotency-Key": "1"}
    made = acme.owner.post(LINKS, {"name": "IT of Acme", "expires_days": 3}, headers=key).ok()
    assert made["url"].startswith(f"{BASE}/setup/cnt_setup_")
    assert acme.owner.post(LINKS, {"name": "IT of Acme", "expires_days": 3}, headers=key).ok() == made
    [listed] = acme.owner.get(LINKS).ok()["items"]
    assert (listed["id"], listed["name"], listed["state"], listed["created_by"]) == (
        made["id"], "IT of Acme", "live", acme.address("owner"),
    )  # fmt: skip
    assert made["url"][-20:] not in acme.owner.get(LINKS).text
    acme["ann"].post(LINKS, {}).refused(403, "permission_missing")
    acme.owner.post(LINKS, {"expires_days": 31}).refused(400, "body_invalid")
    acme.owner.delete(f"{LINKS}/{made['id']}").ok()
    assert acme.owner.get(LINKS).ok()["items"][0]["state"] == "revoked"
    acme.owner.delete(f"{LINKS}/nothing").refused(404, "setup_link_not_found")


def test_the_sixth_live_link_is_refused(api: Api) -> None:
    """409, with what to do."""
    acme = cast(api, "oagents")
    for _ in range(5):
        acme.owner.post(LINKS, {}).ok()
    acme.owner.post(LINKS, {}).refused(409, "setup_link_limit")
