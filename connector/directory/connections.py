"""Connections: one identity provider of one organization, and the addresses its admin types into that provider's console.

All addresses exist from the start and hold the connection's id, so that the provider can be set up before anything here is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, exists, insert, select, update

from connector.directory.sign_on_settings import read_certificates
from connector.errors import Invalid, NotFound
from connector.organizations.organizations import clean_name
from connector.provisioning import apply
from connector.provisioning.acting import OPERATOR, Actor, Standing, act, beyond_set_up, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.once import Once
from connector.provisioning.pages import Page, Seen, page_of
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.sets import rows_as_json

IDPS = ("okta", "entra", "google", "jumpcloud", "onelogin", "ping", "generic")
JIT = ("auto", "on", "off")

MANAGE = "sso.manage"
"""The permission for everything about connections; in every preset only the top role holds it."""

Values = dict[str, Any]
Told = tuple[Values, Values]
"""What the audit trail says of a change: before and after, by name; both empty when nothing changed."""

Setup = Callable[[Corridor, str], Told]
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
    actor: Actor = OPERATOR,
    once: Once | None = None,
) -> ConnectionView:
    """Make a draft connection, with a sign-on side if there are `setups` of one. `base_url` is that of the settings.

    Raises Invalid `name_invalid`, `idp_unknown`, `jit_unknown`; what `acting.act` and setups raise.
    """
    name = clean_name(name)
    _check("idp", idp, IDPS)
    _check("jit", jit, JIT)

    def work(corridor: Corridor, standing: Standing) -> ConnectionView:
        row = {"id": new_id(), "name": name, "idp": idp, "state": "draft", "directory": "off", "jit": jit}
        home = {"organization_id": organization_id, "created_at": datetime.now(UTC)}
        corridor.tx.execute(insert(t.Connection).values(**row, **home))
        _, said = _set_up(corridor, row["id"], setups)
        told = {"name": name, "idp": idp, "jit": jit, **said}
        apply.record(corridor, "connection.created", f"connection:{row['id']}", None, told)
        return read(corridor, row["id"], base_url)

    return act(database, organization_id, actor, MANAGE, "a connection was made by hand", work, once=once, by_link=True)


def set_(
    database: Database,
    organization_id: str,
    connection_id: str,
    *,
    name: str | None = None,
    jit: str | None = None,
    base_url: str,
    setups: Sequence[Setup] = (),
    actor: Actor = OPERATOR,
    seen: Seen | None = None,
) -> ConnectionView:
    """Change what is given of a connection, all or nothing. `seen` may refuse what it is now.

    Raises NotFound `connection_not_found`, Invalid `name_invalid`, `jit_unknown`; what `acting.act`, `seen` and setups raise.
    """
    wanted = {"name": None if name is None else clean_name(name), "jit": jit}
    if jit is not None:
        _check("jit", jit, JIT)

    def work(corridor: Corridor, standing: Standing) -> ConnectionView:
        reachable(corridor, standing, connection_id)
        before = read(corridor, connection_id, base_url)
        if seen is not None:
            seen(before)
        old = {"name": before.name, "jit": before.jit}
        new = {key: value for key, value in wanted.items() if value is not None and value != old[key]}
        if new:
            corridor.tx.execute(update(t.Connection).where(t.Connection.id == connection_id).values(**new))
        was, said = _set_up(corridor, connection_id, setups)
        tell(corridor, connection_id, ({**{key: old[key] for key in new}, **was}, {**new, **said}))
        return read(corridor, connection_id, base_url)

    why = "a connection was changed by hand"
    return act(database, organization_id, actor, MANAGE, why, work, exclusive=True, by_link=True)


def _set_up(corridor: Corridor, connection_id: str, setups: Sequence[Setup]) -> Told:
    was: Values = {}
    said: Values = {}
    for setup in setups:
        for whole, part in zip((was, said), setup(corridor, connection_id), strict=True):
            whole.update({name: whole.get(name, {}) | value for name, value in part.items()})
    return was, said


def tell(corridor: Corridor, connection_id: str, told: Told) -> None:
    """Audit one change of a connection, if it was one."""
    before, after = told
    if after:
        apply.record(corridor, "connection.changed", f"connection:{connection_id}", before or None, after)


def show(
    database: Database, organization_id: str, connection_id: str, *, base_url: str, actor: Actor = OPERATOR
) -> ConnectionView:
    """Return one connection. Raises NotFound `connection_not_found`, and what `reachable` and `acting.look` raise."""

    def work(glance: Glance, standing: Standing) -> ConnectionView:
        reachable(glance, standing, connection_id)
        return read(glance, connection_id, base_url)

    return look(database, organization_id, actor, MANAGE, work, by_link=True)


def list_(
    database: Database,
    organization_id: str,
    *,
    base_url: str,
    limit: int = 200,
    after: str | None = None,
    actor: Actor = OPERATOR,
) -> Page[ConnectionView]:
    """Return a page of the organization's connections, oldest first; to a set-up link, of its drafts. Raises what `acting.look`
    raises."""
    one = t.Connection
    drafts = [one.state == "draft"] if actor.setup_link else []
    chosen = _selected(one.organization_id == organization_id, *([one.id > after] if after else []), *drafts)

    def work(glance: Glance, standing: Standing) -> Page[ConnectionView]:
        found = [_view(row, base_url) for row in glance.tx.execute(chosen.order_by(one.id).limit(limit + 1))]
        return page_of(found, limit, lambda view: view.id)

    return look(database, organization_id, actor, MANAGE, work, by_link=True)


def may_manage(database: Database, organization_id: str, actor: Actor) -> None:
    """Refuse an actor who may not manage connections, before anything is fetched for them. Raises what `acting.look` raises."""

    def work(glance: Glance, standing: Standing) -> None:
        return None

    look(database, organization_id, actor, MANAGE, work, by_link=True)


def organization_of(database: Database, connection_id: str) -> str:
    """Return the id of the organization whose connection this is. Raises NotFound `connection_not_found`."""
    with database.read() as tx:
        found = tx.execute(select(t.Connection.organization_id).where(t.Connection.id == connection_id)).scalar_one_or_none()
    if found is None:
        raise not_found()
    return found


def known(reader: Corridor | Glance, connection_id: str) -> None:
    """Refuse an id that no connection of this organization has. Raises NotFound `connection_not_found`."""
    one = t.Connection
    mine = select(one.id).where(one.id == connection_id, one.organization_id == reader.organization_id)
    if reader.tx.execute(mine).first() is None:
        raise not_found()


def reachable(reader: Corridor | Glance, standing: Standing, connection_id: str | None) -> None:
    """Refuse a connection that is not there, and one that somebody may not touch or look into: a set-up link prepares drafts, one
    at a time. None stands for all connections.

    Raises NotFound `connection_not_found`, Forbidden `beyond_set_up`.
    """
    if connection_id is not None:
        known(reader, connection_id)
    if standing.actor.setup_link is None:
        return
    state = select(t.Connection.state).where(t.Connection.id == (connection_id or ""))
    if reader.tx.execute(state).scalar_one_or_none() != "draft":
        raise beyond_set_up("A set-up link opens connections that are drafts, one at a time.")


def not_found() -> NotFound:
    """The refusal of an id that no connection has."""
    return NotFound(
        "connection_not_found", "There is no such connection.", advice="`connector connection list ORG` shows the ids."
    )


def _check(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise Invalid(f"{what}_unknown", f"There is no such {what}.", expected="one of " + ", ".join(known))


def read(reader: Corridor | Glance, connection_id: str, base_url: str) -> ConnectionView:
    """A connection of this organization as it is now. Raises NotFound `connection_not_found`."""
    known(reader, connection_id)
    return _view(reader.tx.execute(_selected(t.Connection.id == connection_id)).one(), base_url)


CERTIFICATES = rows_as_json(
    t.IdpCertificate.pem,
    t.IdpCertificate.fingerprint,
    t.IdpCertificate.not_before,
    t.IdpCertificate.not_after,
    t.IdpCertificate.leaves_at,
).where(t.IdpCertificate.connection_id == t.Connection.id)
"""The certificates of a connection inside its row, as `sign_on_settings.read_certificates` takes them."""


def _selected(*where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    one = t.Connection
    sign_on = t.SignOn
    other = t.Connection.__table__.alias("other")
    live = exists().where(other.c.organization_id == one.organization_id, other.c.directory.in_(("live", "paused")))
    authority = case((live, "directory"), else_="claims").label("authority")
    columns = (one.id, one.name, one.idp, one.state, one.directory, one.jit, authority, sign_on.protocol, sign_on.issuer)
    found = select(*columns, CERTIFICATES.scalar_subquery().label("certificates"))
    return found.outerjoin(sign_on, sign_on.connection_id == one.id).where(*where)


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


def scim_base_url(base_url: str, connection_id: str) -> str:
    """The address of a connection's pushed side."""
    return f"{base_url}/scim/v2/{connection_id}"


def _view(row: Row[*tuple[Any, ...]], base_url: str) -> ConnectionView:
    ours = addresses(base_url, row.id)
    certificates = read_certificates(row.certificates, datetime.now(UTC))
    return ConnectionView(
        id=row.id,
        name=row.name,
        idp=row.idp,
        scim_base_url=scim_base_url(base_url, row.id),
        **ours,
        state=row.state,
        directory=row.directory,
        authority=row.authority,
        jit=row.jit,
        sign_on=row.protocol,
        issuer=row.issuer,
        certificates=tuple(CertificateView(each.fingerprint, each.not_after, each.leaves_at) for each in certificates),
    )
