"""ORGANIZATIONS as rows: how one is shown, and what is written when one is made. The verbs are in `organizations.py`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from connector.errors import Taken
from connector.membership.model import Mode, Role
from connector.membership.roles import Preset
from connector.storage import tables as t
from connector.storage.ids import new_id
from connector.storage.writes import insert_rows


@dataclass(frozen=True, slots=True)
class OrganizationView:
    """An organization as it is shown. `name` is `display_name` by its older name; `role` is that of whoever asks, None for who is
    no member (the operator, a super admin, a project's key)."""

    id: str
    slug: str
    display_name: str
    name: str
    avatar_url: str | None
    preset: str
    mode: str
    role: str | None
    created_at: datetime


VIEW = select(
    t.Organization.id,
    t.Organization.slug,
    t.Organization.name,
    t.Organization.avatar_url,
    t.Organization.preset,
    t.Organization.membership_mode,
    t.Organization.created_at,
)
THERE = t.Organization.deleted_at.is_(None)
"""Of an organization: that it was not deleted."""


def view(row: Row[*tuple[Any, ...]], role: str | None = None) -> OrganizationView:
    """A row of VIEW as it is shown."""
    called = (row.id, row.slug, row.name, row.name, row.avatar_url)
    return OrganizationView(*called, row.preset, row.membership_mode, role, row.created_at)


def make(tx: Connection, wanted: Iterable[str], name: str, preset: Preset, now: datetime) -> OrganizationView:
    """Insert an organization under the first of the slugs `wanted` that is free, with everything its preset says.

    Of several at once for one slug one gets it, and the others the next. Raises Taken `slug_taken` when none is free.
    """
    for slug in wanted:
        row = _organization(slug, name, preset, now)
        if insert_rows(tx, t.Organization, [row], ignore=True):
            _furnish(tx, row["id"], preset, now)
            return OrganizationView(row["id"], slug, name, name, None, preset.name, row["membership_mode"], preset.creator, now)
    raise slug_taken()


def slug_taken() -> Taken:
    """Somebody else has this slug."""
    return Taken("slug_taken", "Another organization has this slug.", advice="Choose another slug; names may repeat.")


def _organization(slug: str, name: str, preset: Preset, now: datetime) -> dict[str, Any]:
    row = {"id": new_id(), "slug": slug, "name": name, "membership_mode": Mode.INVITATION.value, "preset": preset.name}
    policy = {"default_role": preset.catalogue.default, "role_strategy": "highest", "top_by_rules": False, "entry_gate": False}
    return {**row, **policy, "single_org": preset.single_org, "created_at": now}


def _furnish(tx: Connection, organization_id: str, preset: Preset, now: datetime) -> None:
    """Its roles, its kinds of resources, and the project of everybody where there is one."""
    home = {"organization_id": organization_id}
    tx.execute(insert(t.Role), [role_row(organization_id, role) for role in preset.catalogue.roles])
    kinds = [
        {**home, "name": kind.name, "enforced": kind.enforced, "visibility": kind.visibility, "in_project": kind.in_project}
        for kind in preset.kinds
    ]
    tx.execute(insert(t.ResourceKind), kinds)
    if preset.default_project:
        project = {"id": new_id(), **home, "slug": "default", "name": "Default Project", "is_default": True}
        tx.execute(insert(t.Project).values(**project, created_at=now))


def role_row(organization_id: str, role: Role) -> dict[str, Any]:
    """A role of a catalogue as it is kept."""
    flags = {"top": role.top, "can_own": role.can_own, "org_visible": role.org_visible}
    row = {"organization_id": organization_id, "name": role.name, "rank": role.rank, "permissions": sorted(role.permissions)}
    return row | flags
