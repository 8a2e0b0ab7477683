"""What each identity provider does differently in SAML, as data: issuer, NameID, what is signed, names of attributes, metadata.

Set up as our guides tell administrators to; sources are the pages those guides name. Ids of organizations, tenants and apps are
invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from idp_fixtures.keys import key_pair
from idp_fixtures.people import Person
from idp_fixtures.saml.message import Answer
from idp_fixtures.saml.names import EMAIL, NOW, PERSISTENT, POST_BINDING, REDIRECT_BINDING, UNSPECIFIED
from idp_fixtures.saml.signing import Signer

BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
PLAIN = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
MICROSOFT = "http://schemas.microsoft.com/identity/claims/"
TENANT = "72f988bf-0000-4000-8000-2d7cd011db47"

PRINTED = (("email", "email"), ("firstName", "first_name"), ("lastName", "last_name"))
"""The attribute names our guides print: name of the attribute, field of the person."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """One identity provider. `name_id` and the second half of each attribute name a field of `Person`, or are a text after `=`.

    `groups` is the attribute that carries groups, by `group_field` (names or ids), left out when there are none; beyond
    `most_groups` a link is sent instead. `bindings` are those its metadata offers for signing on, in its order.
    """

    name: str
    issuer: str
    sso_url: str
    name_id: str
    name_id_format: str
    signs: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]
    groups: str = "groups"
    group_field: str = "groups"
    most_groups: int | None = None
    attribute_format: str | None = PLAIN
    slo_url: str | None = None
    bindings: tuple[str, ...] = (POST_BINDING, REDIRECT_BINDING)
    other_roles: bool = False

    @property
    def signer(self) -> Signer:
        """The key this vendor signs with, in the usual way."""
        return Signer(key=key_pair(self.name))


VENDORS = {
    vendor.name: vendor
    for vendor in (
        Vendor(
            name="okta",
            issuer="http://www.okta.com/exk1fxo2l5qJ0f5Yq5d7",
            sso_url="https://acme.okta.example/app/acme_connector_1/exk1fxo2l5qJ0f5Yq5d7/sso/saml",
            name_id="email",
            name_id_format=UNSPECIFIED,
            signs=("assertion", "response"),
            attributes=(("id", "id"), *PRINTED),
        ),
        Vendor(
            name="entra",
            issuer=f"https://sts.windows.net/{TENANT}/",
            sso_url=f"https://login.entra.example/{TENANT}/saml2",
            slo_url=f"https://login.entra.example/{TENANT}/saml2",
            name_id="email",
            name_id_format=EMAIL,
            signs=("assertion",),
            attributes=(
                (MICROSOFT + "tenantid", "=" + TENANT),
                (MICROSOFT + "objectidentifier", "id"),
                (MICROSOFT + "displayname", "display_name"),
                (MICROSOFT + "identityprovider", f"=https://sts.windows.net/{TENANT}/"),
                (
                    "http://schemas.microsoft.com/claims/authnmethodsreferences",
                    "=http://schemas.microsoft.com/claims/multipleauthn",
                ),
                (CLAIMS + "givenname", "first_name"),
                (CLAIMS + "surname", "last_name"),
                (CLAIMS + "emailaddress", "email"),
                (CLAIMS + "name", "email"),
            ),
            groups="http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
            group_field="group_ids",
            most_groups=150,
            attribute_format=None,
            bindings=(REDIRECT_BINDING, POST_BINDING),
            other_roles=True,
        ),
        Vendor(
            name="google",
            issuer="https://accounts.google.example/o/saml2?idpid=C01abc234",
            sso_url="https://accounts.google.example/o/saml2/idp?idpid=C01abc234",
            name_id="email",
            name_id_format=EMAIL,
            signs=("assertion",),
            attributes=PRINTED,
            most_groups=75,
            bindings=(REDIRECT_BINDING, POST_BINDING),
        ),
        Vendor(
            name="jumpcloud",
            issuer="acme-connector",
            sso_url="https://sso.jumpcloud.example/saml2/acme-connector",
            name_id="email",
            name_id_format=EMAIL,
            signs=("assertion",),
            attributes=PRINTED,
            bindings=(REDIRECT_BINDING, POST_BINDING),
        ),
        Vendor(
            name="onelogin",
            issuer="https://app.onelogin.example/saml/metadata/0f2b5f8c-3c55-4b53-9f0d-5d0a4bca2d31",
            sso_url="https://acme.onelogin.example/trust/saml2/http-post/sso/0f2b5f8c-3c55-4b53-9f0d-5d0a4bca2d31",
            slo_url="https://acme.onelogin.example/trust/saml2/http-redirect/slo/1234567",
            name_id="email",
            name_id_format=EMAIL,
            signs=("assertion",),
            attributes=(("id", "id"), *PRINTED),
            attribute_format=BASIC,
            bindings=(REDIRECT_BINDING, POST_BINDING),
        ),
        Vendor(
            name="ping",
            issuer="https://auth.pingone.example/5e3a1b7e-6cb4-4f43-8d36-0f5a2f4f6b1c",
            sso_url="https://auth.pingone.example/5e3a1b7e-6cb4-4f43-8d36-0f5a2f4f6b1c/saml20/idp/sso",
            slo_url="https://auth.pingone.example/5e3a1b7e-6cb4-4f43-8d36-0f5a2f4f6b1c/saml20/idp/slo",
            name_id="id",
            name_id_format=UNSPECIFIED,
            signs=("assertion",),
            attributes=PRINTED,
        ),
        Vendor(
            name="keycloak",
            issuer="https://sso.acme.example/realms/acme",
            sso_url="https://sso.acme.example/realms/acme/protocol/saml",
            slo_url="https://sso.acme.example/realms/acme/protocol/saml",
            name_id="id",
            name_id_format=PERSISTENT,
            signs=("assertion", "response"),
            attributes=(("id", "id"), *PRINTED, ("Role", "=offline_access"), ("Role", "=uma_authorization")),
            attribute_format=BASIC,
        ),
        Vendor(
            name="authentik",
            issuer="https://auth.acme.example/application/saml/connector/metadata/",
            sso_url="https://auth.acme.example/application/saml/connector/sso/binding/redirect/",
            slo_url="https://auth.acme.example/application/saml/connector/slo/binding/redirect/",
            name_id="id",
            name_id_format=PERSISTENT,
            signs=("assertion",),
            attributes=(
                (CLAIMS + "upn", "email"),
                (CLAIMS + "name", "display_name"),
                (CLAIMS + "emailaddress", "email"),
                ("http://schemas.goauthentik.io/2021/02/saml/username", "email"),
                ("http://schemas.goauthentik.io/2021/02/saml/uid", "id"),
            ),
            groups="http://schemas.xmlsoap.org/claims/Group",
            attribute_format=None,
            bindings=(REDIRECT_BINDING, POST_BINDING),
        ),
        Vendor(
            name="adfs",
            issuer="http://adfs.acme.example/adfs/services/trust",
            sso_url="https://adfs.acme.example/adfs/ls/",
            slo_url="https://adfs.acme.example/adfs/ls/",
            name_id="email",
            name_id_format=EMAIL,
            signs=("assertion",),
            attributes=(
                (CLAIMS + "emailaddress", "email"),
                (CLAIMS + "givenname", "first_name"),
                (CLAIMS + "surname", "last_name"),
                (CLAIMS + "upn", "email"),
            ),
            groups="http://schemas.xmlsoap.org/claims/Group",
            attribute_format=None,
            bindings=(REDIRECT_BINDING, POST_BINDING),
            other_roles=True,
        ),
        Vendor(
            name="generic",
            issuer="https://idp.acme.example/saml/metadata",
            sso_url="https://idp.acme.example/saml/singleSignOn",
            slo_url="https://idp.acme.example/saml/singleLogout",
            name_id="id",
            name_id_format=PERSISTENT,
            signs=("assertion", "response"),
            attributes=(
                ("urn:oid:0.9.2342.19200300.100.1.3", "email"),
                ("urn:oid:2.5.4.42", "first_name"),
                ("urn:oid:2.5.4.4", "last_name"),
                ("urn:oid:2.16.840.1.113730.3.1.241", "display_name"),
            ),
            groups="urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
            attribute_format=URI,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The service provider an answer is for, and its request. None for one that nobody asked for (IdP-initiated)."""

    acs_url: str
    entity_id: str
    request_id: str | None = None


def answer_of(vendor: Vendor, person: Person, asked: Asked, now: datetime = NOW, **changes: Any) -> Answer:
    """What this vendor answers about this person. `changes` are fields of `Answer` that a test wants otherwise."""
    answer = Answer(
        issuer=vendor.issuer,
        acs_url=asked.acs_url,
        audience=asked.entity_id,
        in_response_to=asked.request_id,
        name_id=_told(person, vendor.name_id),
        name_id_format=vendor.name_id_format,
        attributes=attributes_of(vendor, person),
        attribute_format=vendor.attribute_format,
        now=now,
        signs=vendor.signs,
        signer=vendor.signer,
    )
    return replace(answer, **changes)


def attributes_of(vendor: Vendor, person: Person) -> Sequence[tuple[str, Sequence[str]]]:
    """The attributes in the order of the template; a name may come several times (Keycloak's list of roles does)."""
    told: list[tuple[str, Sequence[str]]] = [
        (name, (value,)) for name, source in vendor.attributes if (value := _told(person, source))
    ]
    return told + _groups(vendor, person)


def _groups(vendor: Vendor, person: Person) -> list[tuple[str, Sequence[str]]]:
    """Nothing when there are none; Entra sends a link beyond its limit, Google the first ones."""
    groups: tuple[str, ...] = getattr(person, vendor.group_field)
    if not groups:
        return []
    if vendor.name == "entra" and vendor.most_groups is not None and len(groups) > vendor.most_groups:
        link = f"https://graph.windows.example/{TENANT}/users/{person.id}/getMemberObjects"
        return [("http://schemas.microsoft.com/claims/groups.link", (link,))]
    return [(vendor.groups, groups[: vendor.most_groups])]


def _told(person: Person, source: str) -> str:
    return source[1:] if source.startswith("=") else str(getattr(person, source))
