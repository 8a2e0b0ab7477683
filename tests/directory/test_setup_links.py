"""Set-up links: made, listed, revoked, opened, dead; and kept as a hash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, update

from connector.directory import (
    domains,
    setup_links,
)
from connector.errors import Conflict
from connector.organizations import (
    deletion,
)
from connector.provisioning.acting import OPERATOR
from connector.provisioning.once import Once, Replayed
from connector.storage import tables as t
from connector.storage.database import Database
from tests.accounts.people import demote, leave, suspend
from tests.directory import homes
from tests.directory.linked import ADDRESS, OWNER, SEALER, Site, now, refusal, site, this_second, token_of
from tests.support.racing import race
from tests.support.statements import statements


@pytest.fixture
def acme(database: Database) -> Site:
    """In sso through the connection `live`, with a draft beside it."""
    return site(database)


def test_a_link_is_shown_once_and_only_its_hash_is_kept(acme: Site) -> None:
    """256 bits behind a prefix that says what it is; a week by default; one audit entry, without the secret."""
    before = acme.audited()
    made = acme.link(now=this_second())
    token = token_of(made)
    assert token.startswith("cnt_setup_")
    assert (len(token), made.expires_at) == (53, this_second() + timedelta(days=7))
    [view] = setup_links.list_(acme.database, acme.organization, now=this_second(), actor=acme.owner).items
    assert (view.id, view.name, view.hint, view.created_by, view.state) == (made.id, "IT of Acme", token[-4:], OWNER, "live")
    assert acme.audited() == [*before, "setup_link.created"]
    kept = str(homes.read(acme.database, *t.SetupLink.__table__.columns)) + str(homes.read(acme.database, t.AuditEntry.after))
    assert token[10:] not in kept + repr(made)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"days": 0}, "expiry_invalid"),
        ({"days": 31}, "expiry_invalid"),
        ({"name": "x" * 101}, "name_invalid"),
        ({"name": "a\nb"}, "name_invalid"),
        ({"name": "إدارة Acme", "days": 30}, ""),
        ({"name": ""}, ""),
    ],
)
def test_a_link_lives_a_month_at_most_and_its_name_is_one_line(acme: Site, given: Mapping[str, object], code: str) -> None:
    """Each row: what is asked, and how it is refused."""
    assert refusal(lambda: acme.link(**given)) == code


def test_five_links_at_most_live_at_once_also_when_two_are_made_together(acme: Site) -> None:
    """A dead one makes room."""
    made = [acme.link() for _ in range(4)]
    fifth, refused = race([acme.link, acme.link])
    assert (len(fifth), refused) == (1, ["setup_link_limit"])
    with pytest.raises(Conflict, match="5 set-up links"):
        acme.link()
    setup_links.revoke(acme.database, acme.organization, made[0].id, actor=acme.owner)
    acme.link()


def test_a_link_is_made_by_who_may_manage_sso_and_by_no_link(acme: Site) -> None:
    """A key that is limited to other scopes makes none either; the operator does."""
    assert refusal(lambda: acme.link(actor=replace(acme.owner, scopes=frozenset({"org.read"})))) == "scope_missing"
    assert refusal(lambda: acme.link(actor=acme.it())) == "beyond_set_up"
    visit = acme.opened(acme.link(actor=OPERATOR, name=""))
    assert visit is not None
    assert (visit.actor.name, visit.actor.is_operator) == ("set-up link of operator", False)
    demote(acme.database, acme.organization, str(acme.owner.person_id))
    assert refusal(acme.link) == "permission_missing"


def test_a_request_that_is_sent_again_makes_one_link(acme: Site) -> None:
    """What is answered again is the same address."""
    once = Once("1", "the same", SEALER, lambda made: made.url)
    first = acme.link(once=once)
    with pytest.raises(Replayed) as again:
        acme.link(once=once)
    assert again.value.text == first.url


# ------------------------------------------------------------------------------------------------------------ when it opens


def test_a_link_opens_its_organization_until_it_expires(acme: Site) -> None:
    """It says whose it is, what it is called and when it ends."""
    made = acme.link(days=1)
    visit = acme.opened(made)
    assert visit is not None
    assert (visit.organization_id, visit.slug, visit.link_name) == (acme.organization, "acme", "IT of Acme")
    assert (visit.actor.name, visit.actor.address) == (f"set-up link IT of Acme of {OWNER}", ADDRESS)
    assert acme.opened(made, made.expires_at - timedelta(seconds=1)) is not None
    assert acme.opened(made, made.expires_at) is None


ENDS: Mapping[str, Callable[[Site, str], object]] = {
    "revoked": lambda acme, link: setup_links.revoke(acme.database, acme.organization, link, actor=acme.owner),
    "its maker suspended": lambda acme, _: suspend(acme.database, acme.organization, str(acme.owner.person_id)),
    "its maker demoted": lambda acme, _: demote(acme.database, acme.organization, str(acme.owner.person_id)),
    "its maker gone": lambda acme, _: leave(acme.database, acme.organization, str(acme.owner.person_id)),
    "expired": lambda acme, _: put_all(acme, expires_at=now()),
    "its organization deleted": lambda acme, _: deletion.remove(acme.database, acme.organization),
}


def put_all(acme: Site, **values: datetime) -> None:
    """Every link as if it had been made otherwise."""
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.SetupLink).values(values))


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_link_is_dead_at_once(acme: Site, end: Callable[[Site, str], object]) -> None:
    """For whoever opens it, and in the corridor for a request that was under way."""
    made = acme.link()
    visit = acme.opened(made)
    assert visit is not None
    end(acme, made.id)
    assert acme.opened(made) is None
    before = acme.audited()
    used = partial(domains.add, acme.database, acme.organization, "acme.org", actor=visit.actor)
    assert refusal(used) in ("setup_link_unknown", "organization_not_found")
    assert acme.audited() == before


def test_a_link_sleeps_while_its_maker_may_not_and_wakes_up_with_them(acme: Site) -> None:
    """As an organization's key does; it counts as one of the five meanwhile."""
    made = acme.link()
    demote(acme.database, acme.organization, str(acme.owner.person_id))
    [view] = setup_links.list_(acme.database, acme.organization).items
    assert (view.state, acme.opened(made)) == ("dormant", None)
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.Membership).values(role="owner"))
    assert acme.opened(made) is not None


def test_who_tries_links_that_nobody_made_is_slowed_down_by_address(acme: Site) -> None:
    """Refused alike, known prefix or not; who has a live one is not held up."""
    made = acme.link()
    tried = [refusal(partial(setup_links.visit, acme.database, f"{kind}x", ADDRESS, now())) for kind in ("", "cnt_setup_")]
    assert tried == ["setup_link_unknown"] * 2
    at = now()
    told = [refusal(partial(setup_links.visit, acme.database, "x", ADDRESS, at)) for _ in range(60)]
    assert told[-1] == "too_many_requests"
    assert setup_links.visit(acme.database, token_of(made), ADDRESS, at).link_id == made.id
    assert refusal(partial(setup_links.visit, acme.database, "x", "192.0.2.8", at)) == "setup_link_unknown"


def test_it_is_found_with_one_statement_and_noted_once_a_minute(acme: Site) -> None:
    """Cheap enough for every request."""
    made, at = acme.link(), this_second()
    acme.opened(made, at)
    with statements(acme.database.engine) as sent:
        acme.opened(made, at + timedelta(seconds=59))
    assert len([each for each in sent if "setup_link" in each]) == 1
    [view] = setup_links.list_(acme.database, acme.organization).items
    assert view.last_used_at == at
    acme.opened(made, at + timedelta(minutes=1))
    [view] = setup_links.list_(acme.database, acme.organization).items
    assert view.last_used_at == at + timedelta(minutes=1)


def test_dead_links_are_forgotten_after_a_month(acme: Site) -> None:
    """Revoked ones and expired ones; those that live stay."""
    for each in (acme.link(), acme.link(days=1)):
        setup_links.revoke(acme.database, acme.organization, each.id)
    old, stays = acme.link(days=1), acme.link(days=30)
    setup_links.sweep(acme.database, now() + timedelta(days=29))
    assert homes.read(acme.database, func.count(t.SetupLink.id)) == [(4,)]
    setup_links.sweep(acme.database, now() + timedelta(days=31, hours=1))
    assert [row.id for row in homes.read(acme.database, t.SetupLink.id)] == [stays.id]
    assert old.id != stays.id
