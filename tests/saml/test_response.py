"""A response becomes an identity only if every value in it says what it must; else the refusal names which one does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.errors import ConnectorError
from connector.membership.identity import LogoutHandle, SubjectId
from idp_fixtures.people import Person
from idp_fixtures.saml.message import ASSERTION, attribute_statement
from idp_fixtures.saml.names import (
    AUTHN_FAILED,
    EMAIL,
    PERSISTENT,
    REQUEST_DENIED,
    RESPONDER,
    TRANSIENT,
    UNSPECIFIED,
    find,
    instant,
    parse,
    serialize,
)
from idp_fixtures.saml.vendors import VENDORS
from tests.saml.samples import (
    ACS,
    ADA,
    ENTITY_ID,
    NOW,
    REQUEST,
    accept,
    answer,
    doubling,
    minutes,
    removing,
    setting,
    sign_on,
)

SUBJECT = ASSERTION + "/saml:Subject"
CONFIRMATION = SUBJECT + "/saml:SubjectConfirmation"
DATA = CONFIRMATION + "/saml:SubjectConfirmationData"
CONDITIONS = ASSERTION + "/saml:Conditions"
AUDIENCE = CONDITIONS + "/saml:AudienceRestriction/saml:Audience"
STATEMENT = ASSERTION + "/saml:AuthnStatement"
SECONDS = timedelta(seconds=1)


def refused(xml: bytes, *arguments: Any, **options: Any) -> ConnectorError:
    """The refusal of a message."""
    with pytest.raises(ConnectorError) as caught:
        accept(xml, *arguments, **options)
    return caught.value


def text(path: str, value: str) -> Callable[[Any], object]:
    """A change of a message: the text at this path."""
    return lambda tree: setattr(find(tree, path), "text", value)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_answer_of_each_identity_provider_is_who_it_says(vendor: str) -> None:
    """Address, names and groups are found under each vendor's own names."""
    identity = accept(answer(vendor), sign_on(vendor))
    assert identity.profile.email == ADA.email
    assert len(identity.profile.groups or ()) == len(ADA.groups)
    assert identity.subject.issuer == VENDORS[vendor].issuer


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"response_issuer": "https://other.example"}, "saml_issuer"),
        ({"issuer": "https://other.example", "response_issuer": None, "signs": ("assertion",)}, "saml_issuer"),
        ({"issuer": VENDORS["okta"].issuer + "/"}, "saml_issuer"),
        ({"issuer": VENDORS["okta"].issuer.upper()}, "saml_issuer"),
        ({"audience": None}, "saml_audience"),
        ({"audience": ENTITY_ID + "/"}, "saml_audience"),
        ({"audience": ENTITY_ID[:-1]}, "saml_audience"),
        ({"audience": "https://other.example"}, "saml_audience"),
        ({"destination": None}, "saml_destination"),
        ({"destination": ACS + "/more"}, "saml_destination"),
        ({"destination": ACS + "?x=1"}, "saml_destination"),
        ({"destination": ACS.replace("c1", "c2")}, "saml_destination"),
        ({"destination": ACS.replace("id.example.com", "ID.example.com")}, "saml_destination"),
        ({"recipient": None}, "saml_recipient"),
        ({"recipient": ACS + ".evil.example"}, "saml_recipient"),
        ({"recipient": "https://evil.example/?" + ACS}, "saml_recipient"),
        ({"request_id": None}, "saml_in_response_to"),
        ({"request_id": "_other"}, "saml_in_response_to"),
        ({"subject_in_response_to": None}, "saml_in_response_to"),
        ({"subject_in_response_to": "_other"}, "saml_in_response_to"),
        ({"method": "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"}, "saml_incomplete"),
        ({"method": "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"}, "saml_incomplete"),
        ({"version": "1.1"}, "saml_version"),
        ({"name_id": None}, "saml_subject"),
        ({"name_id": "  "}, "saml_subject"),
        ({"name_id": "ada\nbob"}, "saml_subject"),
        ({"name_id": "x" * 2000}, "saml_subject"),
        ({"name_id_format": TRANSIENT}, "saml_subject"),
        ({"before": removing(CONDITIONS)}, "saml_incomplete"),
        ({"before": doubling(CONDITIONS)}, "saml_schema"),
        ({"before": removing(CONFIRMATION)}, "saml_incomplete"),
        ({"before": removing(DATA)}, "saml_incomplete"),
        ({"before": removing(STATEMENT)}, "saml_incomplete"),
        ({"before": doubling(STATEMENT)}, "saml_incomplete"),
        ({"before": removing(SUBJECT)}, "saml_incomplete"),
        ({"before": setting(CONDITIONS, "NotBefore", None)}, "saml_time"),
        ({"before": setting(CONDITIONS, "NotOnOrAfter", None)}, "saml_time"),
        ({"before": setting(DATA, "NotOnOrAfter", None)}, "saml_time"),
        ({"before": setting(CONDITIONS, "NotOnOrAfter", "2026-03-02T10:00:00+02:00")}, "saml_time"),
        ({"before": setting(ASSERTION, "IssueInstant", "2030-01-01T00:00:00Z")}, "saml_not_yet_valid"),
        ({"before": lambda tree: find(tree, ASSERTION).append(parse(b"<x/>"))}, "saml_schema"),
    ],
)
def test_a_value_that_is_missing_or_not_equal_is_refused_by_name(change: dict[str, Any], code: str) -> None:
    """Prefixes, substrings and other spellings are other values; the signature is genuine each time."""
    assert refused(answer(**change)).code == code


def test_every_audience_restriction_must_name_us_and_one_audience_of_each_is_enough() -> None:
    """saml-core-2.0-os section 2.5.1.4: restrictions are all to be met, audiences are a choice."""
    two = answer(before=doubling(AUDIENCE))
    assert accept(two).subject.value == ADA.email

    def narrowed(tree: Any) -> None:
        doubling(CONDITIONS + "/saml:AudienceRestriction")(tree)
        find(tree, AUDIENCE).text = "https://other.example"

    assert refused(answer(before=narrowed)).code == "saml_audience"


def test_a_condition_that_nobody_knows_is_not_passed_over() -> None:
    """saml-core-2.0-os section 2.5.1.1: then nobody can say that the assertion is valid; the schema knows no others."""

    def narrowed(name: str) -> Callable[[Any], object]:
        def change(tree: Any) -> None:
            conditions = find(tree, ".//saml:Conditions")
            conditions.append(conditions.makeelement(f"{{urn:oasis:names:tc:SAML:2.0:assertion}}{name}"))

        return change

    accept(answer(before=narrowed("OneTimeUse")))
    assert refused(answer(before=narrowed("Condition"))).code == "saml_schema"


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (NOW + minutes(5) + 89 * SECONDS, None),
        (NOW + minutes(5) + 90 * SECONDS, "saml_expired"),
        (NOW - minutes(1) - 31 * SECONDS, "saml_not_yet_valid"),
        (NOW - 89 * SECONDS, None),
        (NOW - 91 * SECONDS, "saml_not_yet_valid"),
    ],
)
def test_clocks_may_differ_by_ninety_seconds(now: datetime, code: str | None) -> None:
    """Conditions begin a minute before and end five after the message was made; both places that tell an end are alike."""
    if code is None:
        accept(answer(), now=now)
    else:
        assert refused(answer(), now=now).code == code


@pytest.mark.parametrize("place", [CONDITIONS, DATA])
def test_each_place_that_tells_an_end_counts(place: str) -> None:
    """The other one still holds."""
    ended = setting(place, "NotOnOrAfter", instant(NOW - minutes(2)))
    assert refused(answer(before=ended)).code == "saml_expired"


def test_it_is_remembered_as_long_as_it_could_be_used() -> None:
    """Until the earlier end, and the tolerance; also where it ends with time itself."""
    earlier = accept(answer(before=setting(DATA, "NotOnOrAfter", instant(NOW + minutes(2)))))
    assert earlier.message_until == NOW + minutes(2) + 90 * SECONDS

    def for_ever(tree: Any) -> None:
        for place in (CONDITIONS, DATA):
            setting(place, "NotOnOrAfter", "9999-12-31T23:59:59Z")(tree)

    assert accept(answer(before=for_ever)).message_until == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_fractions_of_seconds_are_read_whatever_their_length() -> None:
    """Entra writes seven digits."""
    identity = accept(answer(before=setting(STATEMENT, "AuthnInstant", "2026-03-02T09:29:00.1234567Z")))
    assert identity.authenticated_at == datetime(2026, 3, 2, 9, 29, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ((RESPONDER, AUTHN_FAILED), "did not get through"),
        ((RESPONDER, REQUEST_DENIED), "assign the person"),
        ((RESPONDER, "urn:oasis:names:tc:SAML:2.0:status:NoPassive"), "Sign in again"),
        ((RESPONDER, "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"), "NameID"),
        ((RESPONDER, "urn:evil:<script>"), "sign-in log"),
        (("",), "sign-in log"),
    ],
)
def test_a_failure_that_the_identity_provider_tells_has_its_own_advice(status: tuple[str, ...], advice: str) -> None:
    """Its message and codes of its own are not repeated."""
    error = refused(answer(status=status, status_message="<b>your boss said no</b>", signs=("response",)))
    assert error.code == "saml_status"
    assert advice in error.advice
    assert "boss" not in error.detail + error.advice
    assert "script" not in error.detail


def test_a_failed_status_is_refused_even_with_an_assertion() -> None:
    """An identity beside a failure is none."""
    xml = answer(before=setting("/samlp:Response/samlp:Status/samlp:StatusCode", "Value", RESPONDER))
    assert refused(xml).code == "saml_status"


def test_an_answer_that_nobody_asked_for_names_no_request() -> None:
    """IdP-initiated: InResponseTo is nowhere, neither in the Response nor in the confirmation."""
    assert accept(answer(request_id=None), request_id=None).subject.value == ADA.email
    assert refused(answer(request_id=REQUEST), request_id=None).code == "saml_in_response_to"
    only_inside = answer(request_id=None, subject_in_response_to=REQUEST)
    assert refused(only_inside, request_id=None).code == "saml_in_response_to"


def test_who_was_to_sign_in_anew_has_done_so() -> None:
    """ForceAuthn can be stripped from a request on its way; the moment of the sign-in tells."""
    accept(answer(authenticated_at=NOW), since=NOW - minutes(1))
    old = answer(authenticated_at=NOW - minutes(10))
    accept(old)
    assert refused(old, since=NOW - minutes(1)).code == "saml_authentication_old"
    assert refused(answer(authenticated_at=NOW + minutes(3))).code == "saml_not_yet_valid"


def test_the_identity_provider_limits_the_session() -> None:
    """SessionNotOnOrAfter is passed on; one that is over refuses."""
    assert accept(answer(session_ends_at=NOW + minutes(60))).ends_at == NOW + minutes(60)
    assert accept(answer()).ends_at is None
    assert refused(answer(session_ends_at=NOW - minutes(2))).code == "saml_expired"


@pytest.mark.parametrize(
    ("name_id_format", "value", "kind", "mutable"),
    [
        (PERSISTENT, "a1b2", "persistent", False),
        (EMAIL, "ada@acme.example", "emailAddress", True),
        (UNSPECIFIED, "00u1", "unspecified", False),
        (UNSPECIFIED, "ada@acme.example", "unspecified", True),
        (None, "a1b2", "unspecified", False),
        ("urn:odd:<format>", "a1b2", "unspecified", False),
    ],
)
def test_the_name_id_is_the_subject(name_id_format: str | None, value: str, kind: str, mutable: bool) -> None:
    """An address may be somebody else's one day, also where the format does not say that it is one."""
    subject = accept(answer(name_id=value, name_id_format=name_id_format)).subject
    assert subject == SubjectId(VENDORS["okta"].issuer, kind, value, mutable)


def test_an_attribute_can_be_the_subject_instead() -> None:
    """Then the NameID may be transient or missing; an attribute that is missing or has two values names nobody."""
    by_id = sign_on(subject="id")
    assert accept(answer(name_id_format=TRANSIENT), by_id).subject == SubjectId(VENDORS["okta"].issuer, "attribute:id", ADA.id)
    assert accept(answer(name_id=None), by_id).logout == LogoutHandle(session_index="_session")
    for attributes in ((), (("id", ("1", "2")),), (("id", ("1",)), ("id", ("2",))), (("id", ("",)),)):
        assert refused(answer(attributes=attributes), by_id).code == "saml_subject"


def test_statements_and_attributes_may_come_in_pieces() -> None:
    """Keycloak sends one attribute many times; others send several statements, or an empty one."""
    pieces = (("groups", ("a",)), ("groups", ("b", "a")), ("email", ("ada@acme.example",)))
    assert accept(answer(attributes=pieces)).profile.groups == ("a", "b")

    def statements(tree: Any) -> None:
        find(tree, ASSERTION).append(attribute_statement((("groups", ("c",)),)))
        find(tree, ASSERTION).append(attribute_statement(()))

    assert accept(answer(before=statements)).attributes["groups"] == (*ADA.groups, "c")
    assert accept(answer(attributes=())).attributes == {}


def test_values_of_other_structures_are_left_out_but_for_a_name_id() -> None:
    """eduPersonTargetedID is a NameID in an AttributeValue."""

    def nested(tree: Any) -> None:
        inner = '<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">a1</saml:NameID>'
        value = find(tree, ASSERTION + "/saml:AttributeStatement/saml:Attribute/saml:AttributeValue")
        value.attrib.clear()
        value.text = ""
        value.append(parse(inner.encode()))

    assert accept(answer(before=nested)).attributes["id"] == ("a1",)


def test_what_a_logout_will_name_it_by_is_kept() -> None:
    """NameID with its attributes, and SessionIndex."""
    handle = accept(answer(name_id_qualifiers={"SPNameQualifier": ENTITY_ID}, session_index="_s1")).logout
    assert handle == LogoutHandle(ADA.email, {"Format": UNSPECIFIED, "SPNameQualifier": ENTITY_ID}, "_s1")


def test_names_with_characters_of_all_scripts_arrive_whole() -> None:
    """Also those that XML writes as references."""
    person = Person("1", "o'néill@acme.example", "Ó <&> \u05d0", "\U0001f600")
    attributes = (("email", (person.email,)), ("firstName", (person.first_name,)), ("lastName", (person.last_name,)))
    profile = accept(answer(attributes=attributes)).profile
    assert (profile.email, profile.display_name) == (person.email, "Ó <&> \u05d0 \U0001f600")


def test_blanks_of_pretty_printers_do_not_count() -> None:
    """Around issuer, audience and NameID."""

    def printed(tree: Any) -> None:
        for path in (AUDIENCE, SUBJECT + "/saml:NameID", ASSERTION + "/saml:Issuer", "/samlp:Response/saml:Issuer"):
            find(tree, path).text = f"\n   {find(tree, path).text}\n "

    assert accept(answer(before=printed)).subject.value == ADA.email


def test_a_second_confirmation_that_holds_is_enough() -> None:
    """Some identity providers offer several; one that is none of ours does not disturb."""

    def other_first(tree: Any) -> None:
        doubling(CONFIRMATION)(tree)
        find(tree, DATA).set("Recipient", "https://other.example")

    assert accept(answer(before=other_first)).subject.value == ADA.email


def test_the_advice_names_the_menu_of_the_identity_provider() -> None:
    """Google's, where its box "Signed response" was ticked; a general sentence where we know no menu."""
    google = refused(answer("google", signs=("response",)), sign_on("google"))
    assert (google.code, "Signed response" in google.advice) == ("saml_signature_missing", True)
    assert "Set Sign to Assertion" in refused(answer("jumpcloud", signs=()), sign_on("jumpcloud")).advice
    generic = refused(answer("generic", signs=()), sign_on("generic"))
    assert generic.advice
    assert "Google" not in generic.advice


def test_a_connection_without_saml_takes_no_response() -> None:
    """It speaks OpenID Connect, or is not configured."""
    assert refused(answer(), replace(sign_on(), saml=None)).code == "saml_not_configured"


def test_a_message_is_not_changed_by_reading_it() -> None:
    """A test of the test: the change is what is refused, not the parsing and writing around it."""
    assert accept(answer(before=lambda tree: parse(serialize(tree)))).message_id
