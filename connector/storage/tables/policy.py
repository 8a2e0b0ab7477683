"""What may be switched and set: settings of organizations, what they are entitled to, and policies of the installation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables.base import Row


class OrganizationSetting(Row):
    """The settings of one namespace of an organization, as one document; without a row the defaults hold."""

    __tablename__ = "organization_setting"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    namespace: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]


class Entitlement(Row):
    """Whether an organization may use a feature; without a row it may."""

    __tablename__ = "entitlement"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    enabled: Mapped[bool]


class InstallationPolicy(Row):
    """A policy of the whole installation; without a row the default holds."""

    __tablename__ = "installation_policy"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
