"""The metadata an identity provider publishes (saml-metadata-2.0-os), and the reading of a service provider's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree
from lxml.builder import ElementMaker

from idp_fixtures.keys import KeyPair, key_pair
from idp_fixtures.saml.names import DS, METADATA, PREFIXES, REDIRECT_BINDING, SAMLP, Element, instant, new_id, parse, serialize
from idp_fixtures.saml.signing import Signer, sign
from idp_fixtures.saml.vendors import Vendor

md = ElementMaker(namespace=METADATA, nsmap={"md": METADATA})
ds = ElementMaker(namespace=DS, nsmap={"ds": DS})


@dataclass(frozen=True, slots=True)
class Published:
    """What metadata says beyond the vendor's template. `keys` are the signing keys in their order (the vendor's own when empty);
    `signer` signs the document as a whole, as Entra and AD FS do."""

    keys: Sequence[KeyPair] = ()
    valid_until: datetime | None = None
    wants_signed: bool | None = None
    entity_id: str | None = None
    signer: Signer | None = None


def metadata(vendor: Vendor, published: Published | None = None) -> bytes:
    """One md:EntityDescriptor of this vendor; where it publishes other roles, they come before the one that matters."""
    said = published or Published()
    entity = md.EntityDescriptor(entityID=said.entity_id or vendor.issuer, ID=new_id())
    if said.valid_until is not None:
        entity.set("validUntil", instant(said.valid_until))
    keys = tuple(said.keys) or (key_pair(vendor.name),)
    if vendor.other_roles:
        entity.append(_federation_role(keys))
    entity.append(_idp_role(vendor, said, keys))
    if said.signer is not None:
        tree = parse(serialize(entity))
        entity = sign(tree, tree, said.signer, at=0)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + serialize(entity)


def _idp_role(vendor: Vendor, said: Published, keys: Sequence[KeyPair]) -> Element:
    role = md.IDPSSODescriptor(protocolSupportEnumeration=SAMLP)
    if said.wants_signed is not None:
        role.set("WantAuthnRequestsSigned", str(said.wants_signed).lower())
    role.extend(_key_descriptor(key) for key in keys)
    if vendor.slo_url is not None:
        role.append(md.SingleLogoutService(Binding=REDIRECT_BINDING, Location=vendor.slo_url))
    role.append(md.NameIDFormat(vendor.name_id_format))
    role.extend(md.SingleSignOnService(Binding=binding, Location=vendor.sso_url) for binding in vendor.bindings)
    return role


def _key_descriptor(key: KeyPair) -> Element:
    certificate = ds.X509Certificate(key.certificate_body)
    return md.KeyDescriptor(ds.KeyInfo(ds.X509Data(certificate)), use="signing")


def _federation_role(keys: Sequence[KeyPair]) -> Element:
    """A WS-Federation role as Entra and AD FS publish it beside SAML: it has keys too, and is none of ours."""
    role = md.RoleDescriptor(protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706")
    role.extend(_key_descriptor(key) for key in keys)
    return role


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """A service provider as its metadata tells: where answers go, and the certificates it signs with and can decrypt."""

    entity_id: str
    acs_url: str
    slo_url: str | None = None
    signing: tuple[str, ...] = ()
    encryption: tuple[str, ...] = ()


def read_service_provider(xml: bytes) -> ServiceProvider:
    """The service provider a metadata document describes. Raises LookupError when it describes none."""
    tree = parse(xml)
    role = tree.xpath("/md:EntityDescriptor/md:SPSSODescriptor", namespaces=PREFIXES)
    acs = tree.xpath("//md:SPSSODescriptor/md:AssertionConsumerService/@Location", namespaces=PREFIXES)
    if not role or not acs:
        raise LookupError("This metadata describes no service provider.")
    slo = tree.xpath("//md:SPSSODescriptor/md:SingleLogoutService/@Location", namespaces=PREFIXES)
    return ServiceProvider(
        entity_id=str(tree.get("entityID")),
        acs_url=str(acs[0]),
        slo_url=str(slo[0]) if slo else None,
        signing=_certificates(role[0], "signing"),
        encryption=_certificates(role[0], "encryption"),
    )


def _certificates(role: Element, use: str) -> tuple[str, ...]:
    """PEM texts of the keys with this use, or without one, which means both."""
    path = f"md:KeyDescriptor[not(@use) or @use='{use}']//ds:X509Certificate/text()"
    return tuple(pem(str(text)) for text in role.xpath(path, namespaces=PREFIXES))


def pem(body: str) -> str:
    """A certificate in base64 as a PEM text."""
    text = "".join(body.split())
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def entities(*documents: bytes) -> bytes:
    """Several entities in one md:EntitiesDescriptor, as a federation publishes them."""
    group = etree.Element(f"{{{METADATA}}}EntitiesDescriptor", nsmap={"md": METADATA})
    group.extend(parse(document) for document in documents)
    return serialize(group)
