"""Who may go back: an owner with a way in that is left to them; and the permission that each plan needs."""

from __future__ import annotations

import pytest

from connector.accounts import persons
from connector.directory.plans import VERBS
from connector.membership.opening import Authentication
from connector.provisioning.acting import Actor
from connector.storage.database import Database
from tests.sign_in.arrivals import by_claims
from tests.stories.modes import LOCAL, mode_of, owner_of, refused
from tests.support import world


def test_an_owner_needs_a_way_in_that_is_left_to_them(database: Database) -> None:
    """A local sign-in or break-glass beside the identity provider's; the operator needs none. A plan of it needs the same."""
    door = by_claims(database)
    acme = door.world
    through = Authentication("saml", acme.organization, acme.connection, connection_active=True)
    glass = Authentication("break_glass", acme.organization)
    assert refused(acme, "mode", owner_of(acme, through), mode="invitation") == "local_sign_in_first"
    elsewhere = Authentication("break_glass", "another organization")
    assert refused(acme, "mode", owner_of(acme, through, elsewhere), mode="invitation") == "local_sign_in_first"
    assert mode_of(acme) == "sso"
    for held in ((through, LOCAL), (glass,)):
        acme.carry_out("mode", actor=owner_of(acme, *held), mode="invitation")
        assert mode_of(acme) == "invitation"
        acme.activate()


@pytest.mark.parametrize("kind", sorted(VERBS))
def test_every_plan_needs_the_permission_of_its_verb(database: Database, kind: str) -> None:
    """Looking needs it too: plans tell of everybody."""
    acme = world.staged(database)
    acme.invited("ada@acme.example", "admin")
    ada = Actor("ada", persons.known(database, "ada@acme.example"), (LOCAL,))
    stranger = Actor("eve", "somebody", (LOCAL,))
    given = {
        "connection": acme.connection,
        "directory": "off",
        "since": "x",
        "mode": "sso",
        "id": "x",
        "domain": "x",
        "roles": [],
    }
    if VERBS[kind].permission == "sso.manage":
        assert refused(acme, kind, ada, **given) == "permission_missing"
    assert refused(acme, kind, stranger, **given) == "organization_not_found"
