"""Home-realm discovery: through which identity providers does this address sign in, and which ways lead into an organization.

What is found depends on verified domains and connections only, never on who has an account.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Select, bindparam, select

from connector.membership.domain_names import domain_of
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.sets import among


@dataclass(frozen=True, slots=True)
class Way:
    """An active connection with a sign-on side, of an organization that signs in by `sso`."""

    connection_id: str
    name: str
    organization_id: str
    organization_name: str


_WAYS: Select[str, str, str, str] = (
    select(t.Connection.id, t.Connection.name, t.Organization.id.label("organization_id"), t.Organization.name.label("home"))
    .join(t.Organization, t.Organization.id == t.Connection.organization_id)
    .join(t.SignOn, t.SignOn.connection_id == t.Connection.id)
    .where(t.Connection.state == "active", t.Organization.membership_mode == "sso", t.Organization.deleted_at.is_(None))
    .order_by(t.Connection.id)
)
_OF_DOMAIN = Hot(
    _WAYS.join(t.Domain, t.Domain.organization_id == t.Connection.organization_id).where(
        t.Domain.name == bindparam("domain"), t.Domain.verified_at.is_not(None)
    )
)


def ways_of_address(database: Database, email: str) -> tuple[Way, ...]:
    """The ways in for an address: those of the organization that has verified its domain; none for what is no address."""
    domain = domain_of(email)
    if domain is None:
        return ()
    with database.read() as tx:
        return tuple(Way(*row) for row in _OF_DOMAIN.all(tx, {"domain": domain}))


def ways_into(database: Database, organization_ids: Collection[str]) -> tuple[Way, ...]:
    """The ways into these organizations."""
    if not organization_ids:
        return ()
    chosen = _WAYS.where(among(t.Organization.id, organization_ids))
    with database.read() as tx:
        return tuple(Way(row.id, row.name, row.organization_id, row.home) for row in tx.execute(chosen))
