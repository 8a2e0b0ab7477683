"""The rows of a sign-on side, written inside the corridor: what was told, what was chosen, the certificates. What
changed is returned: one call is one entry of the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from connector.directory import sign_on_settings as values
from connector.directory.connections import Told
from connector.directory.sign_on_model import Certificate
from connector.directory.sign_on_settings import Options
from connector.errors import Conflict, NotFound
from connector.provisioning.corridor import Corridor
from connector.storage import tables as t

RowValues = dict[str, Any]

SHORTEST = 8
"""Letters by which a certificate is named."""


def read(corridor: Corridor, connection_id: str) -> RowValues | None:
    """The row, None while nothing is configured."""
    row = corridor.tx.execute(select(*t.SignOn.__table__.c).where(t.SignOn.connection_id == connection_id)).one_or_none()
    return None if row is None else row._asdict()


def configured(row: RowValues | None) -> RowValues:
    """The row if there is one. Raises Conflict `sign_on_missing`."""
    if row is None:
        raise Conflict(
            "sign_on_missing",
            "This connection is not set up for signing in.",
            expected="metadata of a SAML identity provider, or issuer and client of an OpenID provider",
            advice="`connector connection set CONNECTION --saml-metadata …` or `--oidc-issuer …`.",
        )
    return row


def refuse_outdated(before: RowValues | None, version: int | None) -> None:
    """Refuse to write what was made of another version. Raises Conflict `sign_on_changed`."""
    if version is not None and version != (before["version"] if before else 0):
        raise Conflict(
            "sign_on_changed",
            "Somebody else has changed how this connection signs people in meanwhile.",
            expected="the sign-on side as it was a moment ago",
            advice="Look at it with `connector connection show CONNECTION` and try again.",
        )


def tell(
    corridor: Corridor, connection_id: str, before: RowValues | None, said: RowValues, options: Options, now: datetime
) -> Told:
    """Write what the provider said and the admin chose; returns what the audit says of it."""
    if before is not None and said and before["fixed_at"] is not None:
        _refuse_another_issuer(before, said)
    same_kind = before is not None and said.get("protocol", before["protocol"]) == before["protocol"]
    settings = said.get("settings") or (before or {})["settings"]
    if before is not None and said and same_kind:
        settings = values.kept_choices(before["settings"], settings)
    mapping = values.changed_mapping(before["mapping"] if before is not None and same_kind else {}, options)
    after = {**said, "settings": values.changed_settings(settings, options), "mapping": mapping}
    if before is None:
        row = {"connection_id": connection_id, "organization_id": corridor.organization_id, "version": 1, "fixed_at": None}
        corridor.tx.execute(insert(t.SignOn).values(**row, **after, created_at=now, updated_at=now))
    else:
        mine = update(t.SignOn).where(t.SignOn.connection_id == connection_id)
        corridor.tx.execute(mine.values(**after, version=before["version"] + 1, updated_at=now))
    return changes(before, after)


def _refuse_another_issuer(before: RowValues, said: RowValues) -> None:
    if (before["protocol"], before["issuer"]) != (said["protocol"], said["issuer"]):
        raise Conflict(
            "issuer_fixed",
            "People have signed in through this connection, and are known by its issuer.",
            expected=f"the issuer {before['issuer']} over {before['protocol']}",
            advice="Another identity provider is another connection: make one with `connector connection create`, and disable"
            " this one.",
        )


_TOLD = ("protocol", "issuer", "mapping", "metadata_url")


def changes(before: RowValues | None, after: RowValues) -> Told:
    """What changed, by name; of a secret only that it did."""
    old, new = ({**{n: row[n] for n in _TOLD if n in row}, **row["settings"]} for row in (before or {"settings": {}}, after))
    changed = {name: value for name, value in new.items() if name not in old or old[name] != value}
    if "secret" in after and (before or {}).get("secret") != after["secret"]:
        changed["secret"] = "another one" if after["secret"] else None
    was = {name: old[name] for name in changed if name in old}
    return {"sign_on": was} if was else {}, {"sign_on": changed} if changed else {}


def fingerprints(corridor: Corridor, connection_id: str) -> dict[str, datetime | None]:
    """The certificates of a connection, and when those leave that are named no more."""
    certificate = t.IdpCertificate
    found = select(certificate.fingerprint, certificate.leaves_at).where(certificate.connection_id == connection_id)
    return {row.fingerprint: row.leaves_at for row in corridor.tx.execute(found)}


def write_certificates(
    corridor: Corridor, connection_id: str, named: Sequence[Certificate], now: datetime, *, grace: timedelta
) -> Told:
    """Keep the certificates that are named; the others leave after `grace`. Returns what the audit says of it."""
    known = fingerprints(corridor, connection_id)
    wanted = {each.fingerprint: each for each in named}
    came = [each for fingerprint, each in wanted.items() if fingerprint not in known]
    back = [each for each in wanted if known.get(each) is not None]
    left = [each for each, leaves_at in known.items() if each not in wanted and (leaves_at is None or not grace)]
    gone = [each for each in left if not grace] + [each for each, at in known.items() if at is not None and at <= now]
    home = {"organization_id": corridor.organization_id, "connection_id": connection_id, "created_at": now, "leaves_at": None}
    corridor.delete(t.IdpCertificate, [{"connection_id": connection_id, "fingerprint": each} for each in {*gone} - {*wanted}])
    corridor.insert(t.IdpCertificate, [{**home, **_certificate_row(each)} for each in came])
    moved = [(each, None) for each in back] + [(each, now + grace) for each in left if grace]
    rows = [{"connection_id": connection_id, "fingerprint": each, "leaves_at": at} for each, at in moved]
    corridor.update(t.IdpCertificate, rows, keys=("connection_id", "fingerprint"))
    said = {"came": [each.fingerprint for each in came], "back": back, "leaving": left}
    told = {name: list(prints) for name, prints in said.items() if prints}
    return {}, {"certificates": told} if told else {}


def _certificate_row(each: Certificate) -> RowValues:
    return {"fingerprint": each.fingerprint, "pem": each.pem, "not_before": each.not_before, "not_after": each.not_after}


def drop_certificate(corridor: Corridor, connection_id: str, fingerprint: str) -> Told:
    """Take the one certificate that begins so no longer; returns what the audit says of it.

    Raises NotFound `certificate_not_found`, Conflict `last_certificate`.
    """
    known = fingerprints(corridor, connection_id)
    chosen = [each for each in known if each.startswith(fingerprint) and len(fingerprint) >= SHORTEST]
    if len(chosen) != 1:
        raise NotFound(
            "certificate_not_found",
            "No certificate of this connection, or more than one, begins with these letters.",
            expected=f"at least {SHORTEST} letters of a fingerprint",
            advice="`connector connection show CONNECTION` lists the certificates.",
        )
    if not any(leaves_at is None for each, leaves_at in known.items() if each != chosen[0]):
        raise Conflict(
            "last_certificate",
            "This is the only certificate that stays: nobody could sign in without it.",
            expected="another certificate beside it, which does not leave soon",
            advice="Give metadata with the new certificate first: `connector connection set CONNECTION --saml-metadata …`.",
        )
    corridor.delete(t.IdpCertificate, [{"connection_id": connection_id, "fingerprint": chosen[0]}])
    return {}, {"certificates": {"dropped": chosen}}


def bump(corridor: Corridor, connection_id: str, now: datetime) -> None:
    """The next version."""
    mine = update(t.SignOn).where(t.SignOn.connection_id == connection_id)
    corridor.tx.execute(mine.values(version=t.SignOn.version + 1, updated_at=now))
