"""What rules gave to somebody before they became a break-glass owner, whom no sync touches."""

from __future__ import annotations

import pytest

from connector.organizations import break_glass
from connector.storage.database import Database
from tests.support.world import live


@pytest.mark.parametrize("keep", [False, True])
def test_a_rule_is_removed_though_a_break_glass_owner_has_something_by_it(database: Database, keep: bool) -> None:
    """It is taken from them as from everybody else, or kept as given by hand."""
    acme = live(database)
    ada = acme.create("ada")
    acme.group("Engineering", ada)
    rule = acme.rule(group="Engineering", team="engineering")
    acme.owner("ada")
    break_glass.add(database, acme.organization, "ada@acme.example")
    acme.carry_out("remove_rule", id=rule, keep=keep)
    assert [each.slug for each in acme.member("ada").teams] == (["engineering"] if keep else [])
    assert acme.member("ada").role == "owner"
