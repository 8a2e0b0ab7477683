"""What the attributes of a sign-in mean: which one is the e-mail address, the groups, the id that was pushed. Pure.

The names differ by identity provider, by protocol and by what its admin typed. The defaults know the names connector asks for
in its guides (`id`, `email`, `firstName`, `lastName`, `groups`), the long names of Microsoft, of LDAP and of the SAML attribute
profiles, and the standard claims of OpenID Connect Core 1.0 section 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from connector.membership.fold import fold, is_storable
from connector.membership.identity import Attributes, Method, Profile

AbsentGroups = Literal["unknown", "empty"]

NAME_ID = "NameID"
"""In a mapping: not an attribute, but the SAML NameID itself."""

ENTRA_OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"

_SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_GROUPS_LINK = "http://schemas.microsoft.com/claims/groups.link"
_CLAIM_NAMES = "_claim_names"
_TOO_MANY = "[SIZE_LIMIT_EXCEEDED]"


@dataclass(frozen=True, slots=True)
class AttributeMapping:
    """Which attribute means what. A tuple lists names of which the first present counts; an empty `subject` means the NameID or
    `sub` (`oid`+`tid` for Entra). `absent_groups` is what a sign-in without the groups attribute says."""

    subject: str = ""
    email: tuple[str, ...] = ()
    user_name: tuple[str, ...] = ()
    first_name: tuple[str, ...] = ()
    last_name: tuple[str, ...] = ()
    display_name: tuple[str, ...] = ()
    external_id: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    absent_groups: AbsentGroups = "unknown"


_SAML = AttributeMapping(
    email=(
        "email",
        "mail",
        "emailAddress",
        _SOAP + "emailaddress",
        "urn:oid:0.9.2342.19200300.100.1.3",  # mail, RFC 4524
        "urn:oid:1.2.840.113549.1.9.1",  # emailAddress, RFC 2985
    ),
    user_name=(
        "userName",
        "preferred_username",
        "http://schemas.goauthentik.io/2021/02/saml/username",
        _SOAP + "upn",
        "uid",
        "urn:oid:0.9.2342.19200300.100.1.1",  # uid, RFC 4519
        NAME_ID,
    ),
    first_name=("firstName", "givenName", "given_name", "first_name", _SOAP + "givenname", "urn:oid:2.5.4.42"),
    last_name=("lastName", "surname", "sn", "family_name", "last_name", _SOAP + "surname", "urn:oid:2.5.4.4"),
    display_name=(
        "displayName",
        "http://schemas.microsoft.com/identity/claims/displayname",
        "urn:oid:2.16.840.1.113730.3.1.241",  # displayName, RFC 2798
        "cn",
        "urn:oid:2.5.4.3",
    ),
    external_id=("id", NAME_ID),
    groups=(
        "groups",
        "group",
        "memberOf",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
        "http://schemas.xmlsoap.org/claims/Group",
        "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",  # isMemberOf of eduMember
    ),
)
_OIDC = AttributeMapping(
    email=("email",),
    user_name=("preferred_username",),
    first_name=("given_name",),
    last_name=("family_name",),
    display_name=("name",),
    external_id=("sub",),
    groups=("groups",),
)
_DEFAULTS: Mapping[tuple[str, Method], AttributeMapping] = {
    ("okta", "saml"): replace(_SAML, user_name=(NAME_ID,), external_id=("id",)),
    ("entra", "saml"): replace(
        _SAML,
        subject=ENTRA_OBJECT_ID,
        user_name=(_SOAP + "name", "userName", _SOAP + "upn"),
        external_id=(ENTRA_OBJECT_ID, "id"),
    ),
    ("entra", "oidc"): replace(_OIDC, user_name=("preferred_username", "upn"), external_id=("oid",)),
    ("google", "saml"): replace(_SAML, external_id=()),
    ("google", "oidc"): replace(_OIDC, external_id=()),
    ("jumpcloud", "saml"): replace(_SAML, external_id=("id",)),
    ("jumpcloud", "oidc"): replace(_OIDC, external_id=("id",)),
    ("onelogin", "saml"): replace(_SAML, external_id=("id",)),
}


def default_mapping(idp: str, method: Method) -> AttributeMapping:
    """Return what attributes mean at an identity provider (`okta`, `entra`, `google`, `jumpcloud`, `onelogin`, `ping`, `generic`)
    as long as nobody says otherwise. An unknown name is `generic`."""
    return _DEFAULTS.get((idp, method), _SAML if method == "saml" else _OIDC)


def read_profile(
    mapping: AttributeMapping, *, attributes: Attributes, name_id: str | None = None, name_id_format: str = ""
) -> Profile:
    """Return what the attributes or claims of one sign-in mean.

    `name_id_format` is the format of the SAML NameID, whole or only its last part; OpenID Connect has neither. Claims that are
    no text come as text: `email_verified` as `true` or `false`, `_claim_names` as the names in it. Blank values, and those no
    database can keep, count as not sent.
    """
    sent = _Sent(attributes, name_id, name_id_format.rpartition(":")[2])
    groups, overage = _groups(mapping, sent)
    first, last = sent.one(mapping.first_name), sent.one(mapping.last_name)
    email = sent.one(mapping.email) or (sent.name_id if sent.name_id_format == "emailAddress" else None)
    return Profile(
        email=email,
        email_verified=_email_verified(sent, email),
        user_name=sent.one(mapping.user_name),
        display_name=sent.one(mapping.display_name) or " ".join(part for part in (first, last) if part) or None,
        external_id=sent.one(mapping.external_id, lasting=True),
        groups=groups,
        groups_overage=overage,
    )


def read_subject(mapping: AttributeMapping, attributes: Attributes) -> str | None:
    """Return the one value of the attribute that the mapping names as subject: None when it is not there, or has several values,
    for then nobody can say which of them it is. `mapping.subject` must not be empty."""
    values = _Sent(attributes, None, "").values(mapping.subject)
    return values[0] if values is not None and len(values) == 1 else None


class _Sent:
    """What arrived, found by name: the exact name first, else without case where that names one attribute only."""

    def __init__(self, attributes: Attributes, name_id: str | None, name_id_format: str) -> None:
        self._attributes = attributes
        self._folded: dict[str, str | None] = {}
        for name in attributes:
            key = fold(name)
            self._folded[key] = None if key in self._folded else name
        self.name_id = next(_clean((name_id or "",)), None)
        self.name_id_format = name_id_format

    def values(self, name: str) -> tuple[str, ...] | None:
        """The values of an attribute, each once; None when it was not sent."""
        found = name if name in self._attributes else self._folded.get(fold(name))
        return None if found is None else tuple(dict.fromkeys(_clean(self._attributes[found])))

    def one(self, names: tuple[str, ...], *, lasting: bool = False) -> str | None:
        """The first value of the first name that has one. With `lasting`, a NameID counts only if it is made to last; else only
        if it may be a name that people know."""
        for name in names:
            if name == NAME_ID:
                unfit = ("emailAddress", "transient") if lasting else ("persistent", "transient")
                value = None if self.name_id_format in unfit else self.name_id
            else:
                value = next(iter(self.values(name) or ()), None)
            if value is not None:
                return value
        return None

    def says(self, name: str) -> bool | None:
        """A claim that is true or false, as such or as a text; None when it was not sent. What is no clear yes is a no."""
        values = self.values(name)
        return None if values is None else bool(values) and all(value.lower() == "true" for value in values)


def _clean(values: tuple[str, ...]) -> Iterator[str]:
    return (text for text in map(str.strip, values) if text and is_storable(text))


def _groups(mapping: AttributeMapping, sent: _Sent) -> tuple[tuple[str, ...] | None, bool]:
    """The groups, or None for unknown, and whether they were too many to be told. Unknown is not empty: an empty attribute is."""
    lists = (sent.values(name) for name in mapping.groups)
    groups = next((values for values in lists if values is not None), None)
    if _too_many(mapping, sent) or (groups is not None and _TOO_MANY in groups):
        return None, True
    if groups is None and mapping.groups and mapping.absent_groups == "empty":
        return (), False
    return groups, False


def _too_many(mapping: AttributeMapping, sent: _Sent) -> bool:
    """Tell whether the IdP says where the groups could be asked for: Entra above 150 (SAML) or 200 (tokens) groups, as claims of
    OpenID Connect Core section 5.6.2 or, where the token has no room for these, `hasgroups`. The address is never asked."""
    if sent.values(_GROUPS_LINK) is not None or sent.says("hasgroups") is True:
        return True
    return any(name in (sent.values(_CLAIM_NAMES) or ()) for name in mapping.groups)


def _email_verified(sent: _Sent, email: str | None) -> bool | None:
    """What the IdP says of the claim `email`. A no always counts; a yes only for that claim, not for another address."""
    said = sent.says("email_verified")
    if said is True and (email is None or email not in (sent.values("email") or ())):
        return None
    return said
