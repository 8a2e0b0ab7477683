"""A connection in the console: how it is, its tokens, its certificates, its options, its states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from connector.accounts.sessions import Proof
from connector.directory import connections, log, sign_on, tokens
from connector.directory.certificates import read_certificate
from connector.directory.sign_on_model import OidcSide, SamlSide
from connector.storage import tables as t
from connector.storage.sealing import Sealer
from idp_fixtures.keys import key_pair
from tests.support.console import Browser, Console, Shown
from tests.support.world import BASE, OWNER, World, live, staged

NOW = datetime.now(UTC)


@pytest.fixture
def acme(console: Console) -> World:
    """An organization with a live directory, which signs people in by SAML with two certificates."""
    world = live(console.database)
    ends = (NOW + timedelta(days=20), NOW + timedelta(days=900))
    pairs = [key_pair(f"end {end:%Y}", not_after=end.replace(microsecond=0)) for end in ends]
    side = SamlSide(
        "https://idp.example", "https://idp.example/sso", "post", tuple(read_certificate(p.certificate) for p in pairs)
    )
    sign_on.configure_saml(console.database, world.connection, side)
    return world


@pytest.fixture
def owner(console: Console, acme: World) -> Browser:
    """The founder."""
    return console.owner(acme)


@pytest.fixture
def page(acme: World) -> str:
    """The address of the connection."""
    return f"/admin/acme/connections/{acme.connection}"


# -------------------------------------------------------------------------------------------------------------------- health


def test_health_says_what_was_heard_and_refused(owner: Browser, acme: World, page: str) -> None:
    """With links to exactly those that were refused."""
    acme.create("ada")
    log.record_refusal(acme.database, acme.client, meaning="create user ada", status=409, arrived="x", expected="", advice="")
    shown = owner.get(page)
    assert shown.rows[0] == "Requests of the provider 2 1 refused 50.0 % 2 1 refused 50.0 %"
    assert shown.rows[1] == "Sign-ins 0 none refused 0 none refused"
    refused = owner.get(shown.link("1 refused"))
    assert "Create user ada" in refused.words
    assert "Done" not in refused.section("results")


def test_a_silent_directory_has_this_providers_usual_reasons(owner: Browser, acme: World, page: str) -> None:
    """Only then."""
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.Connection).values(last_heard_at=NOW))
    assert "Why it may be silent" not in owner.get(page).words
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.Connection).values(last_heard_at=NOW - timedelta(days=2)))
    assert "Why it may be silent At Okta:" in owner.get(page).words


def test_checks_lead_to_where_they_are_made_well(owner: Browser, acme: World, page: str) -> None:
    """In words of pages, not of a command line."""
    shown = owner.get(page)
    assert "connector " not in shown.section("checks").lower().replace("connector.", "")
    assert shown.link("Open the mapping") == "/admin/acme/mapping"
    assert shown.link("Test it") == f"{page}/setup/test"


def test_who_went_out_at_once_is_brought_back_by_a_plan(owner: Browser, acme: World, page: str) -> None:
    """The page offers it, the plan names them, and afterwards it is not offered any more."""
    people = [acme.create(f"p{number}") for number in range(20)]
    for user in people[:12]:
        acme.edit(user, active=False)
    shown = owner.get(page)
    assert "11 of 20 people had gone out" in shown.words
    assert "12 are out now" in shown.words
    plan = owner.submit(shown, "See who would come back")
    assert "12 come back" in plan.words
    after = owner.submit(plan, "Restore them")
    assert after.path.startswith(page)
    assert "It is done." in after.words
    assert "had gone out" not in after.words
    assert acme.member("p3").status == "active"


def test_people_are_brought_back_since_a_moment_that_is_typed(owner: Browser, acme: World, page: str) -> None:
    """As browsers write it, in UTC; what is no moment is told above the form."""
    acme.edit(acme.create("ada"), active=False)
    typed = f"{NOW - timedelta(minutes=5):%Y-%m-%dT%H:%M}"
    assert "1 comes back" in owner.submit(owner.get(page), "See who would come back", since=typed).words
    for odd in ("yesterday", "0001-01-01T00:00+14:00"):
        wrong = owner.submit(owner.get(page), "See who would come back", since=odd)
        assert wrong.status == 400, odd
        assert "is no time with its zone" in wrong.words


def test_a_last_owner_who_was_put_out_is_confirmed_by_a_plan(console: Console, acme: World, page: str) -> None:
    """Once somebody else is an owner, who looks at it first."""
    ada = acme.create("ada")
    acme.create("bob")
    acme.owner("ada")
    acme.owner_on_leave()
    acme.edit(ada, active=False)
    acme.owner("bob")
    bob = console.as_("bob@acme.example", Proof("saml", acme.organization, acme.connection))
    shown = bob.get(page)
    assert "Held back: the last owner ada@acme.example" in shown.words.replace("Ada ", "")
    plan = bob.submit(shown, "See what would change")
    assert "1 is suspended" in plan.words
    after = bob.submit(plan, "Bring them in line")
    assert "It is done." in after.words
    assert "Held back" not in after.words
    assert acme.member("ada").status == "suspended"


def test_a_client_secret_that_does_not_open_is_told_above_the_page(console: Console, acme: World) -> None:
    """Everything else of the page is there: what was heard, and the way to give a new one."""
    other = acme.another("Entra")
    side = OidcSide("https://op.example", "id", "secret")
    sign_on.configure_oidc(console.database, Sealer(["another key"]), other.connection, side)
    shown = console.owner(acme).get(f"/admin/acme/connections/{other.connection}")
    assert "How it went" in shown.words
    assert shown.tree.xpath("//*[@role='alert']")
    assert shown.link("Give a new client secret").endswith("/setup/identity-provider")


# -------------------------------------------------------------------------------------------------------------- certificates


def test_certificates_say_when_they_end_and_one_can_be_dropped(owner: Browser, acme: World, page: str) -> None:
    """It is asked first; the last one stays."""
    first, second = connections.show(acme.database, acme.organization, acme.connection, base_url=BASE).certificates
    shown = owner.get(page)
    assert "In 19 days" in shown.section("certificates") or "In 19 days" in shown.words
    asked = owner.get(shown.link(f"Take no longer: the certificate {second.fingerprint[:16]}"))
    assert "refused at once" in asked.words
    after = owner.submit(asked, "Take it no longer")
    assert "The certificate is not taken any more." in after.words
    assert first.fingerprint[:16] in after.text
    assert second.fingerprint[:16] not in after.text
    assert "Take it no longer" not in owner.get(f"{page}/certificates/{first.fingerprint}/drop").buttons
    assert owner.post(f"{page}/certificates/{first.fingerprint}/drop").status == 409


def test_metadata_of_a_file_are_not_read_by_themselves(owner: Browser, page: str) -> None:
    """The page says so, and whoever asks all the same is told why not."""
    shown = owner.get(page)
    assert "nothing is read by itself" in shown.words
    assert "Read them again now" not in shown.buttons
    refused = owner.post(f"{page}/metadata")
    assert refused.status == 400
    assert "given as a file" in refused.words


# -------------------------------------------------------------------------------------------------------------------- tokens


def test_a_token_is_replaced_step_by_step_without_a_gap(owner: Browser, acme: World, page: str) -> None:
    """Made and shown once, in use, and then the old one is offered to be revoked."""
    used(acme, 0, NOW - timedelta(hours=1))
    made = owner.submit(owner.get(f"{page}/credentials"), "Make a token", days="90")
    assert "shown this once" in made.words
    token = made.tree.xpath("//code[@class='copy-value']")[0].text
    assert token.startswith("cnt_scim_")
    shown = owner.get(f"{page}/credentials")
    assert token not in shown.text
    assert "Make a token" not in shown.buttons
    old, new = live_tokens(acme)
    assert "The new one is in use." not in shown.words
    used(acme, 1, NOW)
    shown = owner.get(f"{page}/credentials")
    assert "The new one is in use." in shown.words
    asked = owner.get(shown.link(f"Revoke the token ending in {old.hint}"))
    assert f"The other one, ending in {new.hint} , was last used" in asked.words
    after = owner.submit(asked, "Revoke it")
    assert "The token is revoked" in after.words
    assert [each.hint for each in live_tokens(acme)] == [new.hint]


def used(acme: World, place: int, at: datetime) -> None:
    """The IdP used one of the live tokens."""
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.ScimToken).where(t.ScimToken.id == live_tokens(acme)[place].id).values(last_used_at=at))


def live_tokens(acme: World) -> list[tokens.TokenView]:
    """Those that live, in the order in which they were made."""
    every = tokens.list_(acme.database, acme.organization, acme.connection).items
    return [each for each in every if each.state == "live"]


def test_a_reload_of_a_token_just_made_makes_no_other(owner: Browser, acme: World, page: str) -> None:
    """It shows the same again."""
    form = owner.get(f"{page}/credentials").form("Make a token")
    first, again = owner.post(form.action, form.fields), owner.post(form.action, form.fields)
    assert secret(first) == secret(again)
    assert len(live_tokens(acme)) == 2


def secret(page: Shown) -> str:
    """The value that is shown once."""
    return str(page.tree.xpath("//code[@class='copy-value']")[0].text)


@pytest.mark.parametrize(("days", "words"), [("0", "cannot live that long"), ("many", "many is no number.")])
def test_wrong_days_are_told_and_kept(owner: Browser, page: str, days: str, words: str) -> None:
    """Above the form, with what was typed in it."""
    refused = owner.submit(owner.get(f"{page}/credentials"), "Make a token", days=days)
    assert refused.status == 400
    assert words in refused.words
    assert refused.form("Make a token").fields["days"] == [days]


def test_the_only_token_is_not_revoked_unwarned(owner: Browser, acme: World, page: str) -> None:
    """People who leave would keep their access."""
    [only] = live_tokens(acme)
    asked = owner.get(owner.get(f"{page}/credentials").link(f"Revoke the token ending in {only.hint}"))
    assert "It is the only one that lives." in asked.words
    assert owner.get(f"{page}/tokens/nowhere/revoke").status == 404


def test_clients_are_made_shown_once_and_revoked(owner: Browser, page: str) -> None:
    """As tokens are."""
    made = owner.submit(owner.get(f"{page}/credentials"), "Make a client")
    values = [each.text for each in made.tree.xpath("//code[@class='copy-value']")]
    assert values[1].startswith("cnt_client_")
    assert values[2].endswith("/token")
    shown = owner.get(f"{page}/credentials")
    assert values[1] not in shown.text
    after = owner.submit(owner.get(shown.link(f"Revoke the client {values[0]}")), "Revoke it")
    assert "The client is revoked" in after.words


# ------------------------------------------------------------------------------------------------------------------- options


def test_options_are_saved_and_only_what_changed_is_audited(owner: Browser, acme: World, page: str) -> None:
    """One entry, with exactly that."""
    form = owner.get(f"{page}/options")
    after = owner.submit(form, "Save", name="Okta of Acme", jit="off", idp_initiated=True, absent_groups="empty")
    assert "The options are saved." in after.words
    fields = after.form("Save").fields
    assert (fields["name"], fields["jit"], fields["absent_groups"]) == (["Okta of Acme"], ["off"], ["empty"])
    assert "idp_initiated" in fields
    [entry] = acme.audit("connection.changed")[1:]
    assert entry.after is not None
    assert entry.after == {
        "name": "Okta of Acme",
        "jit": "off",
        "sign_on": {"idp_initiated": True, "mapping": {"absent_groups": "empty"}},
    }
    owner.submit(after, "Save")
    assert len(acme.audit("connection.changed")) == 2


def test_sha1_is_taken_for_a_month_and_ended_by_hand(owner: Browser, page: str) -> None:
    """The form says until when."""
    after = owner.submit(owner.get(f"{page}/options"), "Save", sha1=True)
    assert "It is taken until" in after.words
    ended = owner.submit(after, "Save", sha1=None)
    assert "It is taken until" not in ended.words


@pytest.mark.parametrize(("field", "value"), [("groups_attribute", "x" * 1100), ("name", "   "), ("sha1", "1")])
def test_wrong_options_are_told_and_what_was_typed_stays(owner: Browser, acme: World, page: str, field: str, value: str) -> None:
    """Nothing of the form is kept."""
    refused = owner.submit(owner.get(f"{page}/options"), "Save", **{"jit": "off", "name": " ", field: value})
    assert refused.status == 400
    assert refused.form("Save").fields["jit"] == ["off"]
    assert owner.get(f"{page}/options").form("Save").fields["jit"] == ["auto"]


def test_a_subject_attribute_is_set_and_taken_back(owner: Browser, page: str) -> None:
    """Empty is the NameID."""
    after = owner.submit(owner.get(f"{page}/options"), "Save", subject_attribute="employeeNumber")
    assert after.form("Save").fields["subject_attribute"] == ["employeeNumber"]
    assert owner.submit(after, "Save", subject_attribute="").form("Save").fields["subject_attribute"] == [""]


def test_of_openid_connect_nothing_is_said_of_certificates(console: Console, acme: World) -> None:
    """Its keys are read by themselves; what ends there is the client secret."""
    other = acme.another("Keycloak")
    sealer: Sealer = console.app.extensions["connector"].sealer
    sign_on.configure_oidc(console.database, sealer, other.connection, OidcSide("https://op.example", "id", "secret"))
    shown = console.owner(acme).get(f"/admin/acme/connections/{other.connection}")
    assert "If the client secret ends one day, give us the new one before" in shown.words
    assert not any(word in shown.words for word in ("AD FS", "metadata", "certificate"))


def test_openid_connect_has_options_of_its_own(console: Console, acme: World) -> None:
    """Scopes and algorithms are words with spaces between; `openid` is always among them."""
    other = acme.another("Entra")
    sealer: Sealer = console.app.extensions["connector"].sealer
    sign_on.configure_oidc(console.database, sealer, other.connection, OidcSide("https://op.example", "id", "secret"))
    owner, address = console.owner(acme), f"/admin/acme/connections/{other.connection}/options"
    after = owner.submit(owner.get(address), "Save", scopes="email  groups", userinfo=True)
    assert after.form("Save").fields["scopes"] == ["openid email groups"]
    assert "userinfo" in after.form("Save").fields
    refused = owner.submit(after, "Save", algorithms="none")
    assert refused.status == 400
    assert refused.form("Save").fields["algorithms"] == ["none"]


# -------------------------------------------------------------------------------------------------------------------- states


def test_the_directory_is_paused_and_resumed_by_plans(owner: Browser, acme: World, page: str) -> None:
    """Each is looked at first; the banner says that it is paused."""
    plan = owner.submit(owner.get(f"{page}/state"), "Pause …")
    assert "/plans/" in plan.path
    paused = owner.submit(plan, "Change it")
    assert "Directory paused" in paused.words
    assert "is paused: nothing that changes there arrives here" in paused.words
    resumed = owner.submit(owner.submit(owner.get(f"{page}/state"), "Resume …"), "Change it")
    assert "Directory live" in resumed.words


def test_leaving_live_says_what_stays_and_disabling_comes_after(owner: Browser, acme: World, page: str) -> None:
    """While it is in force neither is offered; whoever asks all the same is told why not."""
    state = owner.get(f"{page}/state")
    assert "Disable …" not in state.buttons
    refused = owner.post(f"{page}/state/delete", {"given": "withdraw"})
    assert refused.status == 409
    assert "The directory of this connection is live." in refused.words
    ada = acme.create("ada")
    acme.edit(ada, active=False)
    out = owner.submit(owner.submit(state, "Take out of force …"), "Change it")
    assert "Directory staged" in out.words
    assert acme.member("ada").causes == ("admin",)
    last = owner.submit(owner.get(f"{page}/state"), "Disable …")
    assert last.status == 409
    assert "last active connection" in last.words


def test_a_draft_is_deleted_by_a_plan(console: Console) -> None:
    """And the list of connections is shown."""
    world = staged(console.database)
    owner = console.as_(OWNER)
    plan = owner.submit(owner.get(f"/admin/acme/connections/{world.connection}/state"), "Delete …", given="keep")
    after = owner.submit(plan, "Delete the connection")
    assert after.path.startswith("/admin/acme/connections")
    assert owner.get(f"/admin/acme/connections/{world.connection}").status == 404


@pytest.mark.parametrize("tail", ["", "/credentials", "/options", "/state"])
def test_who_does_not_manage_sign_on_opens_none_of_it(console: Console, tail: str) -> None:
    """A member is refused in the frame; a stranger, and another organization's owner, find nothing."""
    world = staged(console.database)
    world.invited("bob@acme.example", "member")
    beta = staged(console.database, slug="beta", verified=())
    assert console.as_("bob@acme.example").get(f"/admin/acme/connections/{world.connection}{tail}").status == 403
    assert console.as_("owner@beta.example").get(f"/admin/beta/connections/{world.connection}{tail}").status == 404
    assert console.as_("owner@beta.example").get(f"/admin/acme/connections/{beta.connection}{tail}").status == 404
