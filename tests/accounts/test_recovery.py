"""Break-glass: printed codes and the operator's link, each good for one use, told to all owners."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from connector.accounts import links, recovery, sessions
from connector.accounts.alerts import mail_owners
from connector.accounts.sessions import Visitor
from connector.errors import Conflict, ConnectorError, Forbidden, TooMany, Unauthenticated
from connector.membership.model import Mode
from connector.membership.opening import OrganizationAccess, opens
from connector.organizations import break_glass
from connector.provisioning.relay import relay
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.accounts.people import (
    HERE,
    NOW,
    acme_in_sso,
    demote,
    found,
    later,
    leave,
    methods,
    organization,
    person,
    sign_in,
    suspend,
    through,
)
from tests.directory.homes import Home
from tests.support.racing import race

BASE = "https://id.example.com"
OWNER = "owner@acme.example"


def with_owner(database: Database) -> tuple[Home, str, tuple[str, ...]]:
    """An organization in sso with a break-glass owner: ids, and the codes they printed."""
    home, owner = acme_in_sso(database)
    break_glass.add(database, home.organization, OWNER)
    return home, owner, recovery.codes(database, home.organization, OWNER)


def use(database: Database, code: str, token: str | None) -> str:
    """Type a code in a session; returns the token of the new one."""
    return recovery.use(database, code, Visitor(HERE.address, HERE.agent, token), NOW).token


def refusal(verb: Callable[[], object], kind: type[ConnectorError] = Forbidden) -> str:
    """The code with which something is refused."""
    with pytest.raises(kind) as refused:
        verb()
    return refused.value.code


def told(database: Database, kind: str) -> int:
    """How often the owners were told something."""
    with database.read() as tx:
        events = tx.execute(select(t.OutboxEvent.id).where(t.OutboxEvent.kind == kind)).all()
        audited = tx.execute(select(t.AuditEntry.id).where(t.AuditEntry.action == kind)).all()
    assert len(events) == len(audited)
    return len(events)


def test_a_code_opens_the_organization_beside_a_local_sign_in(database: Database) -> None:
    """Which it did not before; the owners are told, and the old token is dead."""
    home, owner, codes = with_owner(database)
    acme = OrganizationAccess(home.organization, Mode.SSO, True)
    local = sign_in(database, owner)
    assert opens(found(database, local).authentications, acme) is None
    token = use(database, codes[3], local)
    session = found(database, token)
    assert opens(session.authentications, acme) == "break_glass"
    assert methods(session) == {"email_link", "break_glass"}
    assert sessions.find(database, local, NOW) is None
    assert told(database, "break_glass.used") == 1


def test_ten_codes_are_made_each_good_for_one_use(database: Database) -> None:
    """In any order, and however they are typed."""
    _, owner, codes = with_owner(database)
    assert len(set(codes)) == 10
    token = sign_in(database, owner)
    token = use(database, codes[9].lower().replace("-", " "), token)
    token = use(database, codes[0], token)
    assert refusal(lambda: use(database, codes[9], token)) == "recovery_code_wrong"


def test_new_codes_kill_the_old_ones_and_none_is_kept_in_clear(database: Database) -> None:
    """The sheet in the safe is the newest one."""
    home, owner, old = with_owner(database)
    new = recovery.codes(database, home.organization, OWNER)
    token = sign_in(database, owner)
    assert refusal(lambda: use(database, old[0], token)) == "recovery_code_wrong"
    assert use(database, new[0], token)
    with database.read() as tx:
        kept = [str(value) for row in tx.execute(select(t.RecoveryCode)) for value in row]
    assert not set(new) & set(kept)


def test_a_code_counts_for_its_owner_only(database: Database) -> None:
    """Somebody else who finds the sheet has nothing."""
    _, _, codes = with_owner(database)
    token = sign_in(database, person(database, "thief@x.example"))
    assert refusal(lambda: use(database, codes[0], token)) == "recovery_code_wrong"


def test_a_code_needs_a_local_sign_in(database: Database) -> None:
    """Whatever the identity provider asserts, it does not open the way around it; and without a session nothing does."""
    home, owner, codes = with_owner(database)
    token = sign_in(database, owner, through(home))
    assert refusal(lambda: use(database, codes[0], token)) == "needs_local"
    for nobody in (None, "unknown"):
        assert refusal(lambda nobody=nobody: use(database, codes[0], nobody), Unauthenticated) == "signed_out"  # type: ignore[misc]


def test_a_code_opens_the_organization_it_was_printed_for(database: Database) -> None:
    """An owner of two has two sheets."""
    home, owner, _ = with_owner(database)
    other = organization(database, "beta", OWNER)
    break_glass.add(database, other, OWNER)
    [code, *_] = recovery.codes(database, other, OWNER)
    session = found(database, use(database, code, sign_in(database, owner)))
    assert opens(session.authentications, OrganizationAccess(other, Mode.INVITATION, True)) == "local"
    assert opens(session.authentications, OrganizationAccess(home.organization, Mode.SSO, True)) is None
    assert [each.authentication.organization_id for each in session.held if each.authentication.method == "break_glass"] == [
        other
    ]


@pytest.mark.parametrize("happens", [suspend, leave, demote])
def test_a_code_of_somebody_who_is_no_active_owner_opens_nothing(
    database: Database, happens: Callable[[Database, str, str], None]
) -> None:
    """Looked at when it is used."""
    home, owner, codes = with_owner(database)
    happens(database, home.organization, owner)
    token = sign_in(database, owner)
    assert refusal(lambda: use(database, codes[0], token)) in ("not_an_owner", "recovery_code_wrong")
    assert told(database, "break_glass.used") == 0


def test_codes_cannot_be_tried_out(database: Database) -> None:
    """After twenty the person waits, whatever browser they come with."""
    _, owner, _ = with_owner(database)
    token = sign_in(database, owner)
    for _ in range(20):
        assert refusal(lambda: use(database, "BBBB-BBBB-BBBB-BBBB", token)) == "recovery_code_wrong"
    assert refusal(lambda: use(database, "BBBB-BBBB-BBBB-BBBB", token), TooMany) == "too_many_requests"


def test_one_code_used_twice_at_once_opens_once(database: Database) -> None:
    """Four browsers, one of which wins."""
    _, owner, codes = with_owner(database)
    tokens = [sign_in(database, owner) for _ in range(4)]
    entered, refused = race([lambda token=token: use(database, codes[0], token) for token in tokens])  # type: ignore[misc]
    assert (len(entered), refused) == (1, ["recovery_code_wrong"] * 3)
    assert told(database, "break_glass.used") == 1


def test_codes_are_for_break_glass_owners(database: Database) -> None:
    """Another owner, and somebody unknown, get none."""
    home, _ = acme_in_sso(database)
    for email in (OWNER, "nobody@acme.example"):
        code = refusal(lambda email=email: recovery.codes(database, home.organization, email), Conflict)  # type: ignore[misc]
        assert code == "not_break_glass"


def test_an_operators_link_opens_the_organization_once(database: Database) -> None:
    """In any browser, without mail and without codes; told when it is made and when it is used."""
    home, owner, _ = with_owner(database)
    url = recovery.print_link(database, home.organization, OWNER, BASE, NOW)
    assert told(database, "break_glass.link_made") == 1
    token = url.removeprefix(f"{BASE}/login/link?token=")
    entered = links.use(database, token, "any browser", HERE, later(hours=23))
    session = found(database, entered.token, later(hours=23))
    assert (session.person_id, methods(session)) == (owner, {"break_glass"})
    assert told(database, "break_glass.used") == 1
    assert refusal(lambda: links.use(database, token, "any browser", HERE, later(hours=23))) == "link_used"


def test_an_operators_link_is_for_active_owners(database: Database) -> None:
    """When it is made, and when it is used."""
    home, owner, _ = with_owner(database)
    assert refusal(lambda: recovery.print_link(database, home.organization, "x@acme.example", BASE, NOW)) == "not_an_owner"
    token = recovery.print_link(database, home.organization, OWNER, BASE, NOW).partition("=")[2]
    suspend(database, home.organization, owner)
    assert refusal(lambda: links.use(database, token, "", HERE, NOW)) == "not_an_owner"
    assert links.look(database, token, "", NOW).organization_id == home.organization
    assert told(database, "break_glass.used") == 0


def test_all_owners_get_a_mail(database: Database) -> None:
    """When a link is printed, when it is used, and when a code is."""
    home, owner, codes = with_owner(database)
    token = recovery.print_link(database, home.organization, OWNER, BASE, NOW).partition("=")[2]
    links.use(database, token, "", HERE, NOW)
    use(database, codes[0], sign_in(database, owner))
    relay(database, lambda tx, events: mail_owners(tx, Sealer(["a key"]), BASE, events, NOW))
    with database.read() as tx:
        mailed = tx.execute(select(t.OutgoingMail.kind, t.OutgoingMail.recipient).order_by(t.OutgoingMail.id)).all()
    kinds = ["break_glass.link_made", "break_glass.used", "break_glass.used"]
    assert [tuple(row) for row in mailed] == [(kind, OWNER) for kind in kinds]
