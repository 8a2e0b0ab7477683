"""Everything kept about one organization, as one JSON object without secrets. One statement per kind of row, in one snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from connector.errors import NotFound
from connector.membership.fold import timestamp
from connector.storage import tables as t
from connector.storage.database import Database

Item = dict[str, Any]

_BATCH = 1000


def export(database: Database, organization_id: str) -> Item:
    """Return `organization`, what it has (`roles`, `domains`, `connections`, `sign_on`, `certificates`, `rules`, `teams`,
    `projects`, `resource_kinds`, `resources`, `grants`, `invitations`, `keys`, `settings`, `entitlements`) and its `members`,
    oldest first. Of keys the last letters are told, of secrets nothing.

    A member has user_id, email, name, role, status, joined_by and created_at, and both ledgers: `assignments` (target, level,
    source) and `suspensions` (cause, origin, created_at). Raises NotFound `organization_not_found`.
    """
    with database.read() as tx:
        if database.dialect == "postgresql":
            tx.execution_options(isolation_level="REPEATABLE READ")  # all statements see one moment; SQLite does so by itself
        return _export(tx, organization_id)


def _export(tx: Connection, organization_id: str) -> Item:
    policy = ("default_role", "role_strategy", "top_by_rules", "entry_gate", "single_org")
    names = ("id", "slug", "name", "avatar_url", "preset", *policy, "created_at")
    chosen = select(*(getattr(t.Organization, name) for name in names), t.Organization.membership_mode.label("mode"))
    found = list(_items(tx, chosen.where(t.Organization.id == organization_id)))
    if not found:
        raise NotFound("organization_not_found", "There is no such organization.", advice="`connector org list` shows all.")

    def every(table: type[t.Row], order: str, *columns: str) -> list[Item]:
        chosen = select(*(getattr(table, name) for name in columns)).order_by(getattr(table, order))
        return list(_items(tx, chosen.where(table.__table__.c.organization_id == organization_id)))

    parts = {called: every(table, order, *columns) for called, (table, order, columns) in _PARTS.items()}
    return {"organization": found[0], **parts, "members": _members(tx, organization_id)}


_MATCHED = ("match_kind", "match_value", "match_attribute", "match_label")
_TARGET = ("target_kind", "team_id", "project_id", "slug", "level")
_PARTS: Mapping[str, tuple[type[t.Row], str, tuple[str, ...]]] = {
    "roles": (t.Role, "rank", ("name", "rank", "top", "can_own", "org_visible", "permissions")),
    "domains": (t.Domain, "id", ("name", "verified_at", "vouched", "record_value", "created_at")),
    "connections": (
        t.Connection, "id", ("id", "name", "idp", "state", "directory", "jit", "last_heard_at", "created_at"),
    ),
    "sign_on": (
        t.SignOn, "connection_id", ("connection_id", "protocol", "issuer", "settings", "mapping", "metadata_url", "fixed_at"),
    ),
    "certificates": (t.IdpCertificate, "fingerprint", ("connection_id", "fingerprint", "pem", "not_before", "not_after")),
    "rules": (t.Rule, "id", ("id", "connection_id", "position", *_MATCHED, *_TARGET)),
    "teams": (t.Team, "id", ("id", "slug", "name", "created_at")),
    "projects": (t.Project, "id", ("id", "slug", "name", "is_default", "created_at")),
    "resource_kinds": (t.ResourceKind, "name", ("name", "enforced", "visibility", "in_project")),
    "resources": (t.Resource, "key", ("key", "kind", "id", "name", "project_id", "created_by", "creator", "created_at")),
    "grants": (t.ResourceGrant, "id", ("id", "resource_key", "team_id", "level", "created_at")),
    "invitations": (
        t.Invitation, "id", ("id", "email", "role", "status", "invited_by", "created_at", "expires_at", "answered_at"),
    ),
    "keys": (
        t.Key, "id", ("id", "hint", "name", "person_id", "project_id", "scopes", "created_at", "last_used_at", "revoked_at"),
    ),
    "settings": (t.OrganizationSetting, "namespace", ("namespace", "document", "updated_at")),
    "entitlements": (t.Entitlement, "name", ("name", "enabled")),
}  # fmt: skip
"""What is told beside the people: the table, the order, and the columns. Nothing is told that opens anything."""


def _members(tx: Connection, organization_id: str) -> list[Item]:
    emails = _emails(tx, organization_id)
    assignments = _ledger(tx, _assignments(organization_id))
    suspensions = _ledger(tx, _suspensions(organization_id))
    member, person = t.Membership, t.Person
    chosen = (
        select(member.id, member.person_id, person.display_name, member.role, member.joined_by, member.created_at)
        .join(person, person.id == member.person_id)
        .where(member.organization_id == organization_id)
        .order_by(member.id)
    )
    return [
        {
            "id": row["id"],
            "user_id": row["person_id"],
            "email": emails.get(row["person_id"]),
            "name": row["display_name"],
            "role": row["role"],
            "status": "suspended" if row["id"] in suspensions else "active",
            "joined_by": row["joined_by"],
            "created_at": row["created_at"],
            "assignments": assignments.get(row["id"], []),
            "suspensions": suspensions.get(row["id"], []),
        }
        for row in _items(tx, chosen)
    ]


def _emails(tx: Connection, organization_id: str) -> Mapping[str, str]:
    """person id -> the primary address, else the oldest."""
    address, member = t.Address, t.Membership
    chosen = (
        select(address.person_id, address.email)
        .join(member, member.person_id == address.person_id)
        .where(member.organization_id == organization_id)
        .order_by(address.is_primary, address.id.desc())  # the last one said stays
    )
    return {row["person_id"]: row["email"] for row in _items(tx, chosen)}


def _assignments(organization_id: str) -> Select[*tuple[Any, ...]]:
    row = t.Assignment
    return (
        select(
            row.membership_id, row.target_kind, t.Team.slug.label("team"), t.Project.slug.label("project"), row.level, row.source
        )
        .outerjoin(t.Team, t.Team.id == row.team_id)
        .outerjoin(t.Project, t.Project.id == row.project_id)
        .where(row.organization_id == organization_id)
        .order_by(row.created_at, row.target_kind, row.target_id, row.source)
    )


def _suspensions(organization_id: str) -> Select[*tuple[Any, ...]]:
    row = t.Suspension
    chosen = select(row.membership_id, row.cause, row.origin, row.created_at).where(row.organization_id == organization_id)
    return chosen.order_by(row.created_at, row.cause)


def _ledger(tx: Connection, chosen: Select[*tuple[Any, ...]]) -> Mapping[str, list[Item]]:
    """membership id -> its rows."""
    rows: dict[str, list[Item]] = defaultdict(list)
    for row in _items(tx, chosen):
        membership_id = row.pop("membership_id")
        if "target_kind" in row:
            kind, team, project = row.pop("target_kind"), row.pop("team"), row.pop("project")
            row = {"target": kind if kind == "role" else f"{kind}:{team or project}", **row}
        rows[membership_id].append(row)
    return rows


def _items(tx: Connection, chosen: Select[*tuple[Any, ...]]) -> Iterator[Item]:
    """The rows as JSON objects, read in batches."""
    for row in tx.execute(chosen, execution_options={"yield_per": _BATCH}).mappings():
        yield {name: timestamp(value) if isinstance(value, datetime) else value for name, value in row.items()}
