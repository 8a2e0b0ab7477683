"""What must hold after any failure: what the clients of a storm were told is there, and nothing is half applied."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, select

from connector.directory import plans
from connector.storage import tables as t
from connector.storage.database import Database
from tests.faults.storm import TEAM, Storm, address, people_of


def assert_whole(database: Database, storm: Storm, organization: str) -> None:
    """Each acknowledged operation is there; each other one, also of a Bulk that nothing was heard of, is there with its audit
    entry, event and log line, once, or not at all."""
    assert storm.statuses <= {200, 201, 204, 503}
    assert storm.people, "the storm never began"
    assert storm.teams, "no Bulk was acknowledged"
    _assert_kept(database, storm)
    _assert_people_whole(database)
    _assert_groups_whole(database)
    _assert_access_whole(database)
    _assert_totals(database)
    _assert_cut_at_one_place(database, storm)
    assert plans.propose(database, organization, "rules", {"rules": None}).changes == ()


def _rows(database: Database, statement: Select[*tuple[Any, ...]]) -> list[Any]:
    with database.read() as tx:
        return list(tx.execute(statement).all())


def _pushed(database: Database) -> dict[str, Any]:
    """The users of the storm: id -> userName and person."""
    user = t.DirectoryUser
    return {row.id: row for row in _rows(database, select(user.id, user.user_name, user.person_id))}


def _groups(database: Database) -> dict[str, Any]:
    group = t.DirectoryGroup
    return {row.id: row for row in _rows(database, select(group.id, group.display_name, group.version))}


def _joined(database: Database) -> set[tuple[str, str]]:
    return {(row[0], row[1]) for row in _rows(database, select(t.DirectoryMember.group_id, t.DirectoryMember.user_id))}


def _log(database: Database, pattern: str) -> list[re.Match[str]]:
    """The lines of the provisioning log that tell of a success and look like the pattern."""
    lines = _rows(database, select(t.ProvisioningLog.meaning).where(t.ProvisioningLog.status < 300))
    return [found for (meaning,) in lines if (found := re.fullmatch(pattern, meaning))]


def _told(database: Database, kind: str) -> tuple[Counter[str], Counter[str]]:
    """Of whom the audit trail and the outbox tell something of this kind, and how often. Only people of the storm."""
    audit = _rows(database, select(t.AuditEntry.target).where(t.AuditEntry.action == kind))
    events = _rows(database, select(t.OutboxEvent.payload).where(t.OutboxEvent.kind == kind))
    return _storm(target for (target,) in audit), _storm(str(payload.get("email")) for (payload,) in events)


def _storm(names: Iterable[str]) -> Counter[str]:
    return Counter(name for name in names if name.startswith("storm-"))


def _assert_kept(database: Database, storm: Storm) -> None:
    """What the clients were told is there, under the ids they were told."""
    users, groups = _pushed(database), _groups(database)
    assert storm.people.items() <= {user.id: user.user_name for user in users.values()}.items()
    assert storm.teams.items() <= {group.id: group.display_name for group in groups.values()}.items()
    assert storm.members <= _joined(database)


def _assert_totals(database: Database) -> None:
    """The totals that lists tell are what is there."""
    told = Counter[tuple[str, str]]()
    for connection, kind, total in _rows(
        database, select(t.DirectoryTotal.connection_id, t.DirectoryTotal.kind, t.DirectoryTotal.total)
    ):
        told[connection, kind] += total
    users = [(connection, "User") for (connection,) in _rows(database, select(t.DirectoryUser.connection_id))]
    groups = [(connection, "Group") for (connection,) in _rows(database, select(t.DirectoryGroup.connection_id))]
    assert told == Counter(users + groups)


def _assert_people_whole(database: Database) -> None:
    """Every pushed user is a member, told of once in the audit trail, in the outbox and in the log; and nobody else is."""
    users = _pushed(database)
    once = Counter(user.user_name for user in users.values())
    assert set(once.values()) == {1}
    assert _told(database, "member.joined") == (once, once)
    assert Counter(line[1] for line in _log(database, r"create user (.+)")) == once
    people = Counter(person for (person,) in _rows(database, select(t.Membership.person_id)))
    assert {user.person_id for user in users.values()} <= people.keys()
    assert len(people) == len(users) + 1, "the founder, and who was pushed"


def _assert_groups_whole(database: Database) -> None:
    """Who is in a group came by a change that the log tells of and that moved the group's version; once each."""
    inside = Counter(group for group, _ in _joined(database))
    created = Counter({line[1]: int(line[2]) for line in _log(database, r"create group (.+) with (\d+) members")})
    patched = [(line[1], int(line[2])) for line in _log(database, r"patch group (.+): (\d+) in, 0 out")]
    came, changes = created.copy(), Counter(name for name, _ in patched)
    for name, number in patched:
        came[name] += number
    groups = _groups(database).values()
    assert {group.display_name for group in groups} == created.keys()
    assert len(_log(database, r"create group .*")) == len(created)
    assert {group.display_name: inside[group.id] for group in groups} == dict(came)
    assert {group.display_name: group.version for group in groups} == {name: 1 + changes[name] for name in created}


def _assert_access_whole(database: Database) -> None:
    """Whoever is in the group of the rule is in its team, which the audit trail and the outbox tell once; and nobody else is."""
    users = _pushed(database)
    [team] = [group.id for group in _groups(database).values() if group.display_name == TEAM]
    inside = [users[user] for group, user in _joined(database) if group == team]
    given = select(t.Membership.person_id).join(t.Assignment, t.Assignment.membership_id == t.Membership.id)
    holders = Counter(person for (person,) in _rows(database, given.where(t.Assignment.target_kind == "team")))
    once = Counter(user.user_name for user in inside)
    assert holders == Counter(user.person_id for user in inside)
    assert _told(database, "member.changed") == (once, once)


def _assert_cut_at_one_place(database: Database, storm: Storm) -> None:
    """The operations of a Bulk run in their order: where it was cut, everything before is done and nothing behind."""
    names = {user.user_name for user in _pushed(database).values()}
    teams = {group.display_name for group in _groups(database).values()}
    for bulk in storm.begun:
        done = [address(each) in names for each in people_of(bulk)] + [bulk in teams]
        assert done == sorted(done, reverse=True)
