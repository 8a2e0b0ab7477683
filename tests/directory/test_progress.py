"""How far a connection is set up: read from what is there, for the wizard of the console."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.accounts import recovery
from connector.directory import connections, domains, progress, setup_links, tokens
from connector.directory.progress import Heard, Outsiders, Progress
from connector.errors import ConnectorError
from connector.membership.model import Mode
from connector.organizations import break_glass
from connector.provisioning.acting import OPERATOR
from connector.storage.database import Database
from tests.directory import homes
from tests.directory.homes import BASE
from tests.support.statements import statements
from tests.support.world import OWNER, World, live, staged


def seen(database: Database, organization: str, connection: str) -> Progress:
    """How far it is, as the operator sees it."""
    return progress.show(database, organization, connection, base_url=BASE)


def test_of_a_new_draft_nothing_is_there_yet(database: Database) -> None:
    """The organization's founder is nobody's break-glass owner before it goes live."""
    home = homes.make(database)
    found = seen(database, home.organization, home.connection)
    assert (found.mode, found.verified, found.claimed, found.rules, found.tried) == (Mode.INVITATION, (), 0, 0, None)
    assert (found.break_glass, found.ready, found.heard) == (0, 0, Heard())
    assert found.missing == "This connection is not set up for signing in: nobody could."


def test_what_was_pushed_is_counted(database: Database) -> None:
    """Requests that were asked, and the people and groups there are; a token that lives counts, an ended one does not."""
    acme = staged(database)
    before = seen(database, acme.organization, acme.connection).heard
    acme.group("Engineering", acme.create("ada"), acme.create("grace"))
    made = tokens.create(database, acme.organization, acme.connection)
    heard = seen(database, acme.organization, acme.connection).heard
    assert (heard.people, heard.groups, heard.requests) == (2, 1, before.requests + 3)
    assert heard.credentials == before.credentials + 1
    tokens.revoke(database, acme.organization, acme.connection, made.id)
    assert seen(database, acme.organization, acme.connection).heard.credentials == before.credentials
    later = datetime.now(UTC) + timedelta(days=4000)
    ended = progress.show(database, acme.organization, acme.connection, base_url=BASE, now=later).heard
    assert ended.credentials == 0


def test_domains_rules_and_break_glass_owners_are_counted(database: Database) -> None:
    """Claims apart from what is verified; break-glass owners apart from those who have codes."""
    acme = staged(database)
    domains.add(database, acme.organization, "acme.test")
    acme.rule(everyone=True, role="member")
    owner = break_glass.add(database, acme.organization, OWNER)
    found = seen(database, acme.organization, acme.connection)
    assert (found.verified, found.claimed, found.rules) == (("acme.example",), 1, 1)
    assert (found.break_glass, found.ready) == (1, 0)
    recovery.codes_of(database, acme.organization, owner.user_id, OWNER, actor=OPERATOR)
    assert seen(database, acme.organization, acme.connection).ready == 1


def test_a_list_of_connections_says_the_same_of_each(database: Database) -> None:
    """What is counted of one is not counted of another."""
    acme = staged(database)
    other = acme.another()
    acme.create("ada")
    page = connections.list_(database, acme.organization, base_url=BASE)
    found = progress.of_page(database, acme.organization, page).items
    assert [(each.connection.id, each.heard.people) for each in found] == [(acme.connection, 1), (other.connection, 0)]
    assert found == tuple(seen(database, acme.organization, each.connection.id) for each in found)


def test_a_set_up_link_is_told_of_drafts_alone(database: Database) -> None:
    """Whatever page it is asked with: what a test sign-in through a connection in force told stays with who manages it."""
    acme = live(database)
    draft = acme.another()
    everything = connections.list_(database, acme.organization, base_url=BASE)
    made = setup_links.create(database, acme.organization, base_url=BASE)
    opened = setup_links.find(database, made.url.rpartition("/")[2], datetime.now(UTC))
    assert opened is not None
    told = progress.of_page(database, acme.organization, everything, actor=opened.actor).items
    listed = connections.list_(database, acme.organization, base_url=BASE, actor=opened.actor).items
    assert len(everything.items) == 2
    assert [each.connection.id for each in told] == [each.id for each in listed] == [draft.connection]


def test_looking_costs_the_same_whatever_was_pushed(database: Database) -> None:
    """No statement for each person, group or request."""
    acme = staged(database)
    with statements(database.engine) as few:
        seen(database, acme.organization, acme.connection)
    acme.group("All", *(acme.create(f"person{number}") for number in range(30)))
    with statements(database.engine) as many:
        seen(database, acme.organization, acme.connection)
    assert len(many) == len(few)


def test_connections_of_others_are_not_there(database: Database) -> None:
    """An id of another organization is as one that nobody has."""
    home, other = homes.make(database), homes.make(database, "globex")
    with pytest.raises(ConnectorError) as refused:
        seen(database, home.organization, other.connection)
    assert refused.value.code == "connection_not_found"


def test_outsiders_are_active_members_outside_the_verified_domains(database: Database) -> None:
    """Sub-domains are outside; break-glass owners and the suspended are left out."""
    acme: World = staged(database)
    for email in ("in@acme.example", "sub@eu.acme.example", "out@else.example", "gone@else.example", "glass@else.example"):
        acme.invited(email)
    acme.suspend("gone@else.example")
    break_glass.add(database, acme.organization, "glass@else.example")
    assert progress.outsiders(database, acme.organization) == Outsiders(("sub@eu.acme.example", "out@else.example"), False)


def test_many_outsiders_are_named_in_part(database: Database) -> None:
    """The first twenty, and that there are more."""
    acme = staged(database)
    for number in range(progress.NAMED + 1):
        acme.invited(f"p{number:02}@else.example")
    found = progress.outsiders(database, acme.organization)
    assert (len(found.emails), found.more) == (progress.NAMED, True)
