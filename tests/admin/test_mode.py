"""How people join: what each way means, and the way back, which locks nobody out."""

from __future__ import annotations

from connector.accounts.sessions import Proof
from tests.support.console import Console
from tests.support.world import OWNER, live, staged


def test_by_invitation_the_page_leads_to_the_connection(console: Console) -> None:
    """And says what going live would mean."""
    acme = staged(console.database)
    page = console.as_(OWNER).get("/admin/acme/mode")
    assert "By invitation Now" in page.words
    assert page.link("Go live through Okta") == f"/admin/acme/connections/{acme.connection}/setup/go-live"


def test_going_back_is_looked_at_and_done(console: Console) -> None:
    """What people had through rules stays theirs; the greeting says what is now."""
    acme = live(console.database)
    acme.rule(everyone=True, team="all")
    acme.create("ada")
    owner = console.owner(acme)
    page = owner.submit(owner.get("/admin/acme/mode"), "See what would change")
    page = owner.submit(page, "Go back to invitations")
    assert "By invitation Now" in page.words
    assert "It is done." in page.words


def test_who_would_lock_themselves_out_is_told_what_to_do_first(console: Console) -> None:
    """An owner who is signed in through the identity provider alone; the verb refuses it as well."""
    acme = staged(console.database)
    acme.invited("eva@acme.example", "owner")
    acme.create("eva")
    acme.activate()
    eva = console.as_("eva@acme.example", Proof("saml", acme.organization, acme.connection))
    page = eva.get("/admin/acme/mode")
    assert "you would lock yourself out" in page.words
    assert "See what would change" not in page.buttons
    refused = eva.post("/admin/acme/mode/invitation")
    assert (refused.status, refused.headers["X-Connector-Error"]) == (409, "local_sign_in_first")
    both = console.as_("eva@acme.example", Proof("saml", acme.organization, acme.connection), Proof("email_link"))
    assert "See what would change" in both.get("/admin/acme/mode").buttons


def test_whom_the_provider_had_put_out_is_not_said_to_be_suspended_by_an_admin_after_going_back(console: Console) -> None:
    """On the list and on the page: where it came from, and that an admin can lift it now. Of others an admin's stays one."""
    acme = live(console.database)
    ada, eve = acme.create("ada"), acme.create("eve")
    acme.suspend("eve")
    acme.edit(ada, active=False)
    acme.carry_out("mode", mode="invitation")
    owner, told = console.as_(OWNER), "Suspended since the identity provider deactivated them; an admin can lift it"
    rows = {row.partition(" ")[0]: row for row in owner.get("/admin/acme/people").rows}
    assert told in rows["Ada"]
    assert "Suspended by an admin" in rows["Eve"]
    page = owner.get(f"/admin/acme/people/{acme.person_of(ada)}")
    assert told in page.words
    assert "Suspended by an admin" not in page.words
    assert "Let in again" in page.buttons
    assert told not in owner.get(f"/admin/acme/people/{acme.person_of(eve)}").words
