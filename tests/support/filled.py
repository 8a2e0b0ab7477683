"""One row in every table: an organization in `sso` whose directory is live, with one person, one group and one rule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, func, select

from connector.storage.tables import metadata

NOW = datetime(2026, 11, 21, tzinfo=UTC)

# Only what matters; every other column that may not be empty gets something of its type.
ROWS: dict[str, dict[str, Any]] = {
    "organization": {"id": "o", "slug": "acme", "membership_mode": "sso", "role_strategy": "highest"},
    "role": {"organization_id": "o", "name": "owner"},
    "team": {"id": "t", "organization_id": "o", "slug": "eng"},
    "project": {"id": "pr", "organization_id": "o", "slug": "site"},
    "person": {"id": "p"},
    "address": {"id": "a", "person_id": "p", "verified": True},
    "domain": {"id": "d", "organization_id": "o"},
    "membership": {"id": "m", "organization_id": "o", "person_id": "p", "role": "owner", "joined_by": "scim"},
    "invitation": {"id": "i", "organization_id": "o", "role": "owner", "status": "accepted"},
    "connection": {"id": "c", "organization_id": "o", "state": "active", "directory": "live", "jit": "auto"},
    "scim_client": {"id": "sc", "organization_id": "o", "connection_id": "c"},
    "scim_token": {"id": "st", "organization_id": "o", "connection_id": "c", "client_id": "sc"},
    "directory_user": {"id": "du", "organization_id": "o", "connection_id": "c", "person_id": "p"},
    "directory_group": {"id": "dg", "organization_id": "o", "connection_id": "c"},
    "directory_total": {"connection_id": "c", "kind": "User", "organization_id": "o"},
    "directory_member": {"group_id": "dg", "user_id": "du", "connection_id": "c"},
    "tombstone": {"id": "ts", "organization_id": "o", "connection_id": "c", "kind": "user"},
    "rule": {
        "id": "r",
        "organization_id": "o",
        "connection_id": "c",
        "match_kind": "everyone",
        "target_kind": "team",
        "team_id": "t",
    },
    "assignment": {
        "membership_id": "m",
        "organization_id": "o",
        "target_kind": "team",
        "target_id": "t",
        "level": "member",
        "source": "rule:r",
    },
    "suspension": {"membership_id": "m", "organization_id": "o", "cause": "directory", "connection_id": "c"},
    "withheld": {"membership_id": "m", "organization_id": "o"},
    "audit_entry": {"id": "ae", "organization_id": "o"},
    "outbox_event": {"id": "oe", "organization_id": "o"},
    "provisioning_log": {"id": "pl", "organization_id": "o", "connection_id": "c"},
    "stored_plan": {"organization_id": "o", "digest": "x"},
    "lease": {"name": "l"},
    "outgoing_mail": {"id": "om"},
    "throttle": {"key": "th"},
    "email_link": {"id": "el", "purpose": "sign_in"},
    "key": {"id": "k", "person_id": "p", "organization_id": "o"},
    "local_identity": {"issuer": "i", "subject": "s", "person_id": "p"},
    "session": {"id": "s", "person_id": "p"},
    "authentication": {
        "id": "au",
        "session_id": "s",
        "person_id": "p",
        "method": "saml",
        "organization_id": "o",
        "connection_id": "c",
    },
    "recovery_code": {"id": "rc", "organization_id": "o", "membership_id": "m"},
    "provider_document": {"owner": "c", "kind": "keys"},
    "signing_key": {"id": "sk"},
    "spent_message": {"owner": "c", "kind": "assertion"},
    "claimed_group": {"connection_id": "c", "organization_id": "o"},
    "external_identity": {"id": "ei", "organization_id": "o", "connection_id": "c", "person_id": "p"},
    "sign_in_trace": {"id": "tr", "organization_id": "o", "connection_id": "c"},
    "sign_on": {"connection_id": "c", "organization_id": "o", "protocol": "saml"},
    "sign_on_request": {"handle": "h", "organization_id": "o", "connection_id": "c", "purpose": "sign_in"},
    "test_link": {"connection_id": "c", "organization_id": "o"},
    "test_sign_in": {"connection_id": "c", "organization_id": "o"},
    "setup_link": {"id": "sl", "organization_id": "o", "membership_id": "m"},
    "idp_certificate": {"connection_id": "c", "organization_id": "o"},
    "organization_setting": {"organization_id": "o", "namespace": "general"},
    "entitlement": {"organization_id": "o", "name": "projects"},
    "installation_policy": {"name": "creation"},
    "kept_answer": {"key": "ka"},
    "resource_kind": {"organization_id": "o", "name": "agent", "visibility": "organization"},
    "resource": {"key": "rs", "organization_id": "o", "project_id": "pr", "kind": "agent", "created_by": "p"},
    "resource_grant": {"id": "rg", "organization_id": "o", "resource_key": "rs", "team_id": "t", "level": "write"},
}


def fill(tx: Connection) -> None:
    """Write the rows."""
    for name, values in ROWS.items():
        table = metadata.tables[name]
        needed = [column for column in table.columns if not column.nullable and column.computed is None]
        something = {column.name: _something(column) for column in needed}
        tx.execute(table.insert().values({**something, **values}))


def counts(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    return {
        name: connection.execute(select(func.count()).select_from(table)).scalar_one() for name, table in metadata.tables.items()
    }


def _something(column: Column[Any]) -> Any:
    kind = type(column.type).__name__
    return {"Text": "x", "Boolean": False, "Integer": 1, "UtcDateTime": NOW, "JSON": {}}[kind]
