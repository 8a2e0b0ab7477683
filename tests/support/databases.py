"""Migrated databases for tests: made once as a template, then copied or emptied, which takes milliseconds."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from connector.storage import migrate
from connector.storage.database import Database
from connector.storage.tables import metadata
from tests.support.postgres import locked


def sqlite_template(directory: Path) -> Path:
    """Return the migrated SQLite file of the run; made once, never written afterwards."""
    template = directory / "template.db"
    with locked(directory, "sqlite"):
        if not template.exists():
            _migrate(f"sqlite:///{directory / 'making.db'}")
            (directory / "making.db").rename(template)
    return template


def copy_sqlite(template: Path, to: Path) -> str:
    """Copy the template to the file `to`; return its URL."""
    shutil.copyfile(template, to)
    return f"sqlite:///{to}"


def postgresql_template(directory: Path, server: str) -> str:
    """Return the name of the run's migrated PostgreSQL database; made once, never connected to afterwards."""
    name = _template_name(directory)
    with locked(directory, "template"):
        if not (directory / name).exists():
            execute(server, "create database {}", name)
            _migrate(of(server, name))
            (directory / name).touch()
    return name


def drop_template(directory: Path, server: str) -> None:
    """Drop the template of the run, if it was made: on a server that outlives the run nothing stays behind."""
    drop_postgresql(server, _template_name(directory))


def _template_name(directory: Path) -> str:
    return directory.name.replace("-", "_")


def clone_postgresql(server: str, template: str) -> str:
    """Make a database of its own from the template; return its URL."""
    name = f"connector_test_{uuid.uuid4().hex}"
    execute(server, "create database {} template {}", name, template)
    return of(server, name)


def drop_postgresql(server: str, name: str) -> None:
    """Drop a database, ending what is still connected to it."""
    execute(server, "drop database if exists {} with (force)", name)


def name_in(url: str) -> str:
    """Return the name of the database a URL leads to."""
    name = make_url(url).database
    assert name
    return name


def empty_postgresql(database: Database) -> None:
    """Take every row out of every table, children first. On a test's few rows this is thirty times faster than TRUNCATE."""
    deletes = "; ".join(f"delete from {table.name}" for table in reversed(metadata.sorted_tables))
    with database.engine.begin() as tx:
        tx.exec_driver_sql(deletes)


def of(server: str, name: str) -> str:
    """Return the URL of the database `name` of the server."""
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def execute(url: str, statement: str, *names: str) -> None:
    """Run one statement outside a transaction, with `names` quoted into it."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _migrate(url: str) -> None:
    database = Database.open(url)
    migrate.upgrade(database)
    database.close()
