"""What migrations write tables with: columns by their kind, indexes and keys named as everywhere."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB


def text(*names: str, null: bool = False) -> list[sa.Column[Any]]:
    """Text columns."""
    return [sa.Column(name, sa.Text(), nullable=null) for name in names]


def moment(*names: str, null: bool = False) -> list[sa.Column[Any]]:
    """Moments, with their zone."""
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=null) for name in names]


def flag(*names: str, null: bool = False) -> list[sa.Column[Any]]:
    """Booleans."""
    return [sa.Column(name, sa.Boolean(), nullable=null) for name in names]


def number(*names: str, null: bool = False) -> list[sa.Column[Any]]:
    """Whole numbers."""
    return [sa.Column(name, sa.Integer(), nullable=null) for name in names]


def big_number(*names: str, null: bool = False) -> list[sa.Column[Any]]:
    """Whole numbers of 64 bits."""
    return [sa.Column(name, sa.BigInteger(), nullable=null) for name in names]


def document(*names: str, null: bool = False) -> list[sa.Column[Any]]:
    """JSON documents."""
    return [sa.Column(name, sa.JSON().with_variant(JSONB(), "postgresql"), nullable=null) for name in names]


def generated(name: str, expression: str) -> sa.Column[Any]:
    """A column that the database computes from others."""
    return sa.Column(name, sa.Text(), sa.Computed(expression, persisted=True), nullable=True)


def index(name: str, table: str, *columns: str, unique: bool = False, where: str | None = None) -> None:
    """An index, the same on both databases; with `where` of those rows only."""
    predicate = None if where is None else sa.text(where)
    op.create_index(name, table, list(columns), unique=unique, sqlite_where=predicate, postgresql_where=predicate)


def references(
    table: str, columns: str, target: str, keys: str, *, cascade: bool = False, deferred: bool = False
) -> sa.ForeignKeyConstraint:
    """A foreign key, named as all are; `columns` and `keys` are lists with commas between."""
    return sa.ForeignKeyConstraint(
        columns.split(", "),
        [f"{target}.{key}" for key in keys.split(", ")],
        name=f"fk_{table}_{columns.replace(', ', '_')}",
        ondelete="CASCADE" if cascade else None,
        deferrable=True if deferred else None,
        initially="DEFERRED" if deferred else None,
    )


def needs_mode(table: str, column: str) -> sa.ForeignKeyConstraint:
    """A key that holds while the organization is in the mode that `column` names, looked at at COMMIT."""
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        ["organization.id", "organization.membership_mode"],
        name=f"fk_{table}_{column}",
        deferrable=True,
        initially="DEFERRED",
    )
