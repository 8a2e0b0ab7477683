"""Mode, plans, states of connections and the policy of roles over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update

from connector.accounts import keys, persons
from connector.accounts.sessions import Proof
from connector.api.paging import write_cursor
from connector.directory import domains, trial_record
from connector.errors import Conflict
from connector.organizations import break_glass, members
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.sign_in.arrivals import Door, give_sign_on
from tests.support import world
from tests.support.api import LINK, Answer, Api, Client
from tests.support.world import OWNER, World

HERE = "/api/orgs/acme"
MODE = f"{HERE}/membership-mode"


@dataclass(frozen=True)
class Home:
    """Acme with a staged directory and a sign-on side, and its owner signed in by e-mail link."""

    api: Api
    acme: World
    door: Door

    @property
    def owner(self) -> Client:
        """The founder, by e-mail link."""
        return self.api.as_(OWNER)

    @property
    def inside(self) -> Client:
        """The founder, by break-glass, as they come in sso."""
        return self.api.as_(OWNER, Proof("break_glass", self.acme.organization))

    @property
    def path(self) -> str:
        """The connection."""
        return f"{HERE}/connections/{self.acme.connection}"

    def sso(self, **said: Any) -> dict[str, Any]:
        """The body that goes live."""
        return {"mode": "sso", "connection": self.acme.connection, **said}

    def tried(self, *, email: str | None = OWNER, passed: bool = True, at: datetime | None = None) -> None:
        """A test sign-in went so."""
        now = at or datetime.now(UTC)
        trial_record.record_trial(self.api.database, self.door.sign_on, passed=passed, email=email, result={}, now=now)

    def entries(self) -> int:
        """How many audit entries there are."""
        with self.api.database.read() as tx:
            return tx.execute(select(func.count()).select_from(t.AuditEntry)).scalar_one()


@pytest.fixture
def home(api: Api) -> Home:
    """As above."""
    acme = world.staged(api.database)
    door = give_sign_on(acme, acme.connection)
    _as_configured(api.database)
    return Home(api, acme, door)


def _as_configured(database: Database) -> None:
    """What `arrivals` leaves out of the settings, as `oidc_setup` writes it."""
    database.write(lambda tx: tx.execute(update(t.SignOn).values(settings={"client_id": "client"})))


def applied(answer: Answer) -> Any:
    """The plan of an answer that carried it out."""
    plan = answer.ok()
    assert plan["applied"], plan
    return plan


# ------------------------------------------------------------------------------------------------------------ going live


def test_a_plan_is_looked_at_then_applied_by_its_digest(home: Home) -> None:
    """`dry_run` stores it and changes nothing; the digest finds it for a day, page by page, and carries it out once."""
    home.tried()
    home.acme.create("ada")
    assert home.owner.get(MODE).ok() == {"mode": "invitation", "authority": None, "connections": []}
    before = home.entries()
    plan = home.owner.put(MODE, home.sso(), dry_run="true").ok()
    assert (plan["applied"], home.entries(), plan["more"]) == (False, before, 0)
    assert [(c["email"], c["target"], c["before"], c["after"]) for c in plan["changes"]] == [
        ("ada@acme.example", "status", None, "active"),
        ("ada@acme.example", "role", None, "member"),
    ]
    stored = f"{HERE}/plans/{plan['digest']}"
    assert home.owner.get(stored).ok() == plan
    assert home.owner.everything(f"{stored}/changes", limit=1) == plan["changes"]
    done = applied(home.owner.post(f"{stored}/apply"))
    assert {**done, "applied": False} == plan
    told = {"mode": "sso", "authority": "directory", "connections": [home.acme.connection]}
    assert home.inside.get(MODE).ok() == told
    home.owner.get(MODE).refused(404, "organization_not_found")  # a local sign-in opens nothing in sso
    home.inside.get(stored).refused(404, "plan_not_found")
    home.inside.post(f"{stored}/apply").refused(404, "plan_not_found")


def test_a_plan_that_no_longer_holds_is_not_applied_and_the_new_one_is_stored(home: Home) -> None:
    """The refusal names its digest."""
    home.tried()
    plan = home.owner.put(MODE, home.sso(), dry_run="true").ok()
    home.acme.create("ada")
    refusal = home.owner.post(f"{HERE}/plans/{plan['digest']}/apply").refused(409, "plan_changed")
    digest = refusal["advice"].rpartition(" ")[2].rstrip(".")
    assert home.owner.get(f"{HERE}/plans/{digest}").ok()["changes"][0]["email"] == "ada@acme.example"
    assert home.owner.get(MODE).ok()["mode"] == "invitation"


def _another_setup(home: Home) -> None:
    home.tried()
    _write(home, update(t.SignOn).values(settings={"client_id": "another"}))


MISSING: dict[str, Callable[[Home], None]] = {
    "not set up for signing in": lambda home: _write(home, delete(t.SignOn)),
    "Nobody has made a test sign-in": lambda home: None,
    "more than 24 hours ago": lambda home: home.tried(at=datetime.now(UTC) - timedelta(hours=24, seconds=1)),
    "before issuer, endpoints or subject": _another_setup,
    "no address inside a verified domain": lambda home: home.tried(email=None),
    "was not yours": lambda home: home.tried(email="ada@acme.example"),
}


def _write(home: Home, statement: Any) -> None:
    home.api.database.write(lambda tx: tx.execute(statement))


@pytest.mark.parametrize("sentence", MISSING)
def test_going_live_needs_a_test_sign_in_of_the_one_who_asks(home: Home, sentence: str) -> None:
    """Of today, with the setup of today, by an address of theirs inside a verified domain: the refusal says what is missing. A
    plan of it needs the same, and so does every activation."""
    MISSING[sentence](home)
    for dry_run in ("false", "true"):
        refusal = home.owner.put(MODE, home.sso(), dry_run=dry_run).refused(409, "test_sign_in_required")
        assert sentence in refusal["detail"]
    home.owner.post(f"{home.path}/activate", {}).refused(409, "test_sign_in_required")
    assert home.owner.get(MODE).ok()["mode"] == "invitation"


def test_a_test_sign_in_counts_while_its_domain_is_verified_and_the_address_is_theirs(home: Home) -> None:
    """Both are looked at when it counts, not when it was made."""
    home.tried()
    owner = home.owner
    home.acme.carry_out("remove_domain", domain="acme.example")
    domains.add(home.api.database, home.acme.organization, "other.example", verified=True)
    refusal = owner.put(MODE, home.sso()).refused(409, "test_sign_in_required")
    assert "no address inside a verified domain" in refusal["detail"]


def test_a_test_sign_in_counts_for_who_has_no_account_to_be_linked_to(home: Home) -> None:
    """It links nothing, so a break-glass owner may make it whom the staged directory does not know: only the address counts."""
    home.tried(passed=False)
    applied(home.owner.put(MODE, home.sso()))


def test_a_second_connection_needs_a_test_sign_in_of_its_own(home: Home) -> None:
    """In sso as well."""
    home.tried()
    applied(home.owner.put(MODE, home.sso()))
    second = home.acme.another("Entra")
    path = f"{HERE}/connections/{second.connection}/activate"
    home.inside.post(path, {}).refused(409, "test_sign_in_required")
    home.inside.post(f"{HERE}/connections/unknown/activate", {}).refused(404, "connection_not_found")


def test_the_plan_of_going_live_tells_whose_keys_stop_and_who_cannot_link_first(home: Home) -> None:
    """Personal keys count as local; outsiders lose access whatever the identity provider does."""
    home.tried()
    home.acme.create("ada")
    for email in ("ada@acme.example", "zoe@elsewhere.example"):
        home.acme.invited(email, "member")
        keys.create(home.api.database, email, datetime.now(UTC))
    revoked = keys.create(home.api.database, OWNER, datetime.now(UTC))
    keys.create(home.api.database, OWNER, datetime.now(UTC), organization_id=home.acme.organization)
    home.api.database.write(
        lambda tx: tx.execute(update(t.Key).where(t.Key.id == revoked.id).values(revoked_at=datetime.now(UTC)))
    )
    plan = home.owner.put(MODE, home.sso(), dry_run="true").ok()
    assert "Personal keys stop opening this organization: 2, of ada@acme.example, zoe@elsewhere.example." in plan["notes"]
    assert plan["changes"][0]["email"] == "zoe@elsewhere.example"


def test_going_live_needs_somebody_for_the_day_the_identity_provider_fails(home: Home) -> None:
    """Without an owner whom an e-mail link finds there is no break-glass owner, and nothing is switched."""
    home.api.database.write(lambda tx: tx.execute(update(t.Address).values(verified=False)))
    with pytest.raises(Conflict) as refusal:
        home.acme.activate()
    assert refusal.value.code == "break_glass_required"


# ------------------------------------------------------------------------------------------------------------ going back


def test_going_back_needs_a_way_in_that_is_left(home: Home) -> None:
    """Through the identity provider alone it is refused; beside a local sign-in or by break-glass it is done, and whoever was
    signed in through the identity provider is signed out."""
    home.acme.activate()
    _as_linked(home)
    through = Proof("oidc", home.acme.organization, home.acme.connection)
    home.api.as_(OWNER, through).put(MODE, {"mode": "invitation"}).refused(409, "local_sign_in_first")
    both = home.api.as_(OWNER, LINK, through)
    plan = both.put(MODE, {"mode": "invitation"}, dry_run="true").ok()
    assert not plan["applied"]
    before = home.entries()
    applied(both.put(MODE, {"mode": "invitation"}))
    assert home.entries() == before + 1
    assert both.get(MODE).ok()["mode"] == "invitation"
    home.acme.activate()
    both.get(MODE).refused(404, "organization_not_found")  # what came through the connection was ended for good
    applied(home.inside.put(MODE, {"mode": "invitation"}))


def _as_linked(home: Home) -> None:
    """The owner has an account at the identity provider."""
    person = persons.known(home.api.database, OWNER)
    ids = {"id": new_id(), "organization_id": home.acme.organization, "connection_id": home.acme.connection, "person_id": person}
    said = {"issuer": "i", "kind": "sub", "subject": "s", "mutable": False, "attributes": {}}
    times = dict.fromkeys(("created_at", "last_sign_in_at"), datetime.now(UTC))
    home.api.database.write(lambda tx: tx.execute(insert(t.ExternalIdentity).values(**ids, **said, **times)))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"mode": "sso"}, 400, "connection_needed"),
        ({"mode": "both"}, 400, "body_invalid"),
        ({"mode": "invitation", "force": True}, 400, "body_invalid"),
        ({"mode": "sso", "connection": "unknown"}, 404, "connection_not_found"),
    ],
)
def test_what_makes_no_sense_is_refused(home: Home, body: dict[str, Any], status: int, code: str) -> None:
    """And nothing changes."""
    home.owner.put(MODE, body).refused(status, code)


def test_only_who_may_manage_sso_switches_and_strangers_see_nothing(home: Home) -> None:
    """Every member may know the mode."""
    home.acme.invited("ada@acme.example", "admin")
    ada, eve = home.api.as_("ada@acme.example"), home.api.as_("eve@acme.example")
    assert ada.get(MODE).ok()["mode"] == "invitation"
    ada.put(MODE, home.sso()).refused(403, "permission_missing")
    ada.post(f"{home.path}/activate", {}).refused(403, "permission_missing")
    ada.get(f"{HERE}/policy").refused(403, "permission_missing")
    ada.post(f"{HERE}/plans", {}).refused(403, "permission_missing")
    eve.get(MODE).refused(404, "organization_not_found")
    eve.put(MODE, home.sso()).refused(404, "organization_not_found")
    home.tried()
    digest = home.owner.put(MODE, home.sso(), dry_run="true").ok()["digest"]
    ada.get(f"{HERE}/plans/{digest}").refused(403, "permission_missing")
    ada.post(f"{HERE}/plans/{digest}/apply").refused(403, "permission_missing")
    home.api.key(OWNER, organization=home.acme.organization, scopes=["org.read"]).put(MODE, home.sso()).refused(
        403, "scope_missing"
    )


# ---------------------------------------------------------------------------------------------------------------- states


def test_a_directory_is_paused_resumed_and_taken_out_and_people_are_brought_back(home: Home) -> None:
    """Each a plan with one audit entry of its own."""
    home.acme.activate()
    ada = home.acme.create("ada")
    since = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()  # changes are noted to the millisecond
    home.acme.edit(ada, active=False)
    restored = applied(home.inside.post(f"{home.path}/restore", {"since": since}))
    assert [(c["email"], c["after"]) for c in restored["changes"]] == [("ada@acme.example", "active")]
    for state in ("paused", "live", "staging", "off"):
        before = home.entries()
        home.inside.post(f"{home.path}/directory", {"directory": state}, dry_run="true").ok()
        assert home.entries() == before
        applied(home.inside.post(f"{home.path}/directory", {"directory": state}))
        assert home.entries() == before + 1
    home.inside.post(f"{home.path}/directory", {"directory": "live"}).refused(409, "directory_not_staged")
    home.inside.post(f"{home.path}/restore", {"since": "2026-11-21T09:30:00"}).refused(400, "body_invalid")


def test_the_last_connection_is_not_disabled_and_another_one_is(home: Home) -> None:
    """Disabled once more it stays so, and nothing is written down."""
    home.acme.activate()
    home.inside.post(f"{home.path}/disable").refused(409, "directory_live")
    home.inside.post(f"{home.path}/directory", {"directory": "off"}).ok()
    home.inside.post(f"{home.path}/disable").refused(409, "last_connection")
    other = home.acme.another("Google")
    other.directory("off")
    other.activate()
    applied(home.inside.post(f"{home.path}/disable"))
    before = home.entries()
    applied(home.inside.post(f"{home.path}/disable"))
    assert home.entries() == before


def test_in_invitation_no_directory_goes_live(home: Home) -> None:
    """The mode is switched by activating."""
    home.owner.post(f"{home.path}/directory", {"directory": "live"}).refused(409, "membership_mode")


# ----------------------------------------------------------------------------------------------------------------- plans


def test_rules_are_looked_at_before_they_are_made(home: Home) -> None:
    """Those given, in their order, instead of today's; without any today's."""
    home.acme.activate()
    home.acme.group("Engineering", home.acme.create("ada"))
    rules = [{"connection": home.acme.connection, "group": "Engineering", "team": "eng:maintainer"}]
    plan = home.inside.post(f"{HERE}/plans", {"rules": rules}).ok()
    assert [(c["target"], c["after"]) for c in plan["changes"]] == [("team:eng", "maintainer")]
    assert home.inside.post(f"{HERE}/plans", {}).ok()["changes"] == []
    applied(home.inside.post(f"{HERE}/plans/{plan['digest']}/apply"))
    assert home.acme.member("ada").teams[0].slug == "eng"
    wrong = [{"connection": home.acme.connection, "group": "Engineering"}]
    home.inside.post(f"{HERE}/plans", {"rules": wrong}).refused(400, "rule_invalid")
    home.inside.get(f"{HERE}/plans/none").refused(404, "plan_not_found")
    home.inside.get(f"{HERE}/plans/none/changes").refused(404, "plan_not_found")
    changes = f"{HERE}/plans/none/changes"
    for forged in ("x", write_cursor(changes, "first"), write_cursor(changes, "-1")):
        home.inside.get(changes, cursor=forged).refused(400, "cursor_invalid")


# ---------------------------------------------------------------------------------------------------------------- policy


def test_the_default_role_is_everybodys_to_whom_nothing_gives_one(home: Home) -> None:
    """A plan, with one entry for the act and one for everybody whose role changes."""
    home.acme.activate()
    home.acme.create("ada")
    assert home.inside.get(f"{HERE}/policy").ok() == {
        "role_strategy": "highest",
        "top_by_rules": False,
        "entry_gate": False,
        "default_role": "member",
    }
    plan = home.inside.put(f"{HERE}/policy", {"default_role": "billing"}, dry_run="true").ok()
    assert [(c["email"], c["target"], c["before"], c["after"]) for c in plan["changes"]] == [
        ("ada@acme.example", "role", "member", "billing")
    ]
    before = home.entries()
    applied(home.inside.put(f"{HERE}/policy", {"default_role": "billing", "entry_gate": True}))
    assert home.entries() == before + 2
    assert home.acme.member("ada").role == "billing"
    applied(home.inside.put(f"{HERE}/policy", {"entry_gate": True}))
    assert home.entries() == before + 2
    home.inside.put(f"{HERE}/policy", {"default_role": "king"}).refused(400, "unknown_role")
    home.inside.put(f"{HERE}/policy", {"default_role": "owner"}).refused(409, "top_role_by_default")


def test_the_strategy_decides_at_once_for_everybody(home: Home) -> None:
    """The first matching rule instead of the highest."""
    home.acme.activate()
    home.acme.create("ada")
    home.acme.rule(everyone=True, role="billing")
    home.acme.rule(everyone=True, role="admin")
    assert home.acme.member("ada").role == "admin"
    plan = applied(home.inside.put(f"{HERE}/policy", {"role_strategy": "ordered"}))
    assert [(c["target"], c["before"], c["after"]) for c in plan["changes"]] == [("role", "admin", "billing")]
    assert home.acme.reconciled()


def test_rules_give_the_top_role_only_where_two_hold_it_by_hand_and_one_of_them_says_so(home: Home) -> None:
    """And they no longer do when that would leave nobody; whoever holds it by hand keeps it."""
    home.acme.activate()
    ada = home.acme.create("ada")
    home.acme.group("Owners", ada)
    policy = f"{HERE}/policy"
    home.inside.put(policy, {"top_by_rules": True}).refused(409, "top_needs_two")
    home.acme.create("bob")
    home.acme.owner("bob")
    applied(home.inside.put(policy, {"top_by_rules": True}))
    home.acme.rule(group="Owners", role="owner")
    assert home.acme.member("ada").role == "owner"
    applied(home.inside.put(policy, {"top_by_rules": False}))
    assert home.acme.member("ada").role == "member"
    members.set_role(home.api.database, home.acme.organization, "bob@acme.example", "member")
    home.inside.put(policy, {"top_by_rules": True}).refused(409, "top_needs_two")


def test_the_last_owner_by_a_rule_is_not_taken_by_the_policy(home: Home) -> None:
    """409, and the policy stays."""
    home.acme.activate()
    home.acme.group("Owners", home.acme.create("ada"))
    home.acme.create("bob")
    home.acme.owner("bob")
    home.acme.carry_out("policy", top_by_rules=True)
    home.acme.rule(group="Owners", role="owner")
    members.set_role(home.api.database, home.acme.organization, "bob@acme.example", "member")
    ada = home.api.as_("ada@acme.example", Proof("oidc", home.acme.organization, home.acme.connection))
    home.acme.owner_on_leave()
    ada.put(f"{HERE}/policy", {"top_by_rules": False}).refused(409, "last_owner")
    assert ada.get(f"{HERE}/policy").ok()["top_by_rules"] is True


def test_break_glass_is_named_by_the_plan_that_goes_live_only_where_there_is_none(home: Home) -> None:
    """Somebody named before stays the one."""
    home.acme.invited("ada@acme.example", "owner")
    break_glass.add(home.api.database, home.acme.organization, "ada@acme.example")
    home.acme.create("ada")
    home.acme.create("owner")
    home.acme.activate()
    assert [each.email for each in break_glass.list_(home.api.database, home.acme.organization)] == ["ada@acme.example"]


def test_without_a_directory_the_mode_says_that_claims_decide(home: Home) -> None:
    """And with one that it does."""
    home.acme.directory("off")
    home.acme.activate()
    assert home.inside.get(MODE).ok()["authority"] == "claims"
