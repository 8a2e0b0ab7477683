"""Alerts become mail: what the owners of an organization should hear goes to those of them who have a verified address.

It happens when the relay numbers the event, in the same transaction: every alert is mailed once, whatever dies in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, exists, select

from connector.accounts import mail
from connector.accounts.mail_text import Letter, as_html, as_text
from connector.errors import Invalid
from connector.membership.settings import settings_of
from connector.provisioning.relay import TO_PEOPLE
from connector.storage import tables as t
from connector.storage.sealing import Sealer
from connector.storage.sets import among

HEADINGS = {
    "break_glass.link_made": "A break-glass link was made",
    "break_glass.used": "Break-glass was used",
    "certificate.expiring": "A certificate of the identity provider ends",
    "connection.ready": "A connection is ready to go live",
    "directory.silent": "The identity provider is silent",
    "domain.lapsed": "A domain is no longer verified",
    "domain.missing": "The DNS record of a domain is missing",
    "guard.break_glass": "The identity provider put out a break-glass owner",
    "guard.burst": "Many people went out at once",
    "guard.last_owner": "A change was withheld to keep an owner",
    "metadata.failing": "The metadata of the identity provider cannot be read",
    "sign_in.break_glass": "A break-glass owner was refused at sign-in",
    "sign_in.link_ambiguous": "Somebody was refused at sign-in: two accounts may be theirs",
    "sign_in.second_subject": "Somebody was refused at sign-in: a second account with the same address",
    "token.expiring": "A SCIM token ends soon",
}
"""What a mail is called, by the kind of its event."""

_OTHERWISE = "Something needs an owner"


def mail_owners(tx: Connection, sealer: Sealer, base_url: str, event_ids: Sequence[str], now: datetime) -> int:
    """Write the mails about these events to the owners of their organizations; returns how many."""
    alerts = _alerts(tx, event_ids)
    owners = _owners(tx, sorted({alert.organization_id for alert in alerts}))
    told = [(alert, owner) for alert in alerts for owner in owners[alert.organization_id].items()]
    return sum(_write(tx, sealer, base_url, alert, person_id, email, now) for alert, (person_id, email) in told)


_SET = select(t.OrganizationSetting.document).where(
    t.OrganizationSetting.organization_id == t.Organization.id, t.OrganizationSetting.namespace == "notifications"
)


def _alerts(tx: Connection, event_ids: Sequence[str]) -> list[Row[*tuple[Any, ...]]]:
    """The events with their organization, and why it happened, which stands in the audit trail; but those muted there."""
    event, entry, organization = t.OutboxEvent, t.AuditEntry, t.Organization
    same = (entry.organization_id == event.organization_id, entry.at == event.created_at, entry.action == event.kind)
    found = (
        select(event.id, event.organization_id, event.kind, event.once, event.payload, event.created_at)
        .add_columns(organization.name, organization.slug, entry.because, entry.target)
        .add_columns(_SET.correlate(organization).scalar_subquery().label("notifications"))
        .join(organization, organization.id == event.organization_id)
        .join(entry, same[0] & same[1] & same[2])
        .where(among(event.id, event_ids), event.kind.not_in(TO_PEOPLE), organization.deleted_at.is_(None))
        .order_by(event.id)
    )
    return [row for row in tx.execute(found) if row.target == row.payload.get("target") and not _is_muted(row)]


def _is_muted(alert: Row[*tuple[Any, ...]]) -> bool:
    return alert.kind in settings_of({"notifications": alert.notifications or {}}).notifications.muted


def _owners(tx: Connection, organization_ids: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """Organization -> its active owners with a verified address: person -> the address, the primary one before others."""
    member, role, address = t.Membership, t.Role, t.Address
    found = (
        select(member.organization_id, member.person_id, address.email)
        .join(role, (role.organization_id == member.organization_id) & (role.name == member.role))
        .join(address, address.person_id == member.person_id)
        .where(among(member.organization_id, organization_ids), role.top, address.verified)
        .where(~exists().where(t.Suspension.membership_id == member.id))
        .order_by(address.is_primary, address.id.desc())
    )
    owners: dict[str, dict[str, str]] = defaultdict(dict)
    for organization_id, person_id, email in tx.execute(found):
        owners[organization_id][person_id] = email  # the last one stays: a primary address, the oldest of several
    return owners


def _write(
    tx: Connection, sealer: Sealer, base_url: str, alert: Row[*tuple[Any, ...]], person_id: str, email: str, now: datetime
) -> bool:
    """One mail; False when this was told before. What an IdP asks for again and again is told once a day."""
    letter = _letter(alert, base_url)
    once = f"{alert.organization_id}:{alert.once or f'{alert.kind}:{alert.target}:{alert.created_at.date()}'}:{person_id}"
    subject = f"{letter.heading} ({alert.slug})"
    text, html = as_text(letter), as_html(letter)
    try:
        return mail.write(tx, sealer, kind=alert.kind, recipient=email, subject=subject, text=text, html=html, once=once, now=now)
    except Invalid:  # an address that was taken for one once, and cannot be mailed
        return False


def _letter(alert: Row[*tuple[Any, ...]], base_url: str) -> Letter:
    sentences = [because[:1].upper() + because[1:].rstrip(".") + "." for because in alert.because]
    about = f"This is about {alert.name} ({alert.target}), {alert.created_at:%Y-%m-%d %H:%M} UTC."
    more = f"The audit trail has the whole story: in the console, or by `connector audit {alert.slug}`."
    reason = f"You get this because you are an owner of {alert.name} at {urlsplit(base_url).hostname}."
    tail, words = _page(alert)
    link = (words, f"{base_url}/admin/{alert.slug}{tail}")
    return Letter(HEADINGS.get(alert.kind, _OTHERWISE), (*sentences, about, more), reason, link=link)


def _page(alert: Row[*tuple[Any, ...]]) -> tuple[str, str]:
    """The page of the console where it is put right, behind the address of the organization, and the words of the link."""
    kind, _, name = str(alert.target).partition(":")
    if alert.kind == "connection.ready":
        return f"/connections/{name}/setup/go-live", "Go live"
    if alert.kind.startswith("break_glass."):
        return "/break-glass", "Open the break-glass owners"
    if alert.kind.startswith("sign_in."):
        return "/sign-ins?status=refused", "Open the sign-ins"
    if kind == "connection":
        return f"/connections/{name}", "Open the connection"
    return ("/domains", "Open the domains") if kind == "domain" else ("", "Open the organization")
