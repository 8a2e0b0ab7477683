"""Organizations: make one with its founder, find and list them. Each verb is one transaction."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select

from connector.accounts import links, persons
from connector.errors import Invalid, NotFound, Taken
from connector.membership.model import Mode, Role
from connector.membership.roles import PRESETS, Preset
from connector.provisioning import apply
from connector.provisioning.corridor import OPERATOR, Origin, open_new
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id

AT_COMMAND_LINE = Origin(OPERATOR, "an operator asked for it at the command line")

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")
_LIKE_AN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class OrganizationView:
    """An organization as commands show it. `sign_in_url` is the founder's one-time link, seen once, when it is made."""

    id: str
    slug: str
    name: str
    preset: str
    mode: str
    created_at: datetime
    sign_in_url: str | None = None


def create(
    database: Database, slug: str, name: str, owner_email: str, preset: str = "oagents", *, base_url: str | None = None
) -> OrganizationView:
    """Make an organization with the preset's roles, and its founder: who holds `owner_email` verified, else a new person.

    The operator vouches for the address; with `base_url` there is a link for the founder to sign in with. Raises Invalid
    `slug_invalid`, `name_invalid`, `email_invalid`, `preset_unknown`; Taken `slug_taken`.
    """
    chosen = _preset(preset)
    _check_slug(slug)
    name, email = clean_name(name), persons.read_email(owner_email)

    def work(tx: Connection) -> OrganizationView:
        organization = _insert(tx, slug, name, chosen)
        told = {"slug": slug, "name": name, "preset": preset}
        with open_new(tx, organization.id, AT_COMMAND_LINE) as corridor:
            apply.record(corridor, "organization.created", f"organization:{slug}", None, told)
            apply.found(corridor, persons.find_or_make(tx, email, corridor.now), email, chosen.creator)
        url = links.printed(tx, base_url, email, organization.created_at) if base_url else None
        return replace(organization, sign_in_url=url)

    return database.write(work)


def find(database: Database, slug_or_id: str) -> OrganizationView:
    """Return the organization with this id, or else this slug. Raises NotFound `organization_not_found`."""
    with database.read() as tx:
        row = tx.execute(_VIEW.where(or_(t.Organization.id == slug_or_id, t.Organization.slug == slug_or_id))).first()
    if row is None:
        raise NotFound("organization_not_found", "There is no such organization.", advice="`connector org list` shows all.")
    return _view(row)


def list_(database: Database) -> tuple[OrganizationView, ...]:
    """Return all organizations, oldest first."""
    with database.read() as tx:
        return tuple(_view(row) for row in tx.execute(_VIEW.order_by(t.Organization.id)))


def clean_name(name: str) -> str:
    """Return a name for people to read, without spaces around it. Raises Invalid `name_invalid`."""
    clean = name.strip()
    if not 1 <= len(clean) <= 200 or any(unicodedata.category(character) in ("Cc", "Cs") for character in clean):
        raise Invalid("name_invalid", "This name cannot be used.", expected="1 to 200 characters on one line, in any script")
    return clean


_VIEW = select(
    t.Organization.id,
    t.Organization.slug,
    t.Organization.name,
    t.Organization.preset,
    t.Organization.membership_mode,
    t.Organization.created_at,
)


def _view(row: Row[*tuple[Any, ...]]) -> OrganizationView:
    return OrganizationView(row.id, row.slug, row.name, row.preset, row.membership_mode, row.created_at)


def _preset(name: str) -> Preset:
    try:
        return PRESETS[name]
    except KeyError:
        raise Invalid("preset_unknown", "There is no such preset of roles.", expected="one of " + ", ".join(PRESETS)) from None


def _check_slug(slug: str) -> None:
    # A slug stands where an id may stand, so it must never look like one.
    if not _SLUG.fullmatch(slug) or _LIKE_AN_ID.fullmatch(slug):
        expected = "2 to 63 lower-case letters, digits and hyphens, no hyphen at the ends, not the form of an id"
        raise Invalid("slug_invalid", "This slug cannot be used.", expected=expected)


def _insert(tx: Connection, slug: str, name: str, preset: Preset) -> OrganizationView:
    if tx.execute(select(t.Organization.id).where(t.Organization.slug == slug)).first():
        raise Taken("slug_taken", "Another organization has this slug.", advice="Choose another slug; names may repeat.")
    made = OrganizationView(new_id(), slug, name, preset.name, Mode.INVITATION.value, datetime.now(UTC))
    policy = {"default_role": preset.catalogue.default, "role_strategy": "highest", "top_by_rules": False, "entry_gate": False}
    row = {"id": made.id, "slug": slug, "name": name, "membership_mode": made.mode, "preset": made.preset}
    tx.execute(insert(t.Organization).values(**row, **policy, created_at=made.created_at))
    tx.execute(insert(t.Role), [_role_row(made.id, role) for role in preset.catalogue.roles])
    return made


def _role_row(organization_id: str, role: Role) -> dict[str, Any]:
    flags = {"top": role.top, "can_own": role.can_own, "org_visible": role.org_visible}
    row = {"organization_id": organization_id, "name": role.name, "rank": role.rank, "permissions": sorted(role.permissions)}
    return row | flags
