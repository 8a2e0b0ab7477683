"""What all tables share: names of constraints, types of columns, and the keys that guard tenants and the membership modes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase

from connector.storage.types import UtcDateTime, json_type

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(DeclarativeBase):
    """The base of all tables; used with SQLAlchemy Core, no unit of work, no lazy loads."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        datetime: UtcDateTime(),
        dict[str, Any]: json_type(),
        list[Any]: json_type(),
    }


def one_of(column: str, *values: str) -> CheckConstraint:
    """A check that knows the words `column` may say."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def partial_index(name: str, *columns: str, where: str, unique: bool = False, sqlite_where: str | None = None) -> Index:
    """An index of only those rows of which `where` is true, the same on both databases.

    `sqlite_where` says the same as SQLAlchemy asks it there (a boolean as `x = 1`): SQLite uses the index for that wording only.
    """
    return Index(name, *columns, unique=unique, postgresql_where=text(where), sqlite_where=text(sqlite_where or where))


def in_organization(table: str, *columns: str, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A foreign key that cannot leave the tenant: (organization_id, x) -> table(organization_id, y)."""
    target = "name" if table == "role" else "id"
    return ForeignKeyConstraint(
        ["organization_id", *columns], [f"{table}.organization_id", f"{table}.{target}"], ondelete=ondelete
    )


def needs_mode(column: str, name: str) -> ForeignKeyConstraint:
    """The exclusion: while `column` names a mode, the organization must be in it at COMMIT."""
    return ForeignKeyConstraint(
        ["organization_id", column],
        ["organization.id", "organization.membership_mode"],
        name=name,
        deferrable=True,
        initially="DEFERRED",
    )
