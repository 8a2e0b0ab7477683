"""SET-UP LINKS, and whether one opens its organization at this moment: while it lives, and so does the right of who made it.

It is looked at anew at every request, in the transaction that makes a change: a link is dead at once when it is revoked, and when
its maker is suspended, demoted or gone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import and_, bindparam, exists, select

from connector.errors import NotFound
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot

PERMISSION = "sso.manage"
"""What somebody holds who makes one, for as long as it is to work."""

State = Literal["live", "expired", "revoked", "dormant"]

_LINK, _HOME, _MAKER = t.SetupLink, t.Organization, t.Membership
_SUSPENDED = exists().where(t.Suspension.membership_id == _MAKER.id).label("suspended")

SELECTED = (
    select(_LINK.id, _LINK.name, _LINK.hint, _LINK.created_at, _LINK.expires_at, _LINK.last_used_at, _LINK.revoked_at)
    .add_columns(_LINK.organization_id, _HOME.slug, _HOME.name.label("organization_name"), _HOME.deleted_at)
    .add_columns(_LINK.membership_id, _MAKER.person_id, t.Address.email, t.Person.display_name)
    .add_columns(t.Role.permissions, _SUSPENDED)
    .join(_HOME, _HOME.id == _LINK.organization_id)
    .outerjoin(_MAKER, _MAKER.id == _LINK.membership_id)
    .outerjoin(t.Role, and_(t.Role.organization_id == _MAKER.organization_id, t.Role.name == _MAKER.role))
    .outerjoin(t.Person, t.Person.id == _MAKER.person_id)
    .outerjoin(t.Address, and_(t.Address.person_id == _MAKER.person_id, t.Address.is_primary))
)
"""Links, each with its organization, and with its maker as they stand there now."""

_BY_HASH = Hot(SELECTED.where(_LINK.token_hash == bindparam("hash")))
_BY_ID = Hot(SELECTED.where(_LINK.id == bindparam("link"), _LINK.organization_id == bindparam("organization")))


def by_hash(database: Database, token_hash: str, now: datetime) -> Any | None:
    """The row of SELECTED of a link that opens its organization, None when none with this hash does."""
    with database.read() as tx:
        row = _BY_HASH.first(tx, {"hash": token_hash})
    return row if row is not None and opens(row, now) else None


def need_live(reader: Any, link_id: str, now: datetime) -> None:
    """Refuse a link that does not open this organization, where it is used. Raises NotFound `setup_link_unknown`."""
    rows = reader.read(_BY_ID, {"link": link_id, "organization": reader.organization_id})
    if not rows or not opens(rows[0], now):
        raise unknown()


def opens(row: Any, now: datetime) -> bool:
    """Whether a link (a row of SELECTED) opens its organization."""
    return row.deleted_at is None and state_of(row, now) == "live"


def state_of(row: Any, now: datetime) -> State:
    """What has become of a link (a row of SELECTED). A dormant one waits until its maker may again what it takes."""
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at <= now:
        return "expired"
    return "live" if row.membership_id is None or _may(row) else "dormant"


def _may(row: Any) -> bool:
    return not row.suspended and PERMISSION in (row.permissions or ())


def unknown() -> NotFound:
    """The refusal of a link that opens nothing: no such one, or no longer."""
    return NotFound(
        "setup_link_unknown",
        "This set-up link is unknown, has expired or was revoked.",
        expected="a set-up link that lives",
        advice="Ask whoever sent it to you for a new one.",
    )
