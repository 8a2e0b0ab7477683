"""What the attributes of a sign-in mean. Names and shapes are those of the identity providers' own consoles and guides; unknown
is not empty (DESIGN.md section 6); the ids that link are those of the table in IDP_GUIDES.md section 1."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.membership.identity import Attributes, Method, Profile
from connector.membership.profile import ENTRA_OBJECT_ID, AttributeMapping, default_mapping, read_profile, read_subject

SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
ENTRA_GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
SAML = default_mapping("generic", "saml")
OIDC = default_mapping("generic", "oidc")

IDPS: list[tuple[str, Method, str | None, str, Attributes, Profile]] = [
    (
        "okta",
        "saml",
        "ada@acme.example",
        "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        {"id": ("00u1",), "email": ("ada@acme.example",), "firstName": ("Ada",), "lastName": ("L",), "groups": ("A", "B")},
        Profile("ada@acme.example", None, "ada@acme.example", "Ada L", "00u1", ("A", "B")),
    ),
    (
        "okta",
        "oidc",
        None,
        "",
        {
            "sub": ("00u1",),
            "email": ("ada@acme.example",),
            "email_verified": ("true",),
            "preferred_username": ("ada",),
            "name": ("Ada L",),
        },
        Profile("ada@acme.example", True, "ada", "Ada L", "00u1", None),
    ),
    (
        "entra",
        "saml",
        "xyz",
        "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        {
            ENTRA_OBJECT_ID: ("a-guid",),
            SOAP + "emailaddress": ("ada@acme.example",),
            SOAP + "name": ("ada.l@acme.example",),
            SOAP + "givenname": ("Ada",),
            SOAP + "surname": ("L",),
            "http://schemas.microsoft.com/identity/claims/displayname": ("Ada of L",),
            ENTRA_GROUPS: ("group-guid",),
        },
        Profile("ada@acme.example", None, "ada.l@acme.example", "Ada of L", "a-guid", ("group-guid",)),
    ),
    (
        "entra",
        "oidc",
        None,
        "",
        {"sub": ("per-app",), "oid": ("a-guid",), "tid": ("t",), "preferred_username": ("ada.l@acme.example",), "groups": ()},
        Profile(None, None, "ada.l@acme.example", None, "a-guid", ()),
    ),
    (
        "google",
        "saml",
        "ada@acme.example",
        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        {"firstName": ("Ada",), "lastName": ("L",), "groups": ("Everyone",)},
        Profile("ada@acme.example", None, "ada@acme.example", "Ada L", None, ("Everyone",)),
    ),
    (
        "jumpcloud",
        "oidc",
        None,
        "",
        {"sub": ("unknown-kind",), "email": ("ada@acme.example",), "email_verified": ("false",), "groups": ("Only One",)},
        Profile("ada@acme.example", False, None, None, None, ("Only One",)),
    ),
    (
        "onelogin",
        "saml",
        "ada@acme.example",
        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        {"id": ("4711",), "email": ("ada@acme.example",), "groups": ("Admin;Sales",)},
        Profile("ada@acme.example", None, "ada@acme.example", None, "4711", ("Admin;Sales",)),
    ),
    (
        "ping",
        "saml",
        "user-id",
        "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        {"email": ("ada@acme.example",)},
        Profile("ada@acme.example", None, None, None, "user-id", None),
    ),
    (
        "generic",  # a Shibboleth IdP, names of the SAML attribute profile
        "saml",
        "AAdzZWNyZXQx",
        "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
        {
            "urn:oid:0.9.2342.19200300.100.1.3": ("ada@acme.example",),
            "urn:oid:0.9.2342.19200300.100.1.1": ("ada",),
            "urn:oid:2.5.4.42": ("Ada",),
            "urn:oid:2.5.4.4": ("L",),
            "urn:oid:1.3.6.1.4.1.5923.1.5.1.1": ("staff",),
        },
        Profile("ada@acme.example", None, "ada", "Ada L", None, ("staff",)),
    ),
]


@pytest.mark.parametrize(
    ("idp", "method", "name_id", "name_id_format", "attributes", "expected"), IDPS, ids=[f"{row[0]}-{row[1]}" for row in IDPS]
)
def test_each_provider_is_understood_as_its_guide_sets_it_up(
    idp: str, method: Method, name_id: str | None, name_id_format: str, attributes: Attributes, expected: Profile
) -> None:
    """The defaults read what an IdP sends that was set up by the guide."""
    mapping = default_mapping(idp, method)
    assert read_profile(mapping, name_id=name_id, name_id_format=name_id_format, attributes=attributes) == expected


def test_an_unknown_provider_is_a_generic_one() -> None:
    """There is always a mapping."""
    assert default_mapping("something new", "saml") == SAML


@pytest.mark.parametrize(
    ("attributes", "email"),
    [
        ({"Email": ("a@x.example",)}, "a@x.example"),
        ({"EMAIL": ("other@x.example",), "email": ("a@x.example",)}, "a@x.example"),
        ({"EMAIL": ("a@x.example",), "Email": ("b@x.example",)}, None),
        ({"email": ("",), "mail": ("a@x.example",)}, "a@x.example"),
        ({"email": (" a@x.example\n",)}, "a@x.example"),
        ({"email": ("a@x.example", "b@x.example")}, "a@x.example"),
        ({"email": ("a\x00@x.example",)}, None),
        ({"email": ("\ud800@x.example",)}, None),
        ({"email": ()}, None),
        ({"emails": ("a@x.example",)}, None),
    ],
)
def test_a_name_counts_exactly_or_else_without_case_if_that_is_clear(attributes: Attributes, email: str | None) -> None:
    """Admins type `Email` for `email`; two spellings at once name neither."""
    assert read_profile(SAML, attributes=attributes).email == email


@pytest.mark.parametrize(
    ("name_id_format", "email"),
    [
        ("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "ada@acme.example"),
        ("emailAddress", "ada@acme.example"),
        ("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", None),
        ("", None),
    ],
)
def test_the_name_id_is_an_address_only_when_it_says_so(name_id_format: str, email: str | None) -> None:
    """An unspecified NameID that looks like an address need not be one; an attribute comes first in any case."""
    bare = read_profile(SAML, name_id="ada@acme.example", name_id_format=name_id_format, attributes={})
    told = read_profile(
        SAML, name_id="ada@acme.example", name_id_format=name_id_format, attributes={"mail": ("al@acme.example",)}
    )
    assert (bare.email, told.email) == (email, "al@acme.example")


GROUPS: list[tuple[Attributes, tuple[str, ...] | None, bool]] = [
    ({}, None, False),
    ({"groups": ()}, (), False),
    ({"groups": ("",)}, (), False),
    ({"groups": ("A", "", "B", "A")}, ("A", "B"), False),
    ({"groups": ("A,B;C|D",)}, ("A,B;C|D",), False),
    ({"groups": ("a", "A")}, ("a", "A"), False),
    ({"Groups": ("A",)}, ("A",), False),
    ({"http://schemas.xmlsoap.org/claims/Group": ("A",)}, ("A",), False),
    ({"http://schemas.microsoft.com/claims/groups.link": ("https://graph.example/x",)}, None, True),
    ({"groups": ("A",), "http://schemas.microsoft.com/claims/groups.link": ("https://graph.example/x",)}, None, True),
    ({"_claim_names": ("groups",)}, None, True),
    ({"_claim_names": ("address",), "groups": ("A",)}, ("A",), False),
    ({"hasgroups": ("true",)}, None, True),
    ({"hasgroups": ("false",), "groups": ("A",)}, ("A",), False),
    ({"groups": ("[SIZE_LIMIT_EXCEEDED]",)}, None, True),
]


@pytest.mark.parametrize(("attributes", "groups", "overage"), GROUPS)
def test_unknown_groups_are_not_no_groups(attributes: Attributes, groups: tuple[str, ...] | None, overage: bool) -> None:
    """Absent, or too many to be told, says nothing; an empty list says none; a joined string is the name of one group."""
    profile = read_profile(SAML, attributes=attributes)
    assert (profile.groups, profile.groups_overage) == (groups, overage)


@pytest.mark.parametrize(
    ("attributes", "groups"),
    [
        ({}, ()),
        ({"groups": ("A",)}, ("A",)),
        ({"_claim_names": ("groups",)}, None),
        ({"hasgroups": ("true",)}, None),
        ({"groups": ("[SIZE_LIMIT_EXCEEDED]",)}, None),
    ],
)
def test_a_connection_may_say_that_absent_means_none_but_too_many_never_does(
    attributes: Attributes, groups: tuple[str, ...] | None
) -> None:
    """`--absent-groups empty`, for IdPs that leave the attribute out when nothing matches."""
    assert read_profile(replace(OIDC, absent_groups="empty"), attributes=attributes).groups == groups


def test_a_mapping_without_a_groups_attribute_never_says_none() -> None:
    """Who does not read groups cannot miss them."""
    assert read_profile(AttributeMapping(absent_groups="empty"), attributes={"groups": ("A",)}).groups is None


@pytest.mark.parametrize(
    ("claims", "verified"),
    [
        ({"email": ("a@x.example",)}, None),
        ({"email": ("a@x.example",), "email_verified": ("true",)}, True),
        ({"email": ("a@x.example",), "email_verified": ("True",)}, True),
        ({"email": ("a@x.example",), "email_verified": ("false",)}, False),
        ({"email": ("a@x.example",), "email_verified": ("perhaps",)}, False),
        ({"email": ("a@x.example",), "email_verified": ("0",)}, False),
        ({"email": ("a@x.example",), "email_verified": ("true", "false")}, False),
        ({"email": ("a@x.example",), "email_verified": ("",)}, False),
        ({"email": ("a@x.example",), "email_verified": ()}, False),
        ({"email_verified": ("true",)}, None),
        ({"work": ("w@x.example",), "email": ("a@x.example",), "email_verified": ("true",)}, None),
        ({"work": ("w@x.example",), "email": ("a@x.example",), "email_verified": ("false",)}, False),
    ],
)
def test_email_verified_speaks_of_the_claim_email_alone(claims: Attributes, verified: bool | None) -> None:
    """OpenID Connect Core section 5.1. A no counts for everything, a yes not for an address out of another claim."""
    assert read_profile(replace(OIDC, email=("work", "email")), attributes=claims).email_verified is verified


@pytest.mark.parametrize(
    ("name_id_format", "user_name", "external_id"),
    [
        ("persistent", None, "it"),
        ("unspecified", "it", "it"),
        ("emailAddress", "it", None),
        ("transient", None, None),
    ],
)
def test_a_name_id_stands_for_what_its_format_allows(name_id_format: str, user_name: str | None, external_id: str | None) -> None:
    """SAML Core section 8.3: persistent is opaque, an address can move to somebody else, transient is nothing tomorrow."""
    profile = read_profile(SAML, name_id="it", name_id_format=name_id_format, attributes={})
    assert (profile.user_name, profile.external_id) == (user_name, external_id)


@pytest.mark.parametrize(
    ("values", "subject"),
    [(("guid",), "guid"), (("guid", "guid"), "guid"), (("guid", "other"), None), ((), None), (("",), None), (None, None)],
)
def test_a_configured_subject_is_one_value_or_none(values: tuple[str, ...] | None, subject: str | None) -> None:
    """Who it is must not depend on the order of values."""
    attributes = {} if values is None else {ENTRA_OBJECT_ID: values}
    assert read_subject(default_mapping("entra", "saml"), attributes) == subject


@pytest.mark.parametrize("idp", ["okta", "google", "jumpcloud", "onelogin", "ping", "generic"])
def test_only_entra_takes_its_subject_from_an_attribute(idp: str) -> None:
    """No magic: elsewhere it is the NameID or `sub`, unless an admin names an attribute."""
    assert (default_mapping(idp, "saml").subject, default_mapping(idp, "oidc").subject) == ("", "")
