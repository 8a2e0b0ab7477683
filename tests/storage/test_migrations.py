"""The migrations: up, down, equal to the tables, and careful with the rows that are there."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import select

from connector.errors import Conflict
from connector.membership.roles import PRESETS
from connector.organizations import organizations
from connector.storage import migrate
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.migrations.rebuild import rebuild_table
from connector.storage.tables import metadata
from tests.support import databases, filled
from tests.support.catalogue import catalogue


@pytest.fixture(params=["sqlite", "postgresql"])
def blank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database in which nothing was ever made."""
    if request.param == "sqlite":
        database = Database.open(f"sqlite:///{tmp_path / 'blank.db'}")
        yield database
        database.close()
        return
    server = request.getfixturevalue("postgres_server")
    url = databases.clone_postgresql(server, "template1")
    database = Database.open(url)
    yield database
    database.close()
    databases.drop_postgresql(server, databases.name_in(url))


@pytest.fixture
def lite(sqlite_url: str) -> Iterator[Database]:
    """A migrated SQLite file with a row in every table."""
    database = Database.open(sqlite_url)
    database.write(filled.fill)
    yield database
    database.close()


def rows(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    with database.read() as connection:
        return filled.counts(connection)


def test_a_blank_database_is_at_no_revision_and_comes_to_the_head(blank: Database) -> None:
    """`current` says how far it is, before and after; a second upgrade does nothing."""
    assert migrate.current(blank) is None
    migrate.upgrade(blank)
    migrate.upgrade(blank)
    assert migrate.current(blank) == migrate.head()


def test_a_migrated_database_is_the_same_as_a_created_one(blank: Database) -> None:
    """Columns, types, generated expressions, checks, foreign keys, indexes and their predicates, by the catalogues."""
    blank.create_all()
    created = catalogue(blank)
    with blank.engine.begin() as tx:
        metadata.drop_all(tx)
    migrate.upgrade(blank)
    assert catalogue(blank) == created
    assert set(metadata.tables) <= set(created)


CHANGES = {
    "a column more": ["alter table person add column nick text"],
    "an index gone": ["drop index ix_address_person"],
    "an index without its predicate": [
        "drop index uq_domain_verified",
        "create unique index uq_domain_verified on domain (name)",
    ],
}
POSTGRESQL_CHANGES = {
    "a column that may be empty": ["alter table person alter column created_at drop not null"],
    "another check by the same name": [
        "alter table connection drop constraint ck_connection_jit",
        "alter table connection add constraint ck_connection_jit check (jit in ('auto', 'on'))",
    ],
    "another generated expression": [
        "alter table connection alter column active_mode set expression as (case when state <> 'draft' then 'sso' end)",
    ],
    "a foreign key that does not wait for the commit": [
        "alter table connection alter constraint fk_connection_active_mode not deferrable",
    ],
}
SQLITE_CHANGES = {
    "another check by the same name": ("'auto', 'on', 'off'", "'auto', 'on'"),
    "another generated expression": ("WHEN state = 'active'", "WHEN state <> 'draft'"),
    "a foreign key that does not wait for the commit": ("DEFERRABLE INITIALLY DEFERRED", ""),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_comparison_sees_a_difference(fresh_url: str, change: list[str]) -> None:
    """Otherwise "the same" would say little: columns and indexes, on both databases."""
    assert _differs(fresh_url, change)


@pytest.mark.parametrize("change", POSTGRESQL_CHANGES.values(), ids=POSTGRESQL_CHANGES)
def test_the_comparison_sees_what_alembic_does_not_on_postgresql(postgres_url: str, change: list[str]) -> None:
    """Checks, generated expressions, deferral."""
    assert _differs(postgres_url, change)


@pytest.mark.parametrize(("said", "instead"), SQLITE_CHANGES.values(), ids=SQLITE_CHANGES)
def test_the_comparison_sees_what_alembic_does_not_on_sqlite(sqlite_url: str, said: str, instead: str) -> None:
    """The same, changed in the text that SQLite keeps of a table."""
    quoted = [text.replace("'", "''") for text in (said, instead)]
    change = f"update sqlite_master set sql = replace(sql, '{quoted[0]}', '{quoted[1]}') where name = 'connection'"
    assert _differs(sqlite_url, ["pragma writable_schema = on", change])


def _differs(url: str, change: list[str]) -> bool:
    """Whether the catalogue is another one after the change."""
    database = Database.open(url)
    before = catalogue(database)
    with database.engine.begin() as tx:
        for statement in change:
            tx.exec_driver_sql(statement)
    after = catalogue(database)
    database.close()
    return after != before


def test_every_step_down_and_up_again_ends_where_it_began(blank: Database) -> None:
    """Base has no table left; the head is the same as before."""
    migrate.upgrade(blank)
    there = catalogue(blank)
    migrate.downgrade(blank, "base")
    assert catalogue(blank) == {}
    assert migrate.current(blank) is None
    migrate.upgrade(blank)
    assert catalogue(blank) == there


def test_a_migration_keeps_every_row(database: Database) -> None:
    """A row in every table before, the same rows after."""
    database.write(filled.fill)
    before = rows(database)
    assert set(before.values()) == {1}
    migrate.upgrade(database)
    assert rows(database) == before


def test_roles_of_before_may_make_resources_where_new_ones_may(blank: Database) -> None:
    """What was made with revision 0002 has kinds of resources and roles that fit them, as what is made today."""
    migrate.upgrade(blank)
    for preset in PRESETS:
        organizations.create(blank, preset, preset.title(), f"owner@{preset}.example", preset)
    today = _roles_that_create(blank)
    migrate.downgrade(blank, "0002")
    with blank.engine.begin() as tx:
        tx.exec_driver_sql("""UPDATE role SET permissions = '["org.read"]'""")
    migrate.upgrade(blank)
    assert _roles_that_create(blank) == today
    with blank.read() as tx:
        found = tx.exec_driver_sql(
            "SELECT o.slug, k.name FROM resource_kind k JOIN organization o ON o.id = k.organization_id"
        ).all()
    assert sorted(tuple(row) for row in found) == sorted((name, k.name) for name, made in PRESETS.items() for k in made.kinds)


def _roles_that_create(database: Database) -> list[tuple[str, str]]:
    with database.read() as tx:
        found = select(t.Organization.slug, t.Role.name, t.Role.permissions).join(
            t.Role, t.Role.organization_id == t.Organization.id
        )
        return sorted((slug, role) for slug, role, held in tx.execute(found) if "resources.create" in held)


def test_a_database_of_a_newer_program_is_refused(blank: Database) -> None:
    """Its tables mean something this program does not know."""
    migrate.upgrade(blank)
    with blank.engine.begin() as tx:
        tx.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(Conflict) as refused:
        migrate.upgrade(blank)
    assert refused.value.code == "database_newer"


def test_processes_that_migrate_at_once_wait_for_each_other(blank: Database) -> None:
    """Four at the same moment: one makes the tables, the others find them made."""
    others = [Database.open(blank.engine.url.render_as_string(hide_password=False)) for _ in range(4)]
    with ThreadPoolExecutor(len(others)) as pool:
        list(pool.map(migrate.upgrade, others))
    for other in others:
        other.close()
    assert migrate.current(blank) == migrate.head()


def test_a_migration_that_fails_in_the_middle_changes_nothing(database: Database) -> None:
    """Tables are made and changed in a transaction on both databases."""
    before = catalogue(database)
    with pytest.raises(RuntimeError, match="in the middle"), migrate.migrating(database) as connection:
        connection.exec_driver_sql("create table half (id text)")
        connection.exec_driver_sql("drop table lease")
        raise RuntimeError("in the middle")
    assert catalogue(database) == before


def test_rows_that_would_point_nowhere_are_refused_before_the_commit(lite: Database) -> None:
    """Foreign keys are off while SQLite migrates; what they guard is looked at once, at the end."""
    before = rows(lite)
    with pytest.raises(Conflict, match="in address, assignment") as refused, migrate.migrating(lite) as connection:
        connection.exec_driver_sql("delete from person")
        connection.exec_driver_sql("delete from team")
    assert refused.value.code == "migration_broke_references"
    assert rows(lite) == before


def test_foreign_keys_are_on_again_after_a_migration(lite: Database) -> None:
    """The connection goes back to the pool as it came."""
    with migrate.migrating(lite) as connection:
        assert connection.exec_driver_sql("pragma foreign_keys").scalar_one() == 0
    with lite.read() as connection:
        assert connection.exec_driver_sql("pragma foreign_keys").scalar_one() == 1


def test_a_table_with_generated_columns_is_rebuilt_with_its_rows_and_its_children(lite: Database) -> None:
    """A connection's mode is computed otherwise and its name comes in capitals; whoever points at it still does."""
    counted, before = rows(lite), catalogue(lite)
    _rebuild_connection(lite)
    after = catalogue(lite)
    assert rows(lite) == counted
    assert {name for name in before if before[name] != after.get(name)} == {"connection", *_indexes_of("connection")}
    assert "active_mode TEXT GENERATED ALWAYS AS (CASE WHEN state <> 'draft' THEN 'sso' END) STORED" in after["connection"]
    with lite.read() as connection:
        assert connection.exec_driver_sql("select name, active_mode from connection").all() == [("ACME", "sso")]


def test_children_of_a_rebuilt_table_still_go_with_their_parent(lite: Database) -> None:
    """Their foreign keys lead to the new table and not to one that is gone."""
    _rebuild_connection(lite)
    lite.write(lambda tx: [tx.exec_driver_sql(f"delete from {name}") for name in ("assignment", "connection")])
    left = rows(lite)
    assert [left[name] for name in ("connection", "rule", "scim_token", "directory_user", "membership")] == [0, 0, 0, 0, 1]


def _rebuild_connection(database: Database) -> None:
    """What a migration would do: the old form with another expression, every column by its name, one with another value."""
    columns = [column.name for column in metadata.tables["connection"].columns if column.computed is None]
    with migrate.migrating(database) as connection, Operations.context(MigrationContext.configure(connection)) as operations:
        form = connection.exec_driver_sql("select sql from sqlite_master where name = 'connection'").scalar_one()
        form = form.replace("WHEN state = 'active'", "WHEN state <> 'draft'")
        rebuild_table(
            "connection",
            lambda name: operations.execute(form.replace("TABLE connection", f"TABLE {name}", 1)),
            {column: "'ACME'" if column == "name" else column for column in columns},
        )


def _indexes_of(table: str) -> set[str]:
    return {str(index.name) for index in metadata.tables[table].indexes}


def test_the_head_is_the_newest_migration() -> None:
    """It is written down, so that a command need not read all migrations to see that nothing is to be done."""
    [newest] = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations")).get_heads()
    assert migrate.head() == newest
