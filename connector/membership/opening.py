"""OPENING: the only answer to "may this session open that?" (DESIGN section 7). Pure.

What somebody may do inside an organization is the business of its roles. This comes before: whether the way they signed in is one
that this organization opens to. No organization's identity provider opens anything but that organization, whatever it asserts.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from connector.membership.model import Mode

Method = Literal[
    "email_link",
    "oidc_local",
    "operator_link",
    "break_glass",
    "saml",
    "oidc",
    "personal_key",
    "organization_key",
    "project_key",
]
OpenBy = Literal["local", "sso", "break_glass"]

LOCAL: frozenset[Method] = frozenset({"email_link", "oidc_local", "operator_link"})
"""Shown to this installation itself: a mailed or printed link, or the installation-wide provider."""

SSO: frozenset[Method] = frozenset({"saml", "oidc"})
"""Shown to the identity provider of one organization."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """One way in which a person showed who they are, while it lives: what has ended or expired is not asked about.

    `organization_id` is set for an organization's identity provider (which comes with its connection and whether that is active),
    for break-glass, and for keys of an organization or of a project of it. A project's key is nobody's: it opens nothing that
    somebody's membership does (`acting.stand` judges it).
    """

    method: Method
    organization_id: str | None = None
    connection_id: str | None = None
    connection_active: bool = False


@dataclass(frozen=True, slots=True)
class OrganizationAccess:
    """An organization as one person finds it: how it gets its members, and whether they are one of them who is not suspended."""

    id: str
    mode: Mode
    member: bool


def opens(authentications: Collection[Authentication], organization: OrganizationAccess) -> OpenBy | None:
    """Return what opens the organization, None when nothing of this does.

    In `sso` an authentication through one of its own active connections; in `invitation` a local one; break-glass for this very
    organization in both. Nobody but an active member is let in by anything.
    """
    if not organization.member:
        return None
    usual: OpenBy = "sso" if organization.mode is Mode.SSO else "local"
    if any(_is_usual(each, organization) for each in authentications):
        return usual
    broken = any(each.method == "break_glass" and each.organization_id == organization.id for each in authentications)
    return "break_glass" if broken else None


def _is_usual(authentication: Authentication, organization: OrganizationAccess) -> bool:
    """Whether this is what the organization opens to in its mode. A key of its own works in either."""
    mine = authentication.organization_id == organization.id
    if authentication.method == "organization_key":
        return mine
    if organization.mode is Mode.SSO:
        return mine and _through_connection(authentication)
    return _as_local(authentication)


def _through_connection(authentication: Authentication) -> bool:
    return authentication.method in SSO and authentication.connection_active


def _as_local(authentication: Authentication) -> bool:
    return authentication.method in LOCAL or authentication.method == "personal_key"


def holds_local(authentications: Collection[Authentication]) -> bool:
    """Whether a personal key may be made: it opens what a local sign-in opens, so it is made by somebody to whom that is open.

    An identity provider that has somebody's own domain opens what is their own, and no other organization by way of a key.
    """
    return any(_as_local(each) for each in authentications)


def opens_personal(authentications: Collection[Authentication], primary_domain_owner: str | None) -> bool:
    """Whether the personal workspace opens, and everything else not inside one organization: addresses, credentials, personal
    keys, sessions, invitations, new organizations, transfers.

    To what is local; or to an active connection of the organization that has verified the domain of the person's *primary*
    address (`primary_domain_owner`, None where nobody has): whoever has the domain has the mailbox.
    """
    return any(
        _as_local(each)
        or (_through_connection(each) and primary_domain_owner is not None and each.organization_id == primary_domain_owner)
        for each in authentications
    )


def powers_over_installation(authentications: Collection[Authentication]) -> bool:
    """Whether powers over the whole installation may be used: by a person who signed in locally, never through an organization's
    identity provider, break-glass, or a key."""
    return any(each.method in LOCAL for each in authentications)
