"""What the tables refuse by themselves, constraint by constraint: foreign tenants, second ones, unknown words, lost rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    Connection,
    ForeignKeyConstraint,
    Index,
    Table,
    UniqueConstraint,
    UpdateBase,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from connector.storage import tables as t
from connector.storage.database import Database, violated
from tests.support import filled
from tests.support.filled import NOW

TABLES = t.metadata.tables

# A second organization. What is not said is as in the first.
NEIGHBOUR: dict[str, dict[str, Any]] = {
    "organization": {"id": "o2", "slug": "bell"},
    "role": {"organization_id": "o2", "name": "chief"},
    "team": {"id": "t2", "organization_id": "o2"},
    "project": {"id": "pr2", "organization_id": "o2"},
    "person": {"id": "p2"},
    "membership": {"id": "m2", "organization_id": "o2", "person_id": "p2", "role": "chief"},
    "connection": {"id": "c2", "organization_id": "o2"},
    "scim_client": {"id": "sc2", "organization_id": "o2", "connection_id": "c2"},
    "directory_user": {"id": "du2", "organization_id": "o2", "connection_id": "c2", "person_id": None},
    "directory_group": {"id": "dg2", "organization_id": "o2", "connection_id": "c2"},
    "rule": {"id": "r2", "organization_id": "o2", "connection_id": "c2", "team_id": "t2"},
    "resource_kind": {"organization_id": "o2", "name": "vps"},
    "resource": {"key": "rs2", "organization_id": "o2", "project_id": "pr2", "kind": "vps"},
}


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    """A transaction with one row in every table, rolled back."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        filled.fill(connection)
        yield connection
        if transaction.is_active:
            transaction.rollback()


def another(tx: Connection, table: str, changes: Mapping[str, Any]) -> None:
    """Insert the row of a table once more, with changes."""
    there = TABLES[table]
    columns = [column for column in there.columns if column.computed is None]
    row = tx.execute(select(*columns)).mappings().first()
    assert row is not None
    tx.execute(there.insert().values({**row, **changes}))


def name_of(error: IntegrityError) -> str:
    """What the database names: the constraint; for a foreign key on SQLite, which names none, that it was one."""
    if diag := getattr(error.orig, "diag", None):
        return str(diag.constraint_name)
    return str(error.orig).removeprefix("CHECK constraint failed: ")


# Tenants


def _name(key: Any) -> str:
    return str(key.name)


def links(table: Table) -> list[ForeignKeyConstraint]:
    """The foreign keys of a table into a row of a tenant: all but those to global tables and to the membership mode."""
    keys = sorted(table.foreign_key_constraints, key=_name)  # a set, whose order differs between the workers of a run
    return [key for key in keys if "organization_id" in key.referred_table.columns]


LINKS = [link for table in t.metadata.sorted_tables for link in links(table)]

# A generated column is changed through what it is generated from; what another key would refuse first is made to pass it.
SOURCES: dict[tuple[str, str], Callable[[str], dict[str, Any]]] = {
    ("scim_token", "connection_id"): lambda value: {"connection_id": value, "client_id": None},
    ("directory_user", "connection_id"): lambda value: {"connection_id": value, "user_name_key": "moved"},
    ("directory_group", "connection_id"): lambda value: {"connection_id": value, "display_name_key": "moved"},
    ("assignment", "team_id"): lambda value: {"target_kind": "team", "target_id": value},
    ("assignment", "project_id"): lambda value: {"target_kind": "project", "target_id": value},
    ("assignment", "rule_id"): lambda value: {"source": f"rule:{value}"},
}


@pytest.mark.parametrize("link", LINKS, ids=lambda link: str(link.name))
def test_a_row_cannot_point_into_another_organization(tx: Connection, link: ForeignKeyConstraint) -> None:
    """The row it would point at exists, next door. Directory members and tokens are held by their connection instead."""
    for table, changes in NEIGHBOUR.items():
        another(tx, table, changes)
    for later in reversed(t.metadata.sorted_tables[t.metadata.sorted_tables.index(link.table) + 1 :]):
        tx.execute(later.delete())
    home, column = link.column_keys
    foreign = NEIGHBOUR[link.referred_table.name][link.elements[1].column.name]
    source = SOURCES.get((link.table.name, column))
    change = source(foreign) if source else {column: foreign}
    mine = link.table.c[home] == filled.ROWS[link.table.name][home]
    with pytest.raises(IntegrityError) as refused:
        tx.execute(update(link.table).where(mine).values(change))
        tx.get_transaction().commit()  # type: ignore[union-attr]
    tx.rollback()
    assert name_of(refused.value) in (link.name, "FOREIGN KEY constraint failed")


def test_no_foreign_key_into_a_tenant_goes_without_its_tenant() -> None:
    """A plain key on an id would let a row point next door; the key of a connection carries the tenant as well."""
    assert {link.column_keys[0] for link in LINKS} == {"organization_id", "connection_id"}
    assert {len(link.columns) for link in LINKS} == {2}


def test_every_table_with_an_organization_ends_with_it() -> None:
    """Each is tied to its organization, itself or through the row it belongs to."""
    for table in t.metadata.sorted_tables:
        if "organization_id" in table.columns:
            assert any("organization_id" in key.column_keys for key in table.foreign_key_constraints), table.name


# Uniqueness: (constraint, table, set first, the second row, what makes the second row welcome)

PERSONS = {"organization_id": None, "project_id": None, "person_id": "p"}

UNIQUE: list[tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("uq_organization_slug", "organization", {}, {"id": "o3"}, {"slug": "city"}),
    ("uq_role_organization_id_rank", "role", {}, {"name": "chief"}, {"rank": 2}),
    ("uq_address_verified", "address", {}, {"id": "a2", "person_id": "p2"}, {"verified": False}),
    ("uq_domain_organization_id_name", "domain", {}, {"id": "d2"}, {"organization_id": "o2"}),
    ("uq_domain_verified", "domain", {"verified_at": NOW}, {"id": "d2", "organization_id": "o2"}, {"verified_at": None}),
    ("uq_membership_organization_id_person_id", "membership", {}, {"id": "m3"}, {"person_id": "p2"}),
    ("uq_team_organization_id_slug", "team", {}, {"id": "t3"}, {"slug": "ops"}),
    ("uq_team_organization_id_slug", "team", {}, {"id": "t3"}, {"organization_id": "o2"}),
    ("uq_project_organization_id_slug", "project", {}, {"id": "pr3"}, {"slug": "shop"}),
    ("uq_project_default", "project", {"is_default": True}, {"id": "pr3", "slug": "shop"}, {"is_default": False}),
    ("uq_project_default", "project", {"is_default": True}, {"id": "pr3", "slug": "shop"}, {"organization_id": "o2"}),
    ("uq_person_username_key", "person", {"username_key": "ada"}, {"id": "p4"}, {"username_key": "bob"}),
    ("uq_person_username_key", "person", {"username_key": "ada"}, {"id": "p4"}, {"username_key": None}),
    ("uq_resource_organization", "resource", {}, {"key": "rs3"}, {"id": "y"}),
    ("uq_resource_person", "resource", PERSONS, {"key": "rs3"}, {"person_id": "p2"}),
    ("uq_resource_person", "resource", PERSONS, {"key": "rs3"}, {"kind": "skill"}),
    ("uq_resource_grant_team_id_resource_key", "resource_grant", {}, {"id": "rg2"}, {"team_id": None}),
    ("uq_resource_grant_everybody", "resource_grant", {"team_id": None}, {"id": "rg2"}, {"team_id": "t"}),
    ("uq_invitation_pending", "invitation", {"status": "pending"}, {"id": "i2"}, {"status": "ended"}),
    ("uq_invitation_pending", "invitation", {"status": "pending"}, {"id": "i2"}, {"email_key": "other"}),
    ("uq_connection_live_directory", "connection", {}, {"id": "c3"}, {"directory": "staging"}),
    ("uq_connection_live_directory", "connection", {}, {"id": "c3", "directory": "paused"}, {"directory": "off"}),
    ("uq_connection_live_directory", "connection", {"directory": "paused"}, {"id": "c3"}, {"organization_id": "o2"}),
    ("uq_scim_token_token_hash", "scim_token", {}, {"id": "st2"}, {"token_hash": "y"}),
    ("uq_directory_user_user_name", "directory_user", {}, {"id": "du2", "person_id": None}, {"user_name_key": "y"}),
    (
        "uq_directory_user_external_id",
        "directory_user",
        {"external_id": "e"},
        {"id": "du2", "person_id": None, "user_name_key": "y"},
        {"external_id": None},
    ),
    ("uq_directory_user_person", "directory_user", {}, {"id": "du2", "user_name_key": "y"}, {"person_id": None}),
    ("uq_directory_group_display_name", "directory_group", {}, {"id": "dg2"}, {"display_name_key": "y"}),
    (
        "uq_directory_group_external_id",
        "directory_group",
        {"external_id": "e"},
        {"id": "dg2", "display_name_key": "y"},
        {"external_id": None},
    ),
    ("uq_outbox_event_sequence", "outbox_event", {"sequence": 1}, {"id": "oe2"}, {"sequence": None}),
    ("uq_outbox_event_once", "outbox_event", {"once": "x"}, {"id": "oe2"}, {"once": None}),
    ("uq_session_token_hash", "session", {}, {"id": "s2"}, {"token_hash": "y"}),
    ("uq_email_link_token_hash", "email_link", {}, {"id": "el2"}, {"token_hash": "y"}),
    ("uq_key_token_hash", "key", {}, {"id": "k2"}, {"token_hash": "y"}),
    ("uq_setup_link_token_hash", "setup_link", {}, {"id": "sl2"}, {"token_hash": "y"}),
    ("uq_recovery_code_membership_id_code_hash", "recovery_code", {}, {"id": "rc2"}, {"code_hash": "y"}),
    ("uq_outgoing_mail_once", "outgoing_mail", {"once": "x"}, {"id": "om2"}, {"once": None}),
    ("uq_signing_key_signs", "signing_key", {"signs": True}, {"id": "sk2"}, {"signs": False}),
    ("uq_external_identity_person", "external_identity", {}, {"id": "ei2", "subject": "y"}, {"person_id": "p2"}),
    (
        "uq_external_identity_connection_id_issuer_kind_subject",
        "external_identity",
        {},
        {"id": "ei2", "person_id": "p2"},
        {"kind": "y"},
    ),
    ("pk_resource_kind", "resource_kind", {}, {}, {"name": "y"}),
    ("pk_organization_setting", "organization_setting", {}, {}, {"namespace": "y"}),
    ("pk_entitlement", "entitlement", {}, {}, {"name": "y"}),
    ("pk_installation_policy", "installation_policy", {}, {}, {"name": "y"}),
    ("pk_kept_answer", "kept_answer", {}, {}, {"key": "y"}),
    ("pk_claimed_group", "claimed_group", {}, {}, {"value": "y"}),
    ("pk_throttle", "throttle", {}, {}, {"key": "y"}),
    ("pk_local_identity", "local_identity", {}, {}, {"subject": "y"}),
    ("pk_spent_message", "spent_message", {}, {}, {"message_id": "y"}),
    ("pk_sign_on_request", "sign_on_request", {}, {}, {"handle": "y"}),
    ("pk_assignment", "assignment", {}, {}, {"source": "manual"}),
    ("pk_suspension", "suspension", {}, {}, {"cause": "admin"}),
    ("pk_withheld", "withheld", {}, {}, {"membership_id": "m2"}),
    ("pk_directory_member", "directory_member", {}, {}, {"user_id": "du3"}),
    ("pk_directory_total", "directory_total", {}, {}, {"kind": "Group"}),
    ("pk_stored_plan", "stored_plan", {}, {}, {"digest": "y"}),
    ("pk_person", "person", {}, {}, {"id": "p4"}),
]


@pytest.mark.parametrize(("name", "table", "first", "second", "welcome"), UNIQUE)
def test_there_is_only_one(
    tx: Connection, name: str, table: str, first: dict[str, Any], second: dict[str, Any], welcome: dict[str, Any]
) -> None:
    """Both databases tell the same name; the row that differs where it must is welcome."""
    if first is PERSONS:  # a grant holds it in its organization
        tx.execute(delete(t.ResourceGrant))
    if first:
        tx.execute(update(TABLES[table]).values(first))
    _settle_next_door(tx)
    with pytest.raises(IntegrityError) as refused, tx.begin_nested():
        another(tx, table, second)
    assert violated(refused.value) == name
    another(tx, table, {**second, **welcome})


def _settle_next_door(tx: Connection) -> None:
    """Whom the second rows may belong to: another organization, and in ours another member and a user without a group."""
    for person in "p2", "p3":
        another(tx, "person", {"id": person, "username_key": None})
    another(tx, "organization", NEIGHBOUR["organization"])
    another(tx, "membership", {"id": "m2", "person_id": "p3"})
    another(tx, "directory_user", {"id": "du3", "user_name_key": "z", "external_id": None, "person_id": None})


def test_every_unique_key_has_its_row_above() -> None:
    """Keys that hold a primary key whole are there to be pointed at, and can be violated only together with it."""
    said = {name for name, *_ in UNIQUE}
    for table in t.metadata.sorted_tables:
        primary = set(table.primary_key.columns)
        for key in unique_keys(table):
            assert key.name in said or primary <= set(key.columns), key.name


def unique_keys(table: Table) -> list[UniqueConstraint | Index]:
    """Constraints and indexes, without the primary key."""
    constraints = [key for key in table.constraints if isinstance(key, UniqueConstraint)]
    return sorted([*constraints, *(index for index in table.indexes if index.unique)], key=_name)


def test_no_two_unique_keys_of_a_table_look_alike() -> None:
    """SQLite tells the columns and no name: two keys over the same columns could not be told apart."""
    for table in t.metadata.sorted_tables:
        columns = [tuple(key.columns.keys()) for key in (table.primary_key, *unique_keys(table))]
        assert len(columns) == len(set(columns)), table.name


def test_directories_swap_in_one_transaction_the_old_one_first(tx: Connection) -> None:
    """The index of live directories is not deferred: whoever leaves must be written before who comes."""
    another(tx, "connection", {"id": "c2", "directory": "staging"})
    connection = TABLES["connection"]
    comes = update(connection).where(connection.c.id == "c2").values(directory="live")
    leaves = update(connection).where(connection.c.id == "c").values(directory="staging")
    with pytest.raises(IntegrityError), tx.begin_nested():
        tx.execute(comes)
    tx.execute(leaves)
    tx.execute(comes)


# Checks: what a column may say

WORDS = [
    (table.name, str(check.name).removeprefix(f"ck_{table.name}_"))
    for table in t.metadata.sorted_tables
    for check in sorted(table.constraints, key=_name)
    if isinstance(check, CheckConstraint)
    and str(check.sqltext).startswith(f"{str(check.name).removeprefix(f'ck_{table.name}_')} IN (")
]
HELD = {("connection", "state"), ("authentication", "method"), ("email_link", "purpose"), ("sign_on_request", "purpose")}
"""Words that another check holds as well: their rows are below."""

ALONE = {"organization_id": None, "connection_id": None}
ASSIGNED = {"source": "manual", "target_kind": "team", "target_id": "t"}
CHECKS: list[tuple[str, str, dict[str, Any]]] = [
    *((table, column, {column: said}) for table, column in WORDS if (table, column) not in HELD for said in ("nonsense", "")),
    ("connection", "state", {"state": "nonsense", "directory": "off"}),
    ("connection", "state", {"state": "Active", "directory": "off"}),
    ("connection", "live_needs_active", {"state": "draft", "directory": "live"}),
    ("connection", "live_needs_active", {"state": "disabled", "directory": "paused"}),
    ("connection", "live_needs_active", {"state": "disabled"}),
    ("authentication", "method", {**ALONE, "method": "nonsense"}),
    ("authentication", "method", {**ALONE, "method": ""}),
    ("authentication", "connection", {"connection_id": None}),
    ("authentication", "connection", {"method": "break_glass"}),
    ("authentication", "organization", {**ALONE, "method": "break_glass"}),
    ("authentication", "organization", {"method": "email_link", "connection_id": None}),
    ("email_link", "purpose", {"purpose": "nonsense"}),
    ("email_link", "organization", {"purpose": "restore"}),
    ("email_link", "organization", {"organization_id": "o"}),
    ("email_link", "person", {"purpose": "verify"}),
    ("email_link", "person", {"person_id": "p"}),
    ("key", "project", {"organization_id": None, "project_id": "pr"}),
    ("resource", "owner", {"person_id": "p"}),
    ("resource", "owner", {"organization_id": None, "project_id": None}),
    ("resource", "project", {"organization_id": None, "person_id": "p"}),
    ("sign_on_request", "purpose", {"purpose": "nonsense"}),
    ("sign_on_request", "connection", {"purpose": "local"}),
    ("sign_on_request", "connection", {"connection_id": None}),
    ("assignment", "target_id", {**ASSIGNED, "target_kind": "role"}),
    ("assignment", "target_id", {**ASSIGNED, "target_id": ""}),
    ("assignment", "target_id", {**ASSIGNED, "target_kind": "project", "target_id": ""}),
    *(("assignment", "source", {"source": said}) for said in ("", "Manual", "rule", "RULE:r", "rules:r", " rule:r", "nobody")),
]


@pytest.mark.parametrize(("table", "check", "said"), CHECKS)
def test_a_column_says_nothing_else(tx: Connection, table: str, check: str, said: dict[str, Any]) -> None:
    """The check is known by its name on both databases."""
    with pytest.raises(IntegrityError) as refused:
        tx.execute(update(TABLES[table]).values(said))
    assert name_of(refused.value) == f"ck_{table}_{check}"


def test_every_check_has_its_rows_above() -> None:
    """A check without a case would be a check nobody has seen refuse anything."""
    checks = {str(check.name) for table in TABLES.values() for check in table.constraints if isinstance(check, CheckConstraint)}
    assert checks == {f"ck_{table}_{check}" for table, check, _ in CHECKS}


ACCEPTED = [
    ("assignment", "source", ("manual", "invitation", "founder", "break_glass", "converted", "system", "rule:r")),
    ("invitation", "status", ("pending", "accepted", "declined", "cancelled", "expired", "ended")),
    ("membership", "joined_by", ("founder", "invitation", "manual", "jit", "scim", "break_glass")),
    ("suspension", "cause", ("admin", "block", "directory", "cannot_link")),
    ("connection", "directory", ("off", "staging", "live", "paused")),
    ("authentication", "method", ("saml", "oidc")),
    ("sign_on", "protocol", ("saml", "oidc")),
    ("resource_kind", "visibility", ("organization", "private")),
    ("resource_grant", "level", ("read", "write", "admin")),
    ("rule", "match_kind", ("group", "external_id", "name", "pattern", "attribute", "everyone")),
]


@pytest.mark.parametrize(("table", "column", "words"), ACCEPTED, ids=lambda value: value if isinstance(value, str) else None)
def test_a_column_says_every_word_of_the_design(tx: Connection, table: str, column: str, words: tuple[str, ...]) -> None:
    """Each is written and read back."""
    for word in words:
        tx.execute(update(TABLES[table]).values({column: word}))
        assert tx.execute(select(TABLES[table].c[column])).scalar_one() == word


# Generated columns follow what they are generated from.

FOLLOWS = [
    ("assignment", {"target_kind": "role", "target_id": "", "source": "manual"}, (None, None, None, None)),
    ("assignment", {"target_kind": "team", "target_id": "t", "source": "manual"}, ("t", None, None, None)),
    ("assignment", {"target_kind": "project", "target_id": "pr", "source": "converted"}, (None, "pr", None, None)),
    ("assignment", {"target_kind": "role", "target_id": "", "source": "rule:r"}, (None, None, "r", "sso")),
    ("assignment", {"target_kind": "team", "target_id": "t", "source": "rule:r"}, ("t", None, "r", "sso")),
    ("connection", {"state": "draft", "directory": "off"}, (None, None)),
    ("connection", {"state": "draft", "directory": "staging"}, (None, None)),
    ("connection", {"state": "disabled", "directory": "off"}, (None, None)),
    ("connection", {"state": "active", "directory": "staging"}, ("sso", None)),
    ("connection", {"state": "active", "directory": "live"}, ("sso", "sso")),
    ("connection", {"state": "active", "directory": "paused"}, ("sso", "sso")),
    *(
        ("invitation", {"status": word}, (None,))
        for word in ("accepted", "declined", "cancelled", "expired", "ended")
    ),
    ("invitation", {"status": "pending"}, ("invitation",)),
]  # fmt: skip


@pytest.mark.parametrize(("table", "said", "generated"), FOLLOWS)
def test_generated_columns_follow(tx: Connection, table: str, said: dict[str, Any], generated: tuple[str | None, ...]) -> None:
    """On update as on insert, and nobody else may write them."""
    there = TABLES[table]
    columns = [column for column in there.columns if column.computed is not None]
    tx.execute(update(there).values(said))
    assert tuple(tx.execute(select(*columns)).one()) == generated
    row = dict(tx.execute(select(*(column for column in there.columns if column.computed is None))).mappings().one())
    tx.execute(delete(there))
    tx.execute(insert(there).values(row))
    assert tuple(tx.execute(select(*columns)).one()) == generated
    with pytest.raises(DBAPIError, match="generated column"), tx.begin_nested():
        tx.exec_driver_sql(f"update {table} set {columns[0].name} = 'x'")


# A rule and what it gave


def test_a_rule_may_go_before_what_it_gave_but_not_without_it(database: Database) -> None:
    """Within a transaction the order is free; at COMMIT nothing points at a rule that is gone."""
    database.write(filled.fill)
    with pytest.raises(IntegrityError) as refused, database.engine.begin() as tx:
        tx.execute(delete(t.Rule))
    assert name_of(refused.value) in ("fk_assignment_organization_id_rule_id", "FOREIGN KEY constraint failed")
    with database.engine.begin() as tx:
        tx.execute(delete(t.Rule))
        tx.execute(delete(t.Assignment))
    with database.read() as tx:
        assert tx.execute(select(t.Rule.id)).all() == tx.execute(select(t.Assignment.level)).all() == []


def test_a_row_of_a_rule_that_never_was_is_refused(database: Database) -> None:
    """A source is a real key, however it is spelt: no id, another id, another case."""
    database.write(filled.fill)
    for source in ("rule:", "rule:x", "rule:R", "rule:rule:r"):
        with pytest.raises(IntegrityError), database.engine.begin() as tx:
            tx.execute(update(t.Assignment).values(source=source))


def test_a_lost_foreign_key_is_no_race(database: Database) -> None:
    """Running the verb again would fail again: it is run once."""
    database.write(filled.fill)
    runs: list[int] = []

    def forget(tx: Connection) -> None:
        runs.append(len(runs))
        tx.execute(delete(t.Rule))

    with pytest.raises(IntegrityError) as refused:
        database.write(forget)
    assert violated(refused.value) is None
    assert len(runs) == 1


CASCADES = {
    "membership": {"assignment", "suspension", "withheld", "recovery_code", "setup_link"},
    "session": {"authentication"},
    "team": {"assignment", "resource_grant"},
    "project": {"key"},
    "resource": {"resource_grant"},
    "directory_user": {"directory_member"},
    "directory_group": {"directory_member"},
    "scim_client": {"scim_token"},
}


FREED: dict[str, list[UpdateBase]] = {
    "team": [update(t.Rule).values(team_id=None)],  # a rule that gives it holds it
    "project": [update(t.Resource).values(project_id=None), update(t.Key).values(project_id="pr")],  # so does what stands in it
}


@pytest.mark.parametrize(("table", "gone"), CASCADES.items())
def test_what_belongs_to_a_row_goes_with_it(tx: Connection, table: str, gone: set[str]) -> None:
    """And nothing else does."""
    for statement in FREED.get(table, []):
        tx.execute(statement)
    before = filled.counts(tx)
    tx.execute(TABLES[table].delete())
    after = filled.counts(tx)
    assert {name for name, count in after.items() if count < before[name]} == {table, *gone}


HELD_BY = [
    ("team", "rule"),
    ("role", "membership"),
    ("person", "membership"),
    ("project", "resource"),
    ("resource_kind", "resource"),
]


@pytest.mark.parametrize(("table", "holder"), HELD_BY)
def test_what_somebody_still_needs_cannot_go(tx: Connection, table: str, holder: str) -> None:
    """A team that a rule gives, a role that members have, a person who is a member, where and what a resource is."""
    assert filled.counts(tx)[holder] == 1
    with pytest.raises(IntegrityError):
        tx.execute(TABLES[table].delete())
