"""Who is it here, and do they come in? Tables of the decisions of DESIGN section 7, under a live directory and without one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from connector.accounts import sessions
from connector.accounts.sessions import Proof, Visitor
from connector.directory import domains, linking, requests, traces
from connector.directory.requests import Sending
from connector.errors import Conflict
from connector.organizations import members
from connector.storage import tables as t
from connector.storage.database import Database
from tests.sign_in.arrivals import SEALER, Door, by_claims, by_directory, give_sign_on, identities
from tests.support.racing import race
from tests.support.world import OWNER, rows, staged

MADE = ("person", "address", "membership", "external_identity", "session", "authentication", "assignment", "claimed_group")


def counted(database: Database) -> dict[str, int]:
    """The rows that a refusal must not add to."""
    return {name: count for name, count in rows(database).items() if name in MADE}


# ------------------------------------------------------------------------------------------------------ without a directory


def test_somebody_new_becomes_a_member_on_the_way_in(database: Database) -> None:
    """Person, verified address, membership by JIT with the default role, identity and session, in one go; the audit says why."""
    door = by_claims(database)
    entered = door.come("ada")
    assert entered.joined
    view = door.world.member("ada")
    assert (view.source, view.role, view.status) == ("jit", "member", "active")
    session = door.session(entered)
    assert session is not None
    assert [each.method for each in session.authentications] == ["oidc"]
    actions = [item.action for item in door.world.audit() if item.actor == f"sign_in:{door.connection}"]
    assert actions == ["identity.linked", "member.joined", "sign_in.succeeded"]
    [joined] = [item for item in door.world.audit("member.joined") if item.target == "ada@acme.example"]
    assert "signed in through Okta" in joined.because


def test_the_second_time_it_is_the_same_person(database: Database) -> None:
    """By the subject, whatever the address has become since; nothing is made but a session."""
    door = by_claims(database)
    first = door.come("ada")
    before = counted(database)
    again = door.come("ada", email="countess@acme.example")
    assert (again.person_id, again.joined) == (first.person_id, False)
    after = counted(database)
    assert {name for name in MADE if after[name] != before[name]} == {"session", "authentication"}


def test_a_person_made_here_follows_name_and_address(database: Database) -> None:
    """Inside the verified domains; the old address is gone."""
    door = by_claims(database)
    door.come("ada")
    door.come("ada", email="countess@acme.example", display_name="Ada Lovelace")
    view = door.world.member("countess")
    assert (view.email, view.name) == ("countess@acme.example", "Ada Lovelace")
    door.come("ada", email="countess@elsewhere.example")
    assert door.world.member("countess").email == "countess@acme.example"


def test_a_person_from_before_keeps_their_name_and_address(database: Database) -> None:
    """An IdP never changes a Person it did not make; it is linked by the verified address."""
    world = staged(database)
    world.invited("ada@acme.example")
    world.directory("off")
    world.activate()
    door = give_sign_on(world, world.connection)
    entered = door.come("ada", display_name="Somebody Else")
    assert not entered.joined
    door.come("ada", display_name="Somebody Else", email="new@acme.example")
    assert world.member("ada").name == "ada@acme.example"


CLAIMS_REFUSALS: list[tuple[str, dict[str, Any]]] = [
    ("email_missing", {"email": None}),
    ("email_unverified", {"email_verified": False}),
    ("domain_not_verified", {"email": "eve@elsewhere.example"}),
    ("domain_not_verified", {"email": "eve@sub.acme.example"}),
    ("domain_not_verified", {"email": "eve@acme.example@elsewhere.example"}),
    ("domain_not_verified", {"email": "eve@acme.example.elsewhere.example"}),
    ("domain_not_verified", {"email": "not an address"}),
    ("domain_not_verified", {"email": "a" * 400 + "@acme.example"}),
    ("domain_not_verified", {"email": "e\u200bve@acme.example"}),
    ("domain_not_verified", {"subject": "eve@elsewhere.example", "mutable": True}),
    ("break_glass", {"email": OWNER}),
]


@pytest.mark.parametrize(("code", "said"), CLAIMS_REFUSALS)
def test_whom_nobody_knows_is_refused_without_a_ghost(database: Database, code: str, said: dict[str, Any]) -> None:
    """No person, no membership, no identity, no session; one audit entry says what happened."""
    door = by_claims(database)
    before = counted(database)
    assert door.refused(door.identity("eve", **said)) == code
    assert counted(database) == before
    told = door.world.audit("sign_in.refused", "sign_in.break_glass")
    assert [item.after["code"] for item in told if item.after] == [code]


def test_an_address_is_compared_as_a_domain_is(database: Database) -> None:
    """Letter case and the spelling of the domain do not matter."""
    door = by_claims(database)
    assert door.come("ada", email="Ada@ACME.Example").joined


def test_an_e_mail_subject_is_compared_without_case(database: Database) -> None:
    """Identity providers change the letters of an address; another kind of subject is compared as it is."""
    door = by_claims(database)
    first = door.come("ada", subject="Ada@acme.example", mutable=True)
    assert door.come("ada", subject="ada@ACME.example", mutable=True).person_id == first.person_id
    door.come("bob", subject="Persistent")
    assert door.refused(door.identity("bob", subject="persistent")) == "second_subject"


def test_jit_can_be_off(database: Database) -> None:
    """Then members come in and nobody else."""
    door = by_claims(database)
    door.come("ada")
    database.write(lambda tx: tx.execute(update(t.Connection).values(jit="off")))
    assert not door.come("ada").joined
    assert door.refused(door.identity("bob")) == "jit_off"


def test_a_removed_member_comes_back_and_a_blocked_one_does_not(database: Database) -> None:
    """TG-13: without a live directory a plain removal lasts until the next sign-in."""
    door = by_claims(database)
    door.come("ada")
    members.remove(database, door.world.organization, "ada@acme.example", block=False)
    assert door.come("ada").joined
    members.remove(database, door.world.organization, "ada@acme.example", block=True)
    assert door.refused(door.identity("ada")) == "blocked"
    members.unblock(database, door.world.organization, "ada@acme.example")
    assert not door.come("ada").joined


def test_a_suspended_member_is_signed_out_and_not_let_in(database: Database) -> None:
    """At once, in the same transaction, for good: lifting the suspension does not bring the session back."""
    door = by_claims(database)
    entered = door.come("ada")
    door.world.suspend("ada")
    assert door.session(entered) is None
    assert door.refused(door.identity("ada")) == "suspended"
    members.unsuspend(database, door.world.organization, "ada@acme.example")
    assert door.session(entered) is None
    assert door.session(door.come("ada")) is not None


def test_a_second_subject_for_the_same_address_is_refused_and_told_to_the_owners(database: Database) -> None:
    """Whoever got the address at the IdP does not get the account here."""
    door = by_claims(database)
    door.come("ada")
    before = counted(database)
    assert door.refused(door.identity("ada", subject="another")) == "second_subject"
    assert door.refused(door.identity("ada", subject="another")) == "second_subject"
    assert counted(database) == before
    assert len(door.world.events("sign_in.second_subject")) == 1


def test_a_message_is_good_once(database: Database) -> None:
    """Also when the first answer was a refusal, and when six come at the same moment."""
    door = by_claims(database)
    refused = door.identity("eve", email=None)
    assert (door.refused(refused), door.refused(refused)) == ("email_missing", "message_replayed")
    door.come("ada")
    message = door.identity("ada")
    entered, codes = race([lambda: door.arrive(message)] * 6)
    assert len(entered) == 1
    assert codes == ["message_replayed"] * 5


def test_six_first_sign_ins_at_once_make_one_person(database: Database) -> None:
    """Six browsers of the same newcomer: one Person, one membership, one identity, six sessions."""
    door = by_claims(database)
    before = rows(database)
    messages = [door.identity("ada") for _ in range(6)]
    entered, codes = race([lambda message=message: door.arrive(message) for message in messages])  # type: ignore[misc]
    assert codes == []
    assert len({each.person_id for each in entered}) == 1
    after = rows(database)
    assert {name: after[name] - before[name] for name in ("person", "membership", "external_identity", "session")} == {
        "person": 1,
        "membership": 1,
        "external_identity": 1,
        "session": 6,
    }


STATES: list[tuple[str, Callable[[Door], object]]] = [
    ("connection_disabled", lambda door: _state(door, "disabled")),
    ("connection_draft", lambda door: _state(door, "draft")),
    (
        "issuer_changed",
        lambda door: door.database.write(lambda tx: tx.execute(update(t.SignOn).values(issuer="https://new.example"))),
    ),
]


def _state(door: Door, state: str) -> None:
    door.database.write(lambda tx: tx.execute(update(t.Connection).values(state=state)))


@pytest.mark.parametrize(("code", "change"), STATES, ids=[code for code, _ in STATES])
def test_what_changed_while_they_were_away_counts(database: Database, code: str, change: Callable[[Door], object]) -> None:
    """State and issuer are looked at again when the lock is there."""
    door = by_claims(database)
    identity = door.identity("ada")
    change(door)
    assert door.refused(identity) == code


def test_what_waits_to_be_confirmed_is_good_for_the_setup_it_was_verified_by(database: Database) -> None:
    """A certificate that was taken out meanwhile vouches for nobody any more; a new answer is asked for."""
    door = by_claims(database)
    now = datetime.now(UTC)
    where = Sending("confirm", "browser", "/", door.world.organization, door.connection, version=1, given={"identity": "ada"})
    for code in ("", "issuer_changed"):
        waiting = requests.open_(database, SEALER, where, now).request
        if code:
            database.write(lambda tx: tx.execute(update(t.SignOn).values(version=2)))
            with pytest.raises(Conflict, match="changed during this sign-in"):
                door.arrive(door.identity("ada"), request=waiting)
        else:
            assert door.arrive(door.identity("ada"), request=waiting).joined


def test_an_organization_by_invitation_is_not_entered_through_an_idp(database: Database) -> None:
    """A draft connection is refused before that; the door says no by itself as well."""
    world = staged(database)
    door = give_sign_on(world, world.connection)
    assert door.refused(door.identity("ada")) in ("connection_draft", "not_sso")


# ------------------------------------------------------------------------------------------------------- what claims give


def test_claims_give_and_take_what_rules_say(database: Database) -> None:
    """Groups that arrive are kept, so that rules can name them; the next sign-in takes what is no longer said."""
    door = by_claims(database)
    door.world.rule(group="Engineering", team="engineering")
    door.world.rule(pattern="proj-*", project="{1}")
    door.world.rule(group="Admins", role="admin")
    door.come("ada", groups=("Engineering", "proj-apollo", "Admins"))
    view = door.world.member("ada")
    assert (view.role, view.teams, view.projects) == ("admin", (("engineering", "member"),), ("apollo",))
    door.come("ada", groups=("Engineering",))
    view = door.world.member("ada")
    assert (view.role, view.teams, view.projects) == ("member", (("engineering", "member"),), ())


def test_unknown_is_not_empty(database: Database) -> None:
    """Nothing said of groups changes nothing; an empty list says "none"."""
    door = by_claims(database)
    door.world.rule(group="Engineering", team="engineering")
    door.come("ada", groups=("Engineering",))
    door.come("ada", groups=None)
    assert door.world.member("ada").teams == (("engineering", "member"),)
    door.come("ada", groups=())
    assert door.world.member("ada").teams == ()


def test_groups_that_were_too_many_are_noted_in_the_trace(database: Database) -> None:
    """The person comes in and keeps what they have; the admins read what to do. With a live directory it does not matter."""
    door = by_claims(database)
    door.come("ada", groups=None, groups_overage=True)
    [item] = traces.list_(database, door.connection)
    assert (item.stage, item.code) == ("done", "ok")
    assert "pointer instead of the groups" in item.detail
    assert "SCIM" in item.advice


def test_a_rule_added_later_covers_those_who_signed_in_before(database: Database) -> None:
    """And its removal withdraws what it gave, from everybody at once; a preview changes nothing."""
    door = by_claims(database)
    door.come("ada", groups=("Engineering",))
    door.come("bob", groups=("Sales",))
    plan = door.world.propose("add_rule", id="r", connection=door.connection, group="Engineering", team="engineering")
    assert [(change.subject.email, change.target) for change in plan.changes] == [("ada@acme.example", "team:engineering")]
    assert door.world.member("ada").teams == ()
    rule = door.world.rule(group="Engineering", team="engineering")
    assert door.world.member("ada").teams == (("engineering", "member"),)
    assert door.world.reconciled()
    door.world.carry_out("remove_rule", id=rule)
    assert door.world.member("ada").teams == ()


def test_an_attribute_rule_looks_at_the_attributes_of_the_sign_in(database: Database) -> None:
    """Names and values without case."""
    door = by_claims(database)
    door.world.rule(attribute="Department=Research", team="research")
    door.arrive(door.identity("ada", attributes={"department": ("RESEARCH",)}))
    assert door.world.member("ada").teams == (("research", "member"),)


def test_people_alike_in_their_groups_are_told_apart_by_their_attributes(database: Database) -> None:
    """When everybody is decided at once: before there is a rule that looks at attributes, and after."""
    door = by_claims(database)
    for name, department in (("ada", "Research"), ("bob", "Sales"), ("eve", None)):
        said = {} if department is None else {"Department": (department,)}
        door.arrive(door.identity(name, groups=("Staff",), attributes=said))
    door.arrive(door.identity("kim", groups=None))
    door.world.rule(group="Staff", team="staff")
    door.world.rule(attribute="Department=Research", team="research")
    teams = {name: tuple(slug for slug, _ in door.world.member(name).teams) for name in ("ada", "bob", "eve", "kim")}
    assert teams == {"ada": ("research", "staff"), "bob": ("staff",), "eve": ("staff",), "kim": ()}
    assert door.world.reconciled()


def test_explain_names_group_and_rule_of_a_claim(database: Database) -> None:
    """As for pushed groups."""
    door = by_claims(database)
    rule = door.world.rule(group="Engineering", team="engineering")
    door.come("ada", groups=("Engineering", "Chess"))
    told = door.world.explain("ada")
    [item] = [each for each in told.because if each.target == "team:engineering"]
    assert (item.rule, item.group) == (rule, "Engineering")
    assert any("Chess" in each.reason for each in told.not_)


def test_under_the_gate_nobody_enters_whom_no_rule_matches(database: Database) -> None:
    """And whoever enters through a group stays a member when they lose it."""
    door = by_claims(database)
    door.world.rule(group="Staff", team="staff")
    database.write(lambda tx: tx.execute(update(t.Organization).values(entry_gate=True)))
    before = counted(database)
    assert door.refused(door.identity("eve", groups=("Visitors",))) == "no_matching_group"
    assert door.refused(door.identity("eve", groups=None)) == "no_matching_group"
    assert counted(database) == before
    assert door.come("ada", groups=("Staff",)).joined
    door.come("ada", groups=())
    assert door.world.member("ada").teams == ()


def test_a_claimed_group_that_is_pushed_later_is_the_same_group(database: Database) -> None:
    """Its id and its rules go over; a rule by id made for the claim speaks of the pushed group."""
    door = by_claims(database)
    door.come("ada", groups=("Engineering",))
    door.world.rule(group="Engineering", team="engineering")
    door.world.directory("staging")
    pushed = door.world.group("Engineering", door.world.create("ada"))
    with database.read() as tx:
        assert tx.execute(select(t.ClaimedGroup.id)).scalar_one() == pushed
    door.world.directory("live")
    assert door.world.member("ada").teams == (("engineering", "member"),)


# --------------------------------------------------------------------------------------------------- under a live directory


LINKS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"external_id": "00u1"}, {"external_id": "00u1", "email": "other@elsewhere.example", "user_name": None}),
    ({"external_id": "00u1"}, {"subject": "00u1", "email": None, "user_name": None}),
    ({"external_id": "00u1"}, {"kind": "oid+tid", "subject": "00u1@tenant", "email": None, "user_name": None}),
    ({"userName": "Ada@acme.example"}, {"email": None}),
    ({"userName": "al"}, {"user_name": None}),
    ({"userName": "al"}, {"user_name": None, "email": "ADA@acme.example"}),
]


@pytest.mark.parametrize(("pushed", "said"), LINKS)
def test_a_pushed_person_is_found(database: Database, pushed: dict[str, Any], said: dict[str, Any]) -> None:
    """By immutable id or externalId, then by userName or e-mail inside a verified domain. Sign-in changes nothing of them."""
    door = by_directory(database)
    door.world.rule(group="Engineering", team="engineering")
    user = door.world.create("ada", **pushed)
    door.world.group("Engineering", user)
    entered = door.come("ada", **{"groups": ("Admins",), **said})
    assert (entered.person_id, entered.joined) == (door.world.person_of(user), False)
    assert door.world.member("ada").teams == (("engineering", "member"),)
    assert len(identities(database)) == 1


def test_what_was_pushed_of_somebody_is_not_changed_by_their_sign_in(database: Database) -> None:
    """Name, address, role and teams are the directory's, even if the same identity provider says otherwise here."""
    door = by_directory(database)
    door.world.rule(group="Engineering", team="engineering")
    door.world.rule(group="Admins", role="admin")
    door.world.group("Engineering", door.world.create("ada", external_id="00u1", displayName="Ada Lovelace"))
    before = door.world.member("ada")
    for _ in range(2):
        door.come("ada", external_id="00u1", display_name="Eve", email="eve@acme.example", groups=("Admins",))
    assert door.world.member("ada") == before


STRANGERS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("not_in_directory", {}, {"email": "bob@acme.example", "user_name": None}),
    ("not_in_directory", {"userName": "al"}, {"email": None, "user_name": "al"}),
    (
        "not_in_directory",
        {"email": "ada@elsewhere.example", "userName": "x"},
        {"email": "ada@elsewhere.example", "user_name": None},
    ),
    ("not_in_directory", {}, {"email_verified": False, "user_name": None}),
    ("not_in_directory", {"userName": "ada@acme.example"}, {"email_verified": False}),
    ("not_in_directory", {"external_id": "00u1"}, {"subject": "00u1@tenant", "email": None, "user_name": None}),
    (
        "not_in_directory",
        {"external_id": "ada@acme.example", "userName": "x", "email": None},
        {"subject": "ada@acme.example", "mutable": True, "user_name": None},
    ),
    ("deprovisioned", {"active": False}, {}),
]


@pytest.mark.parametrize(("code", "pushed", "said"), STRANGERS)
def test_whom_the_directory_does_not_let_in_is_refused(
    database: Database, code: str, pushed: dict[str, Any], said: dict[str, Any]
) -> None:
    """Without a row: a name that is no address in a verified domain links nobody, nor does an unverified address."""
    door = by_directory(database)
    door.world.create("ada", **pushed)
    before = counted(database)
    assert door.refused(door.identity("ada", **said)) == code
    assert counted(database) == before


def test_a_name_that_somebody_chose_for_themselves_is_not_believed_against_their_address(database: Database) -> None:
    """Some identity providers let people write their userName: the address that comes with it is another's, and known."""
    door = by_directory(database)
    door.world.create("ada", userName="ada@acme.example")
    door.world.create("eve", userName="eve@acme.example")
    before = counted(database)
    assert door.refused(door.identity("eve", user_name="ada@acme.example")) == "link_ambiguous"
    assert counted(database) == before
    door.world.create("admin-ada", userName="admin-ada@acme.example", email="ada@acme.example")
    admin = door.come("admin-ada", email="ada@acme.example")
    assert admin.person_id != door.come("ada").person_id


def test_the_gate_stands_under_a_live_directory_as_well(database: Database) -> None:
    """Where JIT lets in whom the directory does not know, no rule by group matches them."""
    door = by_directory(database)
    door.world.rule(everyone=True, team="all")
    database.write(lambda tx: tx.execute(update(t.Connection).values(jit="on")))
    database.write(lambda tx: tx.execute(update(t.Organization).values(entry_gate=True)))
    before = counted(database)
    assert door.refused(door.identity("eve", groups=("Staff",))) == "no_matching_group"
    assert counted(database) == before


def test_who_could_not_be_linked_is_not_let_in_by_a_subject_alone(database: Database) -> None:
    """A session of theirs would be dead at birth; a push of theirs lifts it."""
    door = by_directory(database)
    database.write(lambda tx: tx.execute(update(t.Connection).values(jit="on")))
    door.come("ada")
    out = {"membership_id": door.world.member("ada").id, "cause": "cannot_link", "organization_id": door.world.organization}
    now = datetime.now(UTC)
    database.write(lambda tx: tx.execute(insert(t.Suspension).values(**out, connection_id=None, origin="a plan", created_at=now)))
    assert door.refused(door.identity("ada")) == "not_in_directory"
    door.world.create("ada")
    assert door.session(door.come("ada")) is not None


def test_an_address_in_a_domain_that_was_lost_stays_whose_it_is(database: Database) -> None:
    """Else the identity provider could move somebody's mailbox into a domain of its own, and open what is theirs alone."""
    door = by_claims(database)
    entered = door.come("ada")
    domains.add(database, door.world.organization, "other.example", verified=True)
    domains.remove(database, door.world.organization, "acme.example")
    assert door.come("ada", email="ada@other.example").person_id == entered.person_id
    assert door.world.member("ada").email == "ada@acme.example"


def test_with_jit_on_somebody_unknown_to_the_directory_enters(database: Database) -> None:
    """With the default role; but not whom the directory had and deleted."""
    door = by_directory(database)
    database.write(lambda tx: tx.execute(update(t.Connection).values(jit="on")))
    door.world.rule(everyone=True, team="all")
    assert door.come("guest").joined
    view = door.world.member("guest")
    assert (view.source, view.role, view.teams) == ("jit", "member", ())
    user = door.world.create("ada")
    door.come("ada")
    door.world.delete(user)
    assert door.refused(door.identity("ada")) == "deprovisioned"


@pytest.mark.parametrize("how", ["deactivated", "deleted"])
def test_who_leaves_the_directory_is_signed_out_in_the_same_transaction(database: Database, how: str) -> None:
    """And coming back does not revive the session."""
    door = by_directory(database)
    user = door.world.create("ada")
    entered = door.come("ada")
    assert door.session(entered) is not None
    door.world.edit(user, active=False) if how == "deactivated" else door.world.delete(user)
    assert door.session(entered) is None
    assert door.refused(door.identity("ada")) in ("deprovisioned", "not_in_directory")
    if how == "deactivated":
        door.world.edit(user, active=True)
        assert door.session(entered) is None
        assert door.session(door.come("ada")) is not None


def test_who_was_deleted_is_linked_no_longer(database: Database) -> None:
    """Whoever the subject belongs to next is not the person of before."""
    door = by_directory(database)
    user = door.world.create("ada", external_id="00u1")
    first = door.come("ada")
    door.world.delete(user)
    assert identities(database) == []
    door.world.create("ada", external_id="00u2")
    assert door.come("ada").person_id != first.person_id


def test_a_sign_in_that_races_a_deactivation_leaves_no_live_session(database: Database) -> None:
    """Whoever is first: either the sign-in is refused, or its session is ended."""
    door = by_directory(database)
    for number in range(8):
        user = door.world.create(f"p{number}")
        message = door.identity(f"p{number}")
        entered, _ = race(
            [lambda m=message: door.arrive(m), lambda u=user: door.world.edit(u, active=False)]  # type: ignore[misc]
        )
        tokens = [each for each in entered if each is not None]
        assert all(door.session(each) is None for each in tokens)


def test_deactivation_here_leaves_what_belongs_to_others(database: Database) -> None:
    """The session goes on with the authentication that is local."""
    door = by_directory(database)
    user = door.world.create("ada")
    entered = door.come("ada")
    now = datetime.now(UTC)
    local = database.write(
        lambda tx: sessions.open(tx, entered.person_id, Proof("email_link"), Visitor("", "", entered.session_token), now)
    )
    door.world.edit(user, active=False)
    session = sessions.find(database, local, now + timedelta(seconds=1))
    assert session is not None
    assert [each.method for each in session.authentications] == ["email_link"]


def test_a_break_glass_owner_links_only_with_their_own_session(database: Database) -> None:
    """Signing in with both in one browser; another person's session does not help."""
    door = by_directory(database)
    owner = door.identity("owner")
    assert door.refused(owner) in ("break_glass", "not_in_directory")
    now = datetime.now(UTC)
    with database.read() as tx:
        person = tx.execute(select(t.Address.person_id).where(t.Address.email_key == OWNER)).scalar_one()
    mine = database.write(lambda tx: sessions.open(tx, person, Proof("email_link"), Visitor("", ""), now))
    assert not door.arrive(door.identity("owner"), cookie=mine).joined


def test_leaving_live_keeps_what_rules_gave_until_a_sign_in_says_otherwise(database: Database) -> None:
    """A sign-in that says nothing of groups says nothing against it either."""
    door = by_directory(database)
    door.world.rule(group="Engineering", team="engineering")
    door.world.group("Engineering", door.world.create("ada"))
    door.world.directory("staging")
    door.come("ada", groups=None)
    assert door.world.member("ada").teams == (("engineering", "member"),)
    door.come("ada", groups=("Sales",))
    assert door.world.member("ada").teams == ()


def test_after_unlinking_a_new_account_of_the_same_person_is_linked(database: Database) -> None:
    """The way out of a second subject; the session made with the old one is dead. A second time there is nothing to unlink."""
    door = by_claims(database)
    entered = door.come("ada")
    linking.unlink(database, door.world.organization, "ada@acme.example")
    assert door.session(entered) is None
    assert door.come("ada", subject="made anew").person_id == entered.person_id
    linking.unlink(database, door.world.organization, "ada@acme.example")
    with pytest.raises(Conflict) as refused:
        linking.unlink(database, door.world.organization, "ada@acme.example")
    assert refused.value.code == "not_linked"


def test_disabling_a_connection_signs_out_who_came_through_it_for_good(database: Database) -> None:
    """Activating it again brings nothing back."""
    door = by_claims(database)
    entered = door.come("ada")
    other = door.world.another()
    other.activate()
    door.world.carry_out("disable", connection=door.connection)
    assert door.session(entered) is None
    door.world.carry_out("activate", connection=door.connection)
    assert door.session(entered) is None
