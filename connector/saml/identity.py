"""Who a verified assertion says somebody is: subject, attributes, and what the IdP will name this sign-in by."""

from __future__ import annotations

import re

from connector.directory.sign_on_model import SamlSide, SignOn
from connector.errors import Forbidden
from connector.membership.fold import can_name, is_storable
from connector.membership.identity import Attributes, LogoutHandle, SubjectId, VerifiedIdentity
from connector.membership.profile import read_profile, read_subject
from connector.saml.checks import Checked
from connector.saml.names import SAML, Element, text_of
from connector.saml.times import later

_LONGEST = 1024
_FORMAT = re.compile(r"[A-Za-z0-9.-]{1,64}")
_QUALIFIERS = ("Format", "NameQualifier", "SPNameQualifier", "SPProvidedID")


def read_identity(assertion: Element, sign_on: SignOn, side: SamlSide, checked: Checked) -> VerifiedIdentity:
    """Read an assertion that was verified and checked. Raises Forbidden `saml_subject`."""
    name_id = assertion.find(f"{SAML}Subject/{SAML}NameID")
    attributes = read_attributes(assertion)
    kind = format_of(name_id)
    profile = read_profile(sign_on.mapping, attributes=attributes, name_id=text_of(name_id) or None, name_id_format=kind)
    return VerifiedIdentity(
        connection_id=sign_on.connection_id,
        method="saml",
        subject=_subject(name_id, kind, attributes, sign_on, side),
        profile=profile,
        attributes=attributes,
        message_id=assertion.get("ID"),
        message_until=later(checked.until),
        authenticated_at=checked.authenticated_at,
        ends_at=checked.ends_at,
        logout=handle_of(name_id, checked.session_index),
    )


def read_attributes(assertion: Element) -> Attributes:
    """All attributes of all statements. A name that comes twice has the values of both: Keycloak sends its roles so."""
    found: dict[str, list[str]] = {}
    for attribute in assertion.iterfind(f"{SAML}AttributeStatement/{SAML}Attribute"):
        name = attribute.get("Name", "").strip()
        if name and len(name) <= _LONGEST:
            found.setdefault(name, []).extend(_values(attribute))
    return {name: tuple(values) for name, values in found.items()}


def _values(attribute: Element) -> list[str]:
    """The texts; of a value that is a NameID (eduPersonTargetedID) that one's text; nothing of other structures."""
    texts = []
    for value in attribute.iterfind(SAML + "AttributeValue"):
        holder = value if len(value) == 0 else value.find(SAML + "NameID")
        text = text_of(holder)
        if text and is_storable(text):
            texts.append(text)
    return texts


def format_of(name_id: Element | None) -> str:
    """The last part of the NameID's format; `unspecified` without one, "" without a NameID."""
    if name_id is None:
        return ""
    last = name_id.get("Format", "").rpartition(":")[2]
    return last if _FORMAT.fullmatch(last) else "unspecified"


def handle_of(name_id: Element | None, session_index: str | None) -> LogoutHandle:
    """What the identity provider will name this sign-in by when it ends it."""
    if name_id is None:
        return LogoutHandle(session_index=session_index)
    qualifiers = {name: name_id.get(name) for name in _QUALIFIERS if name_id.get(name) is not None}
    return LogoutHandle(text_of(name_id), qualifiers, session_index)


def _subject(name_id: Element | None, kind: str, attributes: Attributes, sign_on: SignOn, side: SamlSide) -> SubjectId:
    name = sign_on.mapping.subject
    if name:
        value = read_subject(sign_on.mapping, attributes)
        if not value or len(value) > _LONGEST:
            detail = f"The attribute {name!r}, by which people are known, is missing or has several values."
            raise _refused(detail, name, "At the identity provider, map a lasting id to this attribute, one for each person.")
        return SubjectId(side.issuer, f"attribute:{name}", value)
    value = text_of(name_id)
    if not value or len(value) > _LONGEST or not can_name(value):
        raise _refused("The assertion has no NameID that can be used.", "a NameID in the clear, of at most 1024 characters")
    if kind == "transient":
        raise _refused("The NameID is transient: it is another one at the next sign-in.", "a NameID that stays the same")
    # Okta sends the user name, which is an address, as `unspecified`: it too may be somebody else's one day.
    mutable = kind == "emailAddress" or (kind == "unspecified" and "@" in value)
    return SubjectId(side.issuer, kind, value, mutable)


_LASTING = (
    "At the identity provider, choose a lasting id as NameID (format persistent). If it sends one as an attribute, know people by"
    " that: `connector connection set CONNECTION --subject-attribute NAME`."
)


def _refused(detail: str, expected: str, advice: str = _LASTING) -> Forbidden:
    return Forbidden("saml_subject", detail, expected=expected, advice=advice)
