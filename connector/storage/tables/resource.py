"""What organizations and people own: resources by kind, and who beside their makers and the roles may do what with them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables.base import Row, in_organization, one_of, partial_index


class ResourceKind(Row):
    """A kind of resource that an organization knows. Grants count for `enforced` kinds only; `private` ones are their creator's
    alone, whatever roles say; `in_project` ones stand inside a project."""

    __tablename__ = "resource_kind"
    __table_args__ = (one_of("visibility", "organization", "private"),)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    enforced: Mapped[bool]
    visibility: Mapped[str]
    in_project: Mapped[bool]


class Resource(Row):
    """Something the application has, known here by its kind and the id it has there. Owned by an organization or by a person.

    `key` is our own; `creator` keeps the name of who made it after they are gone. `made_in` is the organization at whose address
    a person made something that is their own: there it is found beside their personal workspace, and in no other one.
    """

    __tablename__ = "resource"
    __table_args__ = (
        CheckConstraint("(organization_id IS NULL) <> (person_id IS NULL)", name="owner"),
        CheckConstraint("project_id IS NULL OR organization_id IS NOT NULL", name="project"),
        UniqueConstraint("organization_id", "key"),
        in_organization("project", "project_id"),
        ForeignKeyConstraint(["organization_id", "kind"], ["resource_kind.organization_id", "resource_kind.name"]),
        Index("uq_resource_organization", "organization_id", "kind", "id", unique=True),
        Index("uq_resource_person", "person_id", "kind", "id", unique=True),
        Index("ix_resource_project", "project_id", "key"),
        Index("ix_resource_created_by", "created_by"),
        Index("ix_resource_made_in", "made_in"),
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    project_id: Mapped[str | None]
    made_in: Mapped[str | None] = mapped_column(ForeignKey("organization.id", ondelete="SET NULL"))
    kind: Mapped[str]
    id: Mapped[str]
    name: Mapped[str]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    creator: Mapped[str]
    created_at: Mapped[datetime]


class ResourceGrant(Row):
    """A team (or, with NULL, everybody of the organization) has a level on a resource; at most one row for each."""

    __tablename__ = "resource_grant"
    __table_args__ = (
        one_of("level", "read", "write", "admin"),
        in_organization("team", "team_id", ondelete="CASCADE"),
        UniqueConstraint("team_id", "resource_key"),
        partial_index("uq_resource_grant_everybody", "resource_key", where="team_id IS NULL", unique=True),
        Index("ix_resource_grant_resource", "resource_key"),
        Index("ix_resource_grant_organization", "organization_id", "id"),
        ForeignKeyConstraint(
            ["organization_id", "resource_key"], ["resource.organization_id", "resource.key"], ondelete="CASCADE"
        ),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    resource_key: Mapped[str]
    team_id: Mapped[str | None]
    level: Mapped[str]
    created_at: Mapped[datetime]
