"""Messages of single logout (saml-core-2.0-os 3.7), and the reading of a service provider's requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp_fixtures.saml.message import Change
from idp_fixtures.saml.names import (
    EMAIL,
    NOW,
    PREFIXES,
    SUCCESS,
    Element,
    instant,
    new_id,
    parse,
    saml,
    samlp,
    serialize,
)
from idp_fixtures.saml.signing import Signer, sign


@dataclass(frozen=True, slots=True)
class Logout:
    """What a LogoutRequest says; `signer` None leaves it unsigned (the redirect binding signs the query instead)."""

    issuer: str
    destination: str | None
    name_id: str
    name_id_format: str | None = EMAIL
    name_id_qualifiers: Mapping[str, str] = field(default_factory=dict)
    session_index: str | None = "_session"
    now: datetime = NOW
    lifetime: timedelta | None = timedelta(minutes=5)
    message_id: str = field(default_factory=new_id)
    signer: Signer | None = None
    before: Change | None = None
    after: Change | None = None


def logout_request(logout: Logout) -> bytes:
    """A samlp:LogoutRequest."""
    request = samlp.LogoutRequest(ID=logout.message_id, Version="2.0", IssueInstant=instant(logout.now))
    if logout.destination is not None:
        request.set("Destination", logout.destination)
    if logout.lifetime is not None:
        request.set("NotOnOrAfter", instant(logout.now + logout.lifetime))
    request.append(saml.Issuer(logout.issuer))
    request.append(_name_id(logout))
    if logout.session_index is not None:
        request.append(samlp.SessionIndex(logout.session_index))
    return _finished(request, logout.signer, logout.before, logout.after)


def _name_id(logout: Logout) -> Element:
    name_id = saml.NameID(logout.name_id, **logout.name_id_qualifiers)
    if logout.name_id_format is not None:
        name_id.set("Format", logout.name_id_format)
    return name_id


def logout_response(
    issuer: str,
    destination: str,
    in_response_to: str,
    *,
    status: str = SUCCESS,
    now: datetime = NOW,
    signer: Signer | None = None,
) -> bytes:
    """A samlp:LogoutResponse."""
    response = samlp.LogoutResponse(
        ID=new_id(), Version="2.0", IssueInstant=instant(now), Destination=destination, InResponseTo=in_response_to
    )
    response.append(saml.Issuer(issuer))
    response.append(samlp.Status(samlp.StatusCode(Value=status)))
    return _finished(response, signer, None, None)


def _finished(tree: Element, signer: Signer | None, before: Change | None, after: Change | None) -> bytes:
    tree = parse(serialize(tree))
    if before is not None:
        before(tree)
    if signer is not None:
        tree = sign(tree, tree, signer)
    if after is not None:
        after(tree)
    return serialize(tree)


@dataclass(frozen=True, slots=True)
class Request:
    """What a service provider asks: an AuthnRequest or LogoutRequest. `acs_url` and `force_authn` are of the first only,
    `name_id` and `session_index` of the second."""

    kind: str
    id: str
    issuer: str
    destination: str | None
    acs_url: str | None = None
    force_authn: bool = False
    name_id: str | None = None
    session_index: str | None = None


def read_request(xml: bytes) -> Request:
    """A request as it arrived. Raises SyntaxError (as lxml does) when it is not XML, LookupError without an Issuer."""
    tree = parse(xml)
    issuer = tree.xpath("string(saml:Issuer)", namespaces=PREFIXES)
    if not issuer:
        raise LookupError("This request has no Issuer.")
    return Request(
        kind=tree.tag.rpartition("}")[2],
        id=tree.get("ID", ""),
        issuer=str(issuer),
        destination=tree.get("Destination"),
        acs_url=tree.get("AssertionConsumerServiceURL"),
        force_authn=tree.get("ForceAuthn") in {"true", "1"},
        name_id=str(tree.xpath("string(saml:NameID)", namespaces=PREFIXES)) or None,
        session_index=str(tree.xpath("string(samlp:SessionIndex)", namespaces=PREFIXES)) or None,
    )
