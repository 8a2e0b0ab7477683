"""E-mail domains: one spelling, unique once verified, and the last one stays while members sign in by it."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from connector.directory import domains
from connector.directory.domains import Removal
from connector.errors import Conflict, Invalid, NotFound, Taken
from connector.membership.domain_names import domain_of, normal_domain
from connector.storage import tables as t
from connector.storage.database import Database
from tests.directory import homes
from tests.support.racing import race


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("example.com", "example.com"),
        (" Example.COM. ", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("a.b.c.example.com", "a.b.c.example.com"),
        ("4chan.org", "4chan.org"),
    ],
)
def test_a_domain_has_one_spelling(text: str, kept: str) -> None:
    """Lower-case ASCII whatever the script, case, composition or final dot (UTS 46)."""
    assert normal_domain(text) == kept
    assert domain_of(f"ada@{text.strip()}") == kept


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ".",
            "com",
            "localhost",
            "*.example.com",
            "ada@example.com",
            "https://example.com",
            "example.com/x",
            "example.com:443",
        ),
        *("192.0.2.1", "[::1]", "exa mple.com", "-a.com", "a-.com", "a..com", ".com", "under_score.com", "a" * 64 + ".com"),
        *(".".join(["abcdefgh"] * 30), "example.com\x00", "\ud800.com", "example.c\nom"),
    ],
)
def test_what_is_no_domain_is_refused(database: Database, text: str) -> None:
    """Addresses, wildcards, URLs, IP addresses, single labels, and what no label may hold."""
    home = homes.make(database)
    with pytest.raises(Invalid) as refused:
        domains.add(database, home.organization, text)
    assert refused.value.code == "domain_invalid"
    assert domains.list_(database, home.organization).items == ()


@pytest.mark.parametrize("email", ["", "ada", "@example.com", "ada@", "a@b@example.com", "ada@com", "ada@*.example.com"])
def test_what_is_no_address_has_no_domain(email: str) -> None:
    """Exactly one @, with something before and a domain after."""
    assert domain_of(email) is None


def test_a_claimed_domain_says_how_to_prove_it(database: Database) -> None:
    """The name and value of the TXT record; adding it again changes neither."""
    home = homes.make(database)
    made = domains.add(database, home.organization, "Example.com")
    assert (made.domain, made.verified, made.record_name) == ("example.com", False, "_connector-challenge.example.com")
    assert made.record_value.startswith("connector-verification=")
    assert domains.add(database, home.organization, "example.com") == made
    assert domains.add(database, homes.make(database, "other").organization, "example.com").record_value != made.record_value


def test_vouching_verifies_once_and_adding_never_takes_it_back(database: Database) -> None:
    """Claimed, then verified by the operator, then added again: still verified; two audit entries in all."""
    home = homes.make(database)
    steps = [domains.add(database, home.organization, "example.com", verified=v).verified for v in (False, True, True, False)]
    assert steps == [False, True, True, True]
    assert homes.actions(database) == ["domain.added", "domain.verified"]
    assert homes.read(database, t.Domain.vouched) == [(True,)]


def test_claims_may_coexist_and_only_one_is_verified(database: Database) -> None:
    """The second organization is not told whose it is, and keeps its claim."""
    one, two = homes.make(database, "one"), homes.make(database, "two")
    domains.add(database, one.organization, "example.com")
    domains.add(database, two.organization, "example.com")
    domains.add(database, one.organization, "example.com", verified=True)
    with pytest.raises(Taken) as refused:
        domains.add(database, two.organization, "example.com", verified=True)
    assert refused.value.code == "domain_taken"
    assert "one" not in (refused.value.detail + refused.value.advice).replace("which one", "").split()
    assert [one.verified for one in domains.list_(database, two.organization).items] == [False]


def test_of_six_organizations_that_verify_one_domain_at_once_one_wins(database: Database) -> None:
    """Decided by the unique index, explained to the others."""
    rivals = [homes.make(database, f"org-{n}").organization for n in range(6)]
    made, refused = race([lambda o=o: domains.add(database, o, "example.com", verified=True) for o in rivals])  # type: ignore[misc]
    assert (len(made), refused) == (1, ["domain_taken"] * 5)


def test_one_organization_adding_a_domain_six_times_at_once_has_it_once(database: Database) -> None:
    """All are answered, all with the same record."""
    home = homes.make(database)
    made, refused = race([lambda: domains.add(database, home.organization, "example.com", verified=True)] * 6)
    assert (len(set(made)), refused) == (1, [])
    assert len(domains.list_(database, home.organization).items) == 1


def test_domains_are_listed_oldest_first(database: Database) -> None:
    """In the order they were added, those of this organization only."""
    home, other = homes.make(database), homes.make(database, "other")
    for name in ("b.example", "a.example"):
        domains.add(database, home.organization, name)
    domains.add(database, other.organization, "c.example")
    assert [one.domain for one in domains.list_(database, home.organization).items] == ["b.example", "a.example"]


def test_removing_says_what_ends_and_a_preview_removes_nothing(database: Database) -> None:
    """A verified domain takes its linking power along, a claim nothing; afterwards another organization may verify it."""
    home, other = homes.make(database), homes.make(database, "other")
    domains.add(database, home.organization, "example.com", verified=True)
    domains.add(database, home.organization, "claimed.example")
    assert domains.remove(database, home.organization, "claimed.example") == Removal("claimed.example", ends_linking=False)
    for preview, left in ((True, 1), (False, 0)):
        removal = domains.remove(database, home.organization, "EXAMPLE.com", preview=preview)
        assert removal == Removal("example.com", ends_linking=True)
        assert len(domains.list_(database, home.organization).items) == left
    assert homes.actions(database)[-2:] == ["domain.removed", "domain.removed"]
    assert domains.add(database, other.organization, "example.com", verified=True).verified


def test_removing_what_is_not_there_is_not_found(database: Database) -> None:
    """Another organization's domain is not there either."""
    home, other = homes.make(database), homes.make(database, "other")
    domains.add(database, other.organization, "example.com")
    with pytest.raises(NotFound) as refused:
        domains.remove(database, home.organization, "example.com")
    assert refused.value.code == "domain_not_found"


def test_with_sso_the_last_verified_domain_stays(database: Database) -> None:
    """An unverified one does not count, and may go; with a second verified one, one may go."""
    home = homes.make(database)
    domains.add(database, home.organization, "example.com", verified=True)
    domains.add(database, home.organization, "claimed.example")
    with database.engine.begin() as tx:
        tx.execute(update(t.Organization).values(membership_mode="sso"))
    with pytest.raises(Conflict) as refused:
        domains.remove(database, home.organization, "example.com")
    assert refused.value.code == "last_domain"
    domains.remove(database, home.organization, "claimed.example")
    domains.add(database, home.organization, "second.example", verified=True)
    domains.remove(database, home.organization, "example.com")
    assert [one.domain for one in domains.list_(database, home.organization).items] == ["second.example"]


def test_of_six_verified_domains_all_removed_at_once_one_stays(database: Database) -> None:
    """Removals that each still see the others' domains cannot all go through."""
    home = homes.make(database)
    names = [f"d{n}.example" for n in range(6)]
    for name in names:
        domains.add(database, home.organization, name, verified=True)
    homes.put(database, home, mode="sso")
    removed, refused = race([lambda n=n: domains.remove(database, home.organization, n) for n in names])  # type: ignore[misc]
    assert (len(removed), refused) == (5, ["last_domain"])
    assert len(domains.list_(database, home.organization).items) == 1
