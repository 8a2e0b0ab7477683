"""Who is it here, and do they come in? Tables of the decisions of DESIGN section 7, under a live directory and without one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from connector.directory import requests
from connector.directory.requests import Sending
from connector.errors import Conflict
from connector.organizations import members
from connector.storage import tables as t
from connector.storage.database import Database
from tests.sign_in.arrivals import SEALER, Door, by_claims, counted, give_sign_on
from tests.support.racing import race
from tests.support.world import OWNER, rows, staged


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
    assert {name for name in after if after[name] != before[name]} == {"session", "authentication"}


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
