"""A connection to an imitated identity provider, and answers for it, at one fixed moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connector.directory.certificates import read_certificate
from connector.directory.sign_on_model import Certificate, SamlSide, SigningKey, SignOn
from connector.membership.identity import VerifiedIdentity
from connector.membership.profile import default_mapping
from connector.saml.response import verify
from idp_fixtures.keys import KeyPair, key_pair
from idp_fixtures.people import Person, person_id
from idp_fixtures.saml.message import make
from idp_fixtures.saml.names import NOW as NOW
from idp_fixtures.saml.names import encoded, find, parse, serialize
from idp_fixtures.saml.vendors import VENDORS, Asked, answer_of

ACS = "https://id.example.com/sso/c1/acs"
ENTITY_ID = "https://id.example.com/sso/c1/metadata"
LOGOUT = "https://id.example.com/sso/c1/logout"
REQUEST = "_0123456789abcdef0123456789abcdef01234567"
ADA = Person(person_id("ada@acme.example"), "ada@acme.example", "Ada", "Lovelace", ("Engineering", "Research"))
IDPS = ("okta", "entra", "google", "jumpcloud", "onelogin", "ping")
OURS = tuple(SigningKey(name, key_pair(name).certificate, key_pair(name).private_key) for name in ("sp-new", "sp-old"))


def certificate(name: str, *, leaves_at: datetime | None = None) -> Certificate:
    """The certificate of an imitated identity provider, pinned."""
    return replace(pin(key_pair(name)), leaves_at=leaves_at)


def pin(key: KeyPair) -> Certificate:
    """The certificate of a key pair, pinned."""
    return read_certificate(key.certificate)


def sign_on(vendor: str = "okta", *, subject: str | None = None, **side: Any) -> SignOn:
    """A connection to this vendor. Keyword arguments are fields of `SamlSide`."""
    template = VENDORS[vendor]
    idp = vendor if vendor in IDPS else "generic"
    mapping = default_mapping(idp, "saml")
    said = {"issuer": template.issuer, "sso_url": template.sso_url, "sso_binding": "redirect", "slo_url": template.slo_url}
    return SignOn(
        connection_id="c1",
        organization_id="o1",
        organization_slug="acme",
        organization_name="Acme",
        name=vendor.title(),
        idp=idp,
        state="active",
        mode="sso",
        version=1,
        mapping=mapping if subject is None else replace(mapping, subject=subject),
        addresses={"acs_url": ACS, "entity_id": ENTITY_ID, "logout_url": LOGOUT, "metadata_url": ENTITY_ID},
        saml=SamlSide(**{**said, "certificates": (certificate(vendor),), **side}),
    )


def answer(vendor: str = "okta", *, request_id: str | None = REQUEST, **changes: Any) -> bytes:
    """What this vendor answers about Ada. `changes` are fields of `Answer`."""
    return make(answer_of(VENDORS[vendor], ADA, Asked(ACS, ENTITY_ID, request_id), **changes))


def accept(
    xml: bytes,
    connection: SignOn | None = None,
    *,
    keys: Sequence[SigningKey] = OURS,
    request_id: str | None = REQUEST,
    since: datetime | None = None,
    now: datetime = NOW,
) -> VerifiedIdentity:
    """Verify an answer as the routes do."""
    connection = connection or sign_on()
    return verify(encoded(xml), connection, keys, request_id=request_id, force_authn_since=since, now=now)


def setting(path: str, name: str, value: str | None) -> Callable[[Any], object]:
    """A change of a message: the attribute of the element at this path; None takes it away."""

    def change(tree: Any) -> None:
        element = find(tree, path)
        element.attrib.pop(name, None) if value is None else element.set(name, value)

    return change


def removing(path: str) -> Callable[[Any], object]:
    """A change of a message: the element at this path goes."""

    def change(tree: Any) -> None:
        element = find(tree, path)
        element.getparent().remove(element)

    return change


def doubling(path: str) -> Callable[[Any], object]:
    """A change of a message: the element at this path comes twice."""

    def change(tree: Any) -> None:
        element = find(tree, path)
        element.addnext(parse(serialize(element)))

    return change


def minutes(count: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=count)
