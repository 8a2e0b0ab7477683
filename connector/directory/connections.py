"""Connections: one identity provider of one organization, and the addresses its admin types into that provider's console.

All addresses exist from the start and hold the connection's id, so that the provider can be set up before anything here is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, exists, insert, select, update

from connector.directory.sign_on_settings import read_certificates
from connector.errors import Invalid, NotFound
from connector.organizations.organizations import AT_COMMAND_LINE, clean_name
from connector.provisioning import apply
from connector.provisioning.corridor import Corridor, enter
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.sets import rows_as_json

IDPS = ("okta", "entra", "google", "jumpcloud", "onelogin", "ping", "generic")
JIT = ("auto", "on", "off")


Setup = Callable[[Corridor, str], None]
"""A change of the sign-on side of the connection with this id, inside the corridor: see `sign_on.py`."""


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate that an IdP signs with: SHA-256 fingerprint, its end, and when it is taken no longer if that is settled."""

    fingerprint: str
    not_after: datetime
    leaves_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connection as commands show it. `authority` says who decides groups, role and status in the organization: `directory`
    while one of its directories is live or paused, else `claims`. `sign_on` is None until a sign-on side is configured."""

    id: str
    name: str
    idp: str
    scim_base_url: str
    login_url: str
    acs_url: str
    entity_id: str
    metadata_url: str
    redirect_uri: str
    logout_url: str
    backchannel_logout_url: str
    state: str
    directory: str
    authority: str
    jit: str
    sign_on: str | None
    issuer: str | None = None
    certificates: tuple[CertificateView, ...] = ()


def create(
    database: Database,
    organization_id: str,
    name: str,
    idp: str,
    jit: str = "auto",
    *,
    base_url: str,
    setups: Sequence[Setup] = (),
) -> ConnectionView:
    """Make a draft connection, with a sign-on side if there are `setups` of one. `base_url` is that of the settings.

    Raises Invalid `name_invalid`, `idp_unknown`, `jit_unknown`; NotFound `organization_not_found`, and what setups raise.
    """
    name = clean_name(name)
    _check("idp", idp, IDPS)
    _check("jit", jit, JIT)

    def work(corridor: Corridor) -> ConnectionView:
        row = {"id": new_id(), "name": name, "idp": idp, "state": "draft", "directory": "off", "jit": jit}
        home = {"organization_id": organization_id, "created_at": datetime.now(UTC)}
        corridor.tx.execute(insert(t.Connection).values(**row, **home))
        apply.record(corridor, "connection.created", f"connection:{row['id']}", None, {"name": name, "idp": idp, "jit": jit})
        for setup in setups:
            setup(corridor, row["id"])
        return _read(corridor.tx, row["id"], base_url)

    return enter(database, organization_id, AT_COMMAND_LINE, work)


def set_(
    database: Database,
    connection_id: str,
    *,
    name: str | None = None,
    jit: str | None = None,
    base_url: str,
    setups: Sequence[Setup] = (),
) -> ConnectionView:
    """Change what is given of a connection, all or nothing. Raises NotFound `connection_not_found`, Invalid `name_invalid`,
    `jit_unknown`, and what setups raise."""
    wanted = {"name": None if name is None else clean_name(name), "jit": jit}
    if jit is not None:
        _check("jit", jit, JIT)

    def work(corridor: Corridor) -> ConnectionView:
        before = _read(corridor.tx, connection_id, base_url)
        old = {"name": before.name, "jit": before.jit}
        new = {key: value for key, value in wanted.items() if value is not None and value != old[key]}
        if new:
            corridor.tx.execute(update(t.Connection).where(t.Connection.id == connection_id).values(**new))
            changed = {key: old[key] for key in new}
            apply.record(corridor, "connection.changed", f"connection:{connection_id}", changed, dict(new))
        for setup in setups:
            setup(corridor, connection_id)
        return _read(corridor.tx, connection_id, base_url)

    return enter(database, organization_of(database, connection_id), AT_COMMAND_LINE, work, exclusive=True)


def show(database: Database, connection_id: str, *, base_url: str) -> ConnectionView:
    """Return one connection. Raises NotFound `connection_not_found`."""
    with database.read() as tx:
        return _read(tx, connection_id, base_url)


def list_(database: Database, organization_id: str, *, base_url: str) -> tuple[ConnectionView, ...]:
    """Return the organization's connections, oldest first."""
    chosen = _selected(t.Connection.organization_id == organization_id).order_by(t.Connection.id)
    with database.read() as tx:
        return tuple(_view(row, base_url) for row in tx.execute(chosen))


def organization_of(database: Database, connection_id: str) -> str:
    """Return the id of the organization whose connection this is. Raises NotFound `connection_not_found`."""
    with database.read() as tx:
        found = tx.execute(select(t.Connection.organization_id).where(t.Connection.id == connection_id)).scalar_one_or_none()
    if found is None:
        raise not_found()
    return found


def not_found() -> NotFound:
    """The refusal of an id that no connection has."""
    return NotFound(
        "connection_not_found", "There is no such connection.", advice="`connector connection list ORG` shows the ids."
    )


def _check(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise Invalid(f"{what}_unknown", f"There is no such {what}.", expected="one of " + ", ".join(known))


def _read(tx: Connection, connection_id: str, base_url: str) -> ConnectionView:
    row = tx.execute(_selected(t.Connection.id == connection_id)).first()
    if row is None:
        raise not_found()
    return _view(row, base_url)


CERTIFICATES = rows_as_json(
    t.IdpCertificate.pem,
    t.IdpCertificate.fingerprint,
    t.IdpCertificate.not_before,
    t.IdpCertificate.not_after,
    t.IdpCertificate.leaves_at,
).where(t.IdpCertificate.connection_id == t.Connection.id)
"""The certificates of a connection inside its row, as `sign_on_settings.read_certificates` takes them."""


def _selected(where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    one = t.Connection
    sign_on = t.SignOn
    other = t.Connection.__table__.alias("other")
    live = exists().where(other.c.organization_id == one.organization_id, other.c.directory.in_(("live", "paused")))
    authority = case((live, "directory"), else_="claims").label("authority")
    columns = (one.id, one.name, one.idp, one.state, one.directory, one.jit, authority, sign_on.protocol, sign_on.issuer)
    found = select(*columns, CERTIFICATES.scalar_subquery().label("certificates"))
    return found.outerjoin(sign_on, sign_on.connection_id == one.id).where(where)


def addresses(base_url: str, connection_id: str) -> dict[str, str]:
    """The addresses of a connection's sign-on side, by the names that commands print."""
    sign_on = f"{base_url}/sso/{connection_id}"
    return {
        "login_url": f"{sign_on}/login",
        "acs_url": f"{sign_on}/acs",
        "entity_id": f"{sign_on}/metadata",
        "metadata_url": f"{sign_on}/metadata",
        "redirect_uri": f"{sign_on}/callback",
        "logout_url": f"{sign_on}/logout",
        "backchannel_logout_url": f"{sign_on}/backchannel-logout",
    }


def _view(row: Row[*tuple[Any, ...]], base_url: str) -> ConnectionView:
    ours = addresses(base_url, row.id)
    certificates = read_certificates(row.certificates, datetime.now(UTC))
    return ConnectionView(
        id=row.id,
        name=row.name,
        idp=row.idp,
        scim_base_url=f"{base_url}/scim/v2/{row.id}",
        **ours,
        state=row.state,
        directory=row.directory,
        authority=row.authority,
        jit=row.jit,
        sign_on=row.protocol,
        issuer=row.issuer,
        certificates=tuple(CertificateView(each.fingerprint, each.not_after, each.leaves_at) for each in certificates),
    )
