"""What a database says about its own tables, in a form that two databases can be compared by.

Alembic's comparison does not see changed checks, generated expressions and index predicates; the catalogues do.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection

from connector.storage.database import Database

Catalogue = dict[str, list[str]]
"""For each table or index its parts as text: columns in order, then the constraints, sorted."""

_COLUMNS = """
    select c.relname, concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod),
        case when a.attnotnull then 'not null' end, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by c.relname, a.attnum
"""
_CONSTRAINTS = """
    select conrelid::regclass::text, concat_ws(' ', conname, pg_get_constraintdef(oid))
    from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n' order by conname
"""
_INDEXES = "select indexname, indexdef from pg_indexes where schemaname = 'public' order by indexname"


def catalogue(database: Database) -> Catalogue:
    """Return what the database says about its tables and indexes, without Alembic's own table."""
    with database.read() as connection:
        parts = _sqlite(connection) if database.dialect == "sqlite" else _postgresql(connection)
    return {name: said for name, said in parts.items() if not name.startswith("alembic_version")}


def _postgresql(connection: Connection) -> Catalogue:
    found: Catalogue = {}
    for query in (_COLUMNS, _CONSTRAINTS, _INDEXES):
        for name, said in connection.exec_driver_sql(query):
            found.setdefault(name, []).append(said)
    return found


def _sqlite(connection: Connection) -> Catalogue:
    rows = connection.exec_driver_sql("select type, name, sql from sqlite_master where sql is not null order by name")
    return {name: _parts(sql) if kind == "table" else [_plain(sql)] for kind, name, sql in rows}


def _parts(sql: str) -> list[str]:
    """Take `CREATE TABLE x (a, b, CONSTRAINT c, …)` apart at the commas outside brackets; constraints may stand in any order."""
    body = _plain(sql).partition("(")[2].rstrip().removesuffix(")")
    parts, depth = [""], 0
    for character in body:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    stripped = [part.strip() for part in parts]
    return sorted(stripped, key=lambda part: part if part.startswith("CONSTRAINT") else "")


def _plain(sql: str) -> str:
    """Without quotes around names and with single spaces: how it was typed is not what it says."""
    return re.sub(r"\s+", " ", sql.replace('"', ""))
