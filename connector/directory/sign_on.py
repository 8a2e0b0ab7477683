"""The sign-on side of connections: told, changed, read, and kept fresh from the identity provider's metadata.

Certificates, secrets and endpoints can change at any time, also while the organization depends on them. The issuer cannot, once
somebody has signed in: people are known as the issuer's, so another identity provider is another connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update

from connector.directory import sign_on_rows as rows
from connector.directory import sign_on_settings as values
from connector.directory.connections import CERTIFICATES, Setup, Told, addresses, not_found, organization_of, tell
from connector.directory.sign_on_model import OidcSide, SamlSide, SignOn
from connector.directory.sign_on_settings import Options
from connector.errors import Conflict, ConnectorError, Invalid
from connector.provisioning.acting import OPERATOR
from connector.provisioning.corridor import Corridor, Origin, enter
from connector.provisioning.setting import is_there
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.sealing import Sealer

GRACE = timedelta(days=7)
"""How long a certificate is taken that the identity provider no longer names."""

REFRESH = timedelta(days=1)
RETRY = timedelta(hours=1)
DUE_AT_ONCE = 50

_BY_OPERATOR = OPERATOR.origin("how people sign in was set by hand")
_REFRESHED = Origin("system", "the identity provider's metadata were read again")


@dataclass(frozen=True, slots=True)
class Due:
    """A connection whose metadata are to be fetched again."""

    connection_id: str
    metadata_url: str


@dataclass(frozen=True, slots=True)
class MetadataState:
    """Where a connection's metadata come from, when they were asked for last, how long they say they hold, and what was wrong."""

    url: str | None
    checked_at: datetime | None
    valid_until: datetime | None
    error: str | None


# ------------------------------------------------------------------------------------------------------------------ told


def saml_setup(
    side: SamlSide,
    *,
    metadata_url: str | None = None,
    valid_until: datetime | None = None,
    options: Options = Options(),  # noqa: B008 - frozen
    plain_http: bool = False,
    now: datetime | None = None,
) -> Setup:
    """Check a SAML side and return what gives it to a connection, or tells it anew: what was chosen by `options` stays unless
    chosen now, and certificates that are named no more are taken for GRACE.

    `metadata_url` is where they are fetched again every day; `valid_until` what they say of themselves. `plain_http` allows http
    addresses, for development. Raises Invalid `issuer_invalid`, `endpoint_invalid`, `certificate_missing`, `option_invalid`; the
    setup Conflict `issuer_fixed`.
    """
    moment = now or datetime.now(UTC)
    values.check_options(options, "saml", moment)
    values.check_issuer(side.issuer, "saml")
    _check_saml(side, plain_http)
    fetched = {"metadata_url": metadata_url, "metadata_checked_at": moment, "metadata_valid_until": valid_until}
    said = {"protocol": "saml", "issuer": side.issuer, "settings": values.saml_settings(side), "secret": None, **fetched}

    def setup(corridor: Corridor, connection_id: str) -> Told:
        before = rows.read(corridor, connection_id)
        told = rows.tell(corridor, connection_id, before, {**said, "metadata_error": None}, options, moment)
        grace = GRACE if before is not None and before["issuer"] == side.issuer else timedelta()
        return _both(told, rows.write_certificates(corridor, connection_id, side.certificates, moment, grace=grace))

    return setup


def oidc_setup(
    sealer: Sealer,
    side: OidcSide,
    *,
    options: Options = Options(),  # noqa: B008 - frozen
    plain_http: bool = False,
    version: int | None = None,
    now: datetime | None = None,
) -> Setup:
    """Check an OpenID Connect side and return what gives it to a connection, or tells it anew: what was chosen by `options` stays
    unless chosen now.

    `plain_http` allows http addresses, for development. With `version` it must still be that one of which `side` was made. Raises
    Invalid `issuer_invalid`, `issuer_shared`, `client_invalid`, `option_invalid`, `private_key_given`; the setup Conflict
    `issuer_fixed`, `sign_on_changed`.
    """
    moment = now or datetime.now(UTC)
    values.check_options(options, "oidc", moment)
    values.check_issuer(side.issuer, "oidc", plain_http=plain_http)
    values.check_client(side, options)
    fetched = {"metadata_url": None, "metadata_checked_at": None, "metadata_valid_until": None, "metadata_error": None}
    said = {"protocol": "oidc", "issuer": side.issuer, "settings": values.oidc_settings(side), **fetched}

    def setup(corridor: Corridor, connection_id: str) -> Told:
        secret = None if side.client_secret is None else sealer.seal(side.client_secret, _about(connection_id))
        before = rows.read(corridor, connection_id)
        rows.refuse_outdated(before, version)
        told = rows.tell(corridor, connection_id, before, {**said, "secret": secret}, options, moment)
        return _both(told, rows.write_certificates(corridor, connection_id, (), moment, grace=timedelta()))

    return setup


def choice(options: Options, *, now: datetime | None = None) -> Setup:
    """What chooses something else beside what the provider said. The setup raises Conflict `sign_on_missing`, Invalid
    `option_invalid`."""
    moment = now or datetime.now(UTC)

    def setup(corridor: Corridor, connection_id: str) -> Told:
        before = rows.configured(rows.read(corridor, connection_id))
        values.check_options(options, before["protocol"], moment)
        return rows.tell(corridor, connection_id, before, {}, options, moment)

    return setup


def without_certificate(fingerprint: str, *, now: datetime | None = None) -> Setup:
    """What takes a certificate no longer, at once: the one that begins so.

    The setup raises NotFound `certificate_not_found`, Conflict `sign_on_missing`, `last_certificate`.
    """
    moment = now or datetime.now(UTC)

    def setup(corridor: Corridor, connection_id: str) -> Told:
        rows.configured(rows.read(corridor, connection_id))
        told = rows.drop_certificate(corridor, connection_id, fingerprint.lower())
        rows.bump(corridor, connection_id, moment)
        return told

    return setup


def configure(database: Database, connection_id: str, setup: Setup) -> None:
    """Carry out one setup for the operator, all or nothing. Raises NotFound `connection_not_found`, and what the setup raises."""

    def work(corridor: Corridor) -> None:
        tell(corridor, connection_id, setup(corridor, connection_id))

    enter(database, organization_of(database, connection_id), _BY_OPERATOR, work, exclusive=True)


def configure_saml(database: Database, connection_id: str, side: SamlSide, **given: Any) -> None:
    """`saml_setup`, carried out."""
    configure(database, connection_id, saml_setup(side, **given))


def configure_oidc(database: Database, sealer: Sealer, connection_id: str, side: OidcSide, **given: Any) -> None:
    """`oidc_setup`, carried out."""
    configure(database, connection_id, oidc_setup(sealer, side, **given))


def _both(one: Told, other: Told) -> Told:
    return one[0] | other[0], one[1] | other[1]


def _check_saml(side: SamlSide, plain_http: bool) -> None:
    values.check_endpoint(side.sso_url, "sign-in address", plain_http=plain_http)
    for url in (side.slo_url, side.slo_response_url):
        if url is not None:
            values.check_endpoint(url, "logout address", plain_http=plain_http)
    if not side.certificates:
        raise Invalid(
            "certificate_missing",
            "There is no certificate to check signatures with.",
            expected="at least one signing certificate in the metadata",
            advice="Download the metadata again from the identity provider, whole.",
        )


def _about(connection_id: str) -> str:
    return f"sign_on:{connection_id}"


# ------------------------------------------------------------------------------------------------------------------ read


_LOAD = Hot(
    select(
        t.Connection.id,
        t.Connection.organization_id,
        t.Connection.name,
        t.Connection.idp,
        t.Connection.state,
        t.Organization.slug,
        t.Organization.name.label("organization_name"),
        t.Organization.membership_mode,
        t.SignOn.protocol,
        t.SignOn.issuer,
        t.SignOn.settings,
        t.SignOn.mapping,
        t.SignOn.secret,
        t.SignOn.version,
        t.SignOn.fixed_at,
        CERTIFICATES.scalar_subquery().label("certificates"),
    )
    .join(t.Organization, t.Organization.id == t.Connection.organization_id)
    .outerjoin(t.SignOn, t.SignOn.connection_id == t.Connection.id)
    .where(t.Connection.id == bindparam("connection"), t.Organization.deleted_at.is_(None))
)


def load(database: Database, sealer: Sealer, connection_id: str, base_url: str, *, now: datetime | None = None) -> SignOn:
    """Return a connection, ready to sign people in, with one statement. Certificates that have left are not in it.

    Raises NotFound `connection_not_found`, Conflict `secret_key_changed`.
    """
    with database.read() as tx:
        row = _LOAD.first(tx, {"connection": connection_id})
    if row is None:
        raise not_found()
    sign_on = SignOn(
        connection_id=row.id,
        organization_id=row.organization_id,
        organization_slug=row.slug,
        organization_name=row.organization_name,
        name=row.name,
        idp=row.idp,
        state=row.state,
        mode=row.membership_mode,
        version=row.version or 0,
        mapping=values.mapping_of(row.idp, row.protocol or "saml", row.mapping or {}),
        addresses=addresses(base_url, row.id),
        issuer_fixed=row.fixed_at is not None,
    )
    if row.protocol == "saml":
        return replace(sign_on, saml=values.saml_side(row.issuer, row.settings, row.certificates, now or datetime.now(UTC)))
    if row.protocol == "oidc":
        secret = None if row.secret is None else sealer.open(row.secret, _about(row.id))
        return replace(sign_on, oidc=values.oidc_side(row.issuer, row.settings, secret))
    return sign_on


# -------------------------------------------------------------------------------------------------------------- metadata


def due_for_refresh(database: Database, now: datetime) -> tuple[Due, ...]:
    """The connections whose metadata are to be fetched: every day, and every hour while something is wrong with them or their
    validity ends within a day. Those that have waited longest come first, DUE_AT_ONCE at most."""
    row, connection = t.SignOn, t.Connection
    pressing: ColumnElement[bool] = or_(row.metadata_error.is_not(None), row.metadata_valid_until <= now + REFRESH)
    old = or_(row.metadata_checked_at <= now - REFRESH, and_(pressing, row.metadata_checked_at <= now - RETRY))
    found = (
        select(row.connection_id, row.metadata_url)
        .join(connection, connection.id == row.connection_id)
        .where(row.metadata_url.is_not(None), old, connection.state != "disabled", is_there(connection.organization_id))
        .order_by(row.metadata_checked_at)
        .limit(DUE_AT_ONCE)
    )
    with database.read() as tx:
        return tuple(Due(each.connection_id, each.metadata_url) for each in tx.execute(found))


def apply_metadata(
    database: Database,
    connection_id: str,
    side: SamlSide,
    valid_until: datetime | None,
    now: datetime,
    *,
    url: str | None = None,
    plain_http: bool = False,
) -> bool:
    """Take over what metadata read again say: endpoints, wishes, certificates. True when anything changed.

    With `url`, only if they still come from there. New certificates are added, those named no more are taken for GRACE. What an
    admin chose stays. Raises NotFound `connection_not_found`, Conflict `sign_on_missing`, `metadata_of_another`, Invalid as
    `configure_saml`.
    """
    _check_saml(side, plain_http)

    def work(corridor: Corridor) -> bool:
        before = rows.configured(rows.read(corridor, connection_id))
        if before["protocol"] != "saml" or (url is not None and url != before["metadata_url"]):
            return False
        _refuse_metadata_of_another(before, side)
        settings = values.kept_choices(before["settings"], values.saml_settings(side))
        kept = {"metadata_checked_at": now, "metadata_valid_until": valid_until, "metadata_error": None}
        mine = update(t.SignOn).where(t.SignOn.connection_id == connection_id)
        corridor.tx.execute(mine.values(**kept, settings=settings))
        rotated = rows.write_certificates(corridor, connection_id, side.certificates, now, grace=GRACE)
        told = _both(rows.changes(before, {"settings": settings}), rotated)
        tell(corridor, connection_id, told)
        if told[1]:
            rows.bump(corridor, connection_id, now)
        return bool(told[1])

    return enter(database, organization_of(database, connection_id), _REFRESHED, work, exclusive=True)


def _refuse_metadata_of_another(before: Mapping[str, Any], side: SamlSide) -> None:
    if side.issuer != before["issuer"]:
        raise Conflict(
            "metadata_of_another",
            "The metadata are those of another identity provider than this connection's.",
            expected=f"the entity id {before['issuer']}",
            advice="If the application was made anew at the identity provider, make a new connection.",
        )


def metadata_failed(database: Database, connection_id: str, error: ConnectorError, now: datetime) -> None:
    """Keep that the metadata could not be fetched or read; what is known stays in force."""
    row = update(t.SignOn).where(t.SignOn.connection_id == connection_id, t.SignOn.metadata_url.is_not(None))
    database.write(lambda tx: tx.execute(row.values(metadata_checked_at=now, metadata_error=error.detail)))


def metadata_state(database: Database, connection_id: str) -> MetadataState:
    """Where the metadata of a connection come from, and how that goes. Without a sign-on side all is None."""
    row = t.SignOn
    columns = (row.metadata_url, row.metadata_checked_at, row.metadata_valid_until, row.metadata_error)
    with database.read() as tx:
        found = tx.execute(select(*columns).where(row.connection_id == connection_id)).first()
    return MetadataState(None, None, None, None) if found is None else MetadataState(*found)
