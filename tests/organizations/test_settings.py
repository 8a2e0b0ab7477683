"""The settings of an organization: who sets what, how it is told, and what goes by them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from connector.errors import ConnectorError, Forbidden, Invalid, NotFound, Outdated
from connector.membership.settings import Auth, General, Notifications
from connector.organizations import settings
from connector.provisioning.history import AuditItem
from connector.storage.database import Database
from tests.accounts.test_alerts import numbered, recipients, silent
from tests.sign_in.arrivals import by_claims
from tests.support.actors import person_in
from tests.support.racing import race
from tests.support.statements import statements
from tests.support.world import World, staged


def refusal(verb: Callable[[], object], kind: type[ConnectorError]) -> str:
    """The code with which something is refused."""
    with pytest.raises(kind) as refused:
        verb()
    return refused.value.code


def told(acme: World) -> list[AuditItem]:
    """What the audit trail says of settings."""
    return acme.audit("settings.changed")


def test_without_anything_set_the_defaults_hold(database: Database) -> None:
    """Read with one statement."""
    acme = staged(database)
    shown = settings.show(database, acme.organization)
    assert (shown.general, shown.notifications) == (General(), Notifications())
    assert (shown.auth.session_hours, shown.auth.member_may_leave, shown.auth.mode) == (None, False, "invitation")
    assert (shown.auth.role_strategy, shown.auth.default_role, shown.auth.active_connections) == ("highest", "member", ())
    with database.read() as tx, statements(tx) as sent:
        assert settings.read(tx, acme.organization).auth == Auth()
    assert len(sent) == 1


def test_a_namespace_is_replaced_as_a_whole_and_told_once(database: Database) -> None:
    """One audit entry with only what changed; what is left out goes back to its default; nothing changed, nothing told."""
    acme = staged(database)
    settings.replace(database, acme.organization, "general", {"invitation_days": 3, "member_base_level": "read"})
    for _ in range(2):
        assert settings.replace(database, acme.organization, "general", {"invitation_days": 4}) == General(invitation_days=4)
    first, second = told(acme)
    assert (first.target, first.before, first.after) == (
        "settings:general",
        {"invitation_days": 7, "member_base_level": "none"},
        {"invitation_days": 3, "member_base_level": "read"},
    )
    assert second.before == {"invitation_days": 3, "member_base_level": "read"}
    assert second.after == {"invitation_days": 4, "member_base_level": "none"}
    with database.read() as tx:
        assert settings.read(tx, acme.organization).general == General(invitation_days=4)


def test_some_of_a_namespace_may_be_changed(database: Database) -> None:
    """As the command does: what is not named stays."""
    acme = staged(database)
    settings.change(database, acme.organization, "auth", {"session_hours": 8})
    shown = settings.change(database, acme.organization, "auth", {"member_may_leave": True})
    assert (shown.session_hours, shown.member_may_leave) == (8, True)  # type: ignore[union-attr]


def test_what_is_wrong_changes_nothing(database: Database) -> None:
    """Unknown namespaces, unknown names, values that make no sense."""
    acme = staged(database)

    def put(namespace: str, **given: object) -> Callable[[], object]:
        return lambda: settings.replace(database, acme.organization, namespace, given)

    assert refusal(put("nothing"), NotFound) == "settings_not_found"
    assert refusal(put("general", locale="en"), Invalid) == "settings_unknown"
    assert refusal(put("general", invitation_days=0), Invalid) == "settings_invalid"
    assert refusal(put("notifications", muted=["guard.last_owner"]), Invalid) == "settings_invalid"
    assert told(acme) == []


@pytest.mark.parametrize("namespace", ["general", "preferences", "notifications", "auth"])
@pytest.mark.parametrize(
    ("preset", "role", "may"),
    [
        ("onet", "owner", {"general", "preferences", "notifications", "auth"}),
        ("onet", "editor", set()),
        ("onet", "viewer", set()),
        ("openhands", "admin", {"general", "preferences", "notifications"}),
        ("openhands", "member", set()),
    ],
)
def test_who_may_set_what(database: Database, namespace: str, preset: str, role: str, may: set[str]) -> None:
    """By the permission of the namespace; every member reads all (ON-15)."""
    acme = staged(database, preset=preset)
    actor = person_in(acme, "ada", role)
    shown = settings.show_one(database, acme.organization, namespace, actor=actor)
    assert shown == getattr(settings.show(database, acme.organization), namespace)
    if namespace in may:
        settings.replace(database, acme.organization, namespace, {}, actor=actor)
    else:
        code = refusal(lambda: settings.replace(database, acme.organization, namespace, {}, actor=actor), Forbidden)
        assert code == "permission_missing"


def test_a_change_of_another_version_is_refused(database: Database) -> None:
    """The version is looked at inside the transaction; nothing is changed."""
    acme = staged(database)
    views: list[object] = []

    def seen(view: object) -> None:
        views.append(view)
        raise Outdated("version_mismatch", "It was changed meanwhile.")

    def outdated() -> object:
        return settings.replace(database, acme.organization, "general", {"invitation_days": 2}, seen=seen)

    assert refusal(outdated, Outdated) == "version_mismatch"
    assert (views, told(acme)) == ([General()], [])


def test_two_at_once_each_tell_their_own_change(database: Database) -> None:
    """What the one found before is what the other made."""
    acme = staged(database)

    def put(days: int) -> Callable[[], object]:
        return lambda: settings.replace(database, acme.organization, "general", {"invitation_days": days})

    race([put(2), put(3)])
    first, second = told(acme)
    assert first.before == {"invitation_days": 7}
    assert first.after == second.before


def test_sign_ins_through_an_identity_provider_end_as_soon_as_is_set(database: Database) -> None:
    """From the next sign-in on; what the provider itself limits further stays; no statement more."""
    door = by_claims(database)
    door.come("zoe")  # the first of all writes down what the subject is from now on
    with statements(database.engine) as before:
        first = door.come("ada")
    settings.replace(database, door.world.organization, "auth", {"session_hours": 2})
    with statements(database.engine) as after:
        second = door.come("bob")
    soon = datetime.now(UTC) + timedelta(minutes=30)
    third = door.arrive(door.identity("cleo", ends_at=soon))
    assert len(before) == len(after)
    lives = []
    for entered in (first, second, third):
        session = door.session(entered)
        assert session is not None
        lives.append(session.held[0].expires_at - datetime.now(UTC))
    hours = [life / timedelta(hours=1) for life in lives]
    assert hours == pytest.approx([24, 2, 0.5], abs=0.01)


def test_owners_get_no_mail_of_what_is_muted(database: Database) -> None:
    """The alert stands in the audit trail all the same, and other kinds are mailed."""
    acme = staged(database)
    settings.replace(database, acme.organization, "notifications", {"muted": ["directory.silent"]})
    silent(database, acme.organization)
    numbered(database)
    assert (recipients(database), len(acme.audit("directory.silent"))) == ([], 1)
    silent(database, acme.organization, "s2", kind="token.expiring")
    numbered(database)
    assert recipients(database) == ["owner@acme.example"]
