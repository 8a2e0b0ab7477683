"""WAYS: what of a verified identity may be compared with what is known here, before its subject is known. Pure but for columns.

An address counts only inside a domain that the organization has verified, and only if the IdP does not call it unverified; so
does a userName, which people can choose for themselves at some identity providers.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Final

from sqlalchemy import ColumnElement, or_

from connector.accounts.persons import read_email
from connector.errors import Invalid
from connector.membership.fold import fold
from connector.membership.identity import VerifiedIdentity
from connector.provisioning import people
from connector.storage import tables as t

TENANT_SUBJECT: Final = "oid+tid"
"""The kind of subject whose value is OID@TID: the object id is what Entra pushes."""

_USER = t.DirectoryUser


def subject_value(identity: VerifiedIdentity) -> str:
    """The subject as it is kept and compared: an e-mail address without case, anything else as it is."""
    subject = identity.subject
    return fold(subject.value) if subject.mutable else subject.value


def trusted_email(identity: VerifiedIdentity, domains: Collection[str]) -> str | None:
    """The address as it was written, if it is one that mail reaches, stands inside a verified domain, and the IdP does not call
    it unverified."""
    profile = identity.profile
    if not profile.email or profile.email_verified is False:
        return None
    with suppress(Invalid):
        email = read_email(profile.email)
        return email if people.inside(fold(email), domains) else None
    return None


def trusted_key(identity: VerifiedIdentity, domains: Collection[str]) -> str | None:
    """The same, folded."""
    email = trusted_email(identity, domains)
    return fold(email) if email else None


def by_id(identity: VerifiedIdentity) -> list[ColumnElement[bool]]:
    """How a pushed user is looked for by what never changes: the externalId that is sent, or the subject."""
    profile, subject = identity.profile, identity.subject
    ids = [profile.external_id] if profile.external_id else []
    ids += [] if subject.mutable else [subject.value]
    ids += [subject.value.partition("@")[0]] if subject.kind == TENANT_SUBJECT else []
    return [_USER.external_id == each for each in dict.fromkeys(ids)]


def by_name(identity: VerifiedIdentity, domains: Collection[str]) -> list[ColumnElement[bool]]:
    """By userName."""
    profile = identity.profile
    name = fold(profile.user_name) if profile.user_name and profile.email_verified is not False else None
    return [_USER.user_name_key == name] if people.inside(name, domains) else []


def by_email(identity: VerifiedIdentity, domains: Collection[str]) -> list[ColumnElement[bool]]:
    """By address: where it is the userName, else wherever it stands."""
    email = trusted_key(identity, domains)
    return [_USER.user_name_key == email, _USER.email_key == email] if email else []


def fits_email(identity: VerifiedIdentity, domains: Collection[str]) -> ColumnElement[bool] | None:
    """Whoever has the address as userName or e-mail; None without an address that counts."""
    found = by_email(identity, domains)
    return or_(*found) if found else None
