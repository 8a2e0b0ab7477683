"""EQUALITY CHECKS: every value that says whom a response is for and how long, compared whole and never as a part. Pure.

All must be there (saml-profiles-2.0-os section 4.1.4): a value that is left out is not one that fits. What is compared stands in
the element whose signature was verified, but for what only the Response around it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.directory.sign_on_model import SamlSide, SignOn
from connector.errors import ConnectorError, Forbidden, Invalid
from connector.saml.gate import status_name, status_of
from connector.saml.names import BEARER, SAML, SUCCESS, Element, text_of
from connector.saml.times import in_words, instant, is_ahead, is_past

_ADVICE_OF_STATUS = {
    "AuthnFailed": "The person did not get through the identity provider's own sign-in: look at its log for this person.",
    "RequestDenied": "The identity provider refuses this person or this application: assign the person (or a group) to it there.",
    "NoPassive": "The identity provider wanted to ask the person something and could not. Sign in again.",
    "NoAuthnContext": "The identity provider asks for another kind of sign-in than the person has: look at its policies.",
    "InvalidNameIDPolicy": "connector asks for no NameID format: give the application a rule that sends a NameID.",
    "UnknownPrincipal": "The identity provider does not know this person.",
    "UnsupportedBinding": "Give the identity provider the ACS URL with the HTTP-POST binding.",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a response must say. `request_id` None: nobody asked (IdP-initiated); `reauthenticated_since`: the person was to sign
    in anew, from then on."""

    sign_on: SignOn
    side: SamlSide
    request_id: str | None
    reauthenticated_since: datetime | None
    now: datetime

    @property
    def acs_url(self) -> str:
        """Where answers are to arrive, by our own settings and never by the request's Host."""
        return self.sign_on.addresses["acs_url"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks learned. `until`: from then on the message would be refused for its age."""

    authenticated_at: datetime
    until: datetime
    ends_at: datetime | None
    session_index: str | None


def check_status(root: Element) -> None:
    """Raises Forbidden `saml_status` unless the identity provider says it succeeded."""
    codes = status_of(root)
    if codes[:1] == (SUCCESS,):
        return
    names = [status_name(code) for code in codes] or ["missing"]
    advice = next((_ADVICE_OF_STATUS[name] for name in reversed(names) if name in _ADVICE_OF_STATUS), "")
    raise Forbidden(
        "saml_status",
        f"The identity provider says that the sign-in failed: {', '.join(names)}.",
        expected="the status Success",
        advice=advice or "Look at the sign-in log of the identity provider for this person and time.",
    )


def check_issuer(element: Element, expected: Expected, *, needed: bool) -> None:
    """The Issuer is the connection's identity provider. Raises Forbidden `saml_issuer`."""
    issuer = element.find(SAML + "Issuer")
    if issuer is None and not needed:
        return
    if text_of(issuer) != expected.side.issuer:
        raise _forbidden(
            "saml_issuer",
            "This answer comes from another issuer than the one this connection belongs to.",
            f"the issuer {expected.side.issuer}",
            "If the application was created anew at the identity provider, make a new connection for it.",
        )


def check_response(root: Element, expected: Expected) -> None:
    """What the Response itself says. Raises Forbidden `saml_issuer`, `saml_destination`, `saml_in_response_to`; Invalid
    `saml_version`, `saml_time`."""
    check_version(root)
    check_issuer(root, expected, needed=False)
    check_destination(root, expected.acs_url)
    _check_in_response_to(root, expected)
    _check_issued(root, expected.now)


def check_destination(root: Element, address: str) -> None:
    """A message is for the address it arrived at. Raises Forbidden `saml_destination`."""
    if root.get("Destination") != address:
        raise _forbidden(
            "saml_destination",
            "The message is addressed to another address than the one it arrived at, or to none.",
            f"the Destination {address}",
            "Copy the ACS URL to the identity provider again, letter by letter.",
        )


def check_assertion(assertion: Element, expected: Expected) -> Checked:
    """What the verified assertion says beyond who it is. Raises Forbidden or Invalid with the code of what is wrong."""
    check_version(assertion)
    check_issuer(assertion, expected, needed=True)
    _check_issued(assertion, expected.now)
    until = min(_check_conditions(assertion, expected), _check_confirmation(assertion, expected))
    return _check_authentication(assertion, expected, until)


def check_version(element: Element) -> None:
    """Raises Invalid `saml_version`."""
    if element.get("Version") != "2.0":
        detail = "The message is not of SAML 2.0."
        raise Invalid("saml_version", detail, expected='Version="2.0"', advice="Make a SAML 2.0 application there.")


def _check_issued(element: Element, now: datetime) -> None:
    if is_ahead(instant(element.get("IssueInstant")), now):
        raise _not_yet("The message says that it was made in the future.", now)


def _check_in_response_to(element: Element, expected: Expected) -> None:
    """An answer names the request that this browser was sent away with; without a request it names none."""
    if element.get("InResponseTo") != expected.request_id:
        answers = "no request, for none was sent" if expected.request_id is None else "the request that was sent"
        raise _forbidden(
            "saml_in_response_to",
            "The message answers another request than the one of this sign-in, or does not say which.",
            f"an InResponseTo that names {answers}",
            "Go back to the application and sign in again.",
        )


def _check_conditions(assertion: Element, expected: Expected) -> datetime:
    conditions = assertion.findall(SAML + "Conditions")
    if len(conditions) != 1:
        raise _incomplete("one Conditions element")
    ends = _check_times(conditions[0], expected.now)
    _check_audience(conditions[0], expected)
    return ends


def _check_times(element: Element, now: datetime) -> datetime:
    if is_ahead(instant(element.get("NotBefore")), now):
        raise _not_yet("The answer is not valid yet.", now)
    ends = instant(element.get("NotOnOrAfter"))
    if is_past(ends, now):
        raise _expired(ends, now)
    return ends


def _check_audience(conditions: Element, expected: Expected) -> None:
    """Each AudienceRestriction must name us (saml-core-2.0-os section 2.5.1.4)."""
    entity_id = expected.sign_on.addresses["entity_id"]
    restrictions = conditions.findall(SAML + "AudienceRestriction")
    named = [[text_of(audience) for audience in each.findall(SAML + "Audience")] for each in restrictions]
    if not named or any(entity_id not in audiences for audiences in named):
        raise _forbidden(
            "saml_audience",
            "The identity provider issued this for another application, or does not say for which.",
            f"the audience {entity_id}",
            "Correct the audience (SP entity ID) at the identity provider.",
        )


def _check_confirmation(assertion: Element, expected: Expected) -> datetime:
    """One bearer confirmation that holds is enough; if none does, the first one's fault is told. Returns when it ends."""
    confirmations = assertion.findall(f"{SAML}Subject/{SAML}SubjectConfirmation")
    fault: ConnectorError = _incomplete("a SubjectConfirmation of method bearer")
    for confirmation in reversed(confirmations):
        if confirmation.get("Method") == BEARER:
            try:
                return _check_bearer(confirmation, expected)
            except ConnectorError as error:
                fault = error
    raise fault


def _check_bearer(confirmation: Element, expected: Expected) -> datetime:
    data = confirmation.find(SAML + "SubjectConfirmationData")
    if data is None:
        raise _incomplete("SubjectConfirmationData")
    if data.get("Recipient") != expected.acs_url:
        raise _forbidden(
            "saml_recipient",
            "The assertion is meant for another recipient, or does not say for whom.",
            f"the Recipient {expected.acs_url}",
            "Copy the ACS URL to the identity provider again, also where it asks for the recipient.",
        )
    _check_in_response_to(data, expected)
    if data.get("NotBefore") is not None and is_ahead(instant(data.get("NotBefore")), expected.now):
        raise _not_yet("The answer is not valid yet.", expected.now)
    ends = instant(data.get("NotOnOrAfter"))
    if is_past(ends, expected.now):
        raise _expired(ends, expected.now)
    return ends


def _check_authentication(assertion: Element, expected: Expected, until: datetime) -> Checked:
    statements = assertion.findall(SAML + "AuthnStatement")
    if len(statements) != 1:
        raise _incomplete("one AuthnStatement")
    at = instant(statements[0].get("AuthnInstant"))
    if is_ahead(at, expected.now):
        raise _not_yet("The message says that the person signed in in the future.", expected.now)
    since = expected.reauthenticated_since
    if since is not None and is_past(at, since):
        raise _forbidden(
            "saml_authentication_old",
            "The person was to sign in anew, and the identity provider tells of an earlier sign-in.",
            f"a sign-in since {in_words(since)}",
            "Let the identity provider honour ForceAuthn for this application, or do not ask for it here.",
        )
    ends = statements[0].get("SessionNotOnOrAfter")
    ends_at = None if ends is None else instant(ends)
    if ends_at is not None and is_past(ends_at, expected.now):
        raise _expired(ends_at, expected.now)
    return Checked(at, until, ends_at, statements[0].get("SessionIndex"))


def _forbidden(code: str, detail: str, expected: str, advice: str) -> Forbidden:
    return Forbidden(code, detail, expected=expected, advice=advice)


def _incomplete(what: str) -> Invalid:
    detail = "The assertion lacks something that a sign-in needs, or has it twice."
    advice = "Choose the usual SAML 2.0 web single sign-on settings for this application at the identity provider."
    return Invalid("saml_incomplete", detail, expected=what, advice=advice)


def _expired(ends: datetime, now: datetime) -> Forbidden:
    detail = f"The answer was valid until {in_words(ends)}; here it is {in_words(now)}."
    advice = "Sign in again without delay. If it stays so, compare the clocks of this server and of the identity provider."
    return _forbidden("saml_expired", detail, "an answer that is still valid", advice)


def _not_yet(detail: str, now: datetime) -> Forbidden:
    advice = "Compare the clocks of this server and of the identity provider."
    return _forbidden(
        "saml_not_yet_valid", detail, f"clocks that differ by at most 90 seconds; here it is {in_words(now)}", advice
    )
