"""What each identity provider puts into ID tokens, as data: issuer, subject, names of claims, how it tells groups.

Set up as our guides tell administrators to; sources are the pages those guides name. Issuers are invented.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from idp_fixtures.oidc.tokens import changed, id_claims
from idp_fixtures.people import Person

TENANT = "72f988bf-0000-4000-8000-2d7cd011db47"
SIZE_LIMIT = "[SIZE_LIMIT_EXCEEDED]"

Groups = Callable[[Person], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One provider. `claims` are pairs of claim and field of `Person` (a text after `=`); `verified` is its `email_verified`,
    None when it never says; `groups` makes the claims that tell groups."""

    name: str
    issuer: str
    claims: tuple[tuple[str, str], ...]
    verified: bool | None
    groups: Groups


def _listed(person: Person) -> Mapping[str, Any]:
    """A list of names; nothing when there are none."""
    return {"groups": list(person.groups)} if person.groups else {}


def _always_listed(person: Person) -> Mapping[str, Any]:
    return {"groups": list(person.groups)}


def _one_as_text(person: Person) -> Mapping[str, Any]:
    """JumpCloud: one group is a text, several are a list."""
    return {"groups": person.groups[0]} if len(person.groups) == 1 else _listed(person)


def _bounded(person: Person) -> Mapping[str, Any]:
    """PingOne: beyond 25 values in the ID token the list is one mark."""
    return {"groups": [SIZE_LIMIT]} if len(person.groups) > 25 else _listed(person)


def _none(person: Person) -> Mapping[str, Any]:
    """Google tells no groups to OpenID clients."""
    return {}


def _linked(person: Person) -> Mapping[str, Any]:
    """Entra: ids; beyond 200 a pointer to where they could be asked for (a distributed claim, OpenID Connect Core 1.0 5.6.2)."""
    if len(person.groups) <= 200:
        return {"groups": list(person.group_ids)} if person.groups else {}
    source = {"endpoint": f"https://graph.windows.example/{TENANT}/users/{person.id}/getMemberObjects"}
    return {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": source}}


PROFILE = (
    ("email", "email"),
    ("preferred_username", "email"),
    ("name", "display_name"),
    ("given_name", "first_name"),
    ("family_name", "last_name"),
)

VENDORS = {
    vendor.name: vendor
    for vendor in (
        Vendor("okta", "https://acme.okta.example", (*PROFILE, ("ver", "=1"), ("amr", "=pwd")), True, _listed),
        Vendor(
            "entra",
            f"https://login.entra.example/{TENANT}/v2.0",
            (*PROFILE, ("oid", "id"), ("tid", "=" + TENANT), ("ver", "=2.0")),
            None,
            _linked,
        ),
        Vendor("google", "https://accounts.google.example", (*PROFILE[:1], *PROFILE[2:], ("hd", "domain")), True, _none),
        Vendor("jumpcloud", "https://oauth.id.jumpcloud.example/", PROFILE[:1] + PROFILE[2:], None, _one_as_text),
        Vendor("onelogin", "https://acme.onelogin.example/oidc/2", PROFILE, None, _listed),
        Vendor("ping", "https://auth.pingone.example/5e3a1b7e-6cb4-4f43-8d36-0f5a2f4f6b1c/as", PROFILE, None, _bounded),
        Vendor("keycloak", "https://sso.acme.example/realms/acme", PROFILE, True, _always_listed),
        Vendor("authentik", "https://auth.acme.example/application/o/connector/", PROFILE, True, _always_listed),
        Vendor("generic", "https://idp.acme.example", PROFILE, True, _listed),
    )
}


def claims_of(vendor: Vendor, person: Person, client_id: str, *, nonce: str, now: datetime, **changes: Any) -> dict[str, Any]:
    """The ID token's claims of this vendor about this person. `changes` as in `tokens.id_claims`."""
    said: dict[str, Any] = {name: _told(person, source) for name, source in vendor.claims}
    if vendor.verified is not None:
        said["email_verified"] = vendor.verified
    plain = id_claims(vendor.issuer, client_id, nonce=nonce, now=now)
    base = {name: plain[name] for name in ("iss", "aud", "iat", "exp", "nonce")}
    return changed(base | {"sub": subject_of(vendor, person)} | said | dict(vendor.groups(person)), changes)


def subject_of(vendor: Vendor, person: Person) -> str:
    """Who it is to this vendor: Entra's `sub` is another one in every app, so it is not the object id."""
    return f"per-app-{person.id}" if vendor.name == "entra" else person.id


def _told(person: Person, source: str) -> str:
    if source.startswith("="):
        return source[1:]
    return person.email.partition("@")[2] if source == "domain" else str(getattr(person, source))
