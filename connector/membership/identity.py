"""Who an identity provider says somebody is: the one value that crosses from SAML and OpenID Connect into connector.

A protocol room makes it only from what was signed, and only after every check. Nothing in it is trusted beyond that: whom it is
here, and what they may do, is decided by `directory/sign_in.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Method = Literal["saml", "oidc"]
Attributes = Mapping[str, tuple[str, ...]]
"""Attributes or claims as they arrived: name -> values, texts only."""


@dataclass(frozen=True, slots=True)
class SubjectId:
    """Who it is at the IdP. `kind` is the NameID format's last part (`persistent`, `emailAddress`, `unspecified`, `transient` is
    never one), `attribute:NAME` for a configured immutable attribute, `sub`, or `oid+tid` (value `OID@TID`).

    `mutable` is True for what may be given to somebody else one day: an e-mail address. It links inside verified domains only.
    """

    issuer: str
    kind: str
    value: str
    mutable: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """What the attributes mean, by the connection's mapping. `email_verified` is None when the IdP did not say.

    `external_id` is the immutable id that equals the pushed externalId. `groups` is None when nothing is known of groups: left
    out (unless absence means none, as the connection says), or too many to be told (`groups_overage`); unknown is not empty.
    """

    email: str | None = None
    email_verified: bool | None = None
    user_name: str | None = None
    display_name: str | None = None
    external_id: str | None = None
    groups: tuple[str, ...] | None = None
    groups_overage: bool = False


@dataclass(frozen=True, slots=True)
class LogoutHandle:
    """What the IdP will name this sign-in by when it ends it: SAML NameID (with its format and qualifiers as XML attributes) and
    SessionIndex, OIDC `sub` (in `name_id`) and `sid`. `hint` is what a logout started here has to show: the ID token."""

    name_id: str | None = None
    name_id_attributes: Mapping[str, str] = field(default_factory=dict)
    session_index: str | None = None
    hint: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class VerifiedIdentity:
    """Somebody whom the IdP of a connection has just authenticated, every check passed.

    `message_id` (assertion ID; for OIDC a hash of the ID token) is spent once, and remembered until `message_until`.
    `ends_at` is the IdP's upper limit of the session (SAML SessionNotOnOrAfter), or None.
    """

    connection_id: str
    method: Method
    subject: SubjectId
    profile: Profile
    attributes: Attributes
    message_id: str
    message_until: datetime
    authenticated_at: datetime | None = None
    ends_at: datetime | None = None
    logout: LogoutHandle = LogoutHandle()
