"""What to do about a refusal in this provider's console: its own labels, and the way to them.

The mistakes that are typical of a provider stand in its guide and come first. For the others a table says which place of the
console a refusal leads to, and what to do there. A refusal that no provider's setting causes or mends has no advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from connector.admin.guides import GUIDES
from connector.admin.guides.model import Failure, Guide, PlaceName

SYMPTOMS = ("never_answered", "scim_silent", "groups_unknown", "groups_not_pushed")
"""What has advice as a refusal has, and is none: a sign-in stayed at the provider (a trace bears this code), nothing is pushed, a
sign-in said nothing about groups or sent a link instead, people are pushed and groups are not, or without members."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do, with the marks that `spans` reads, and where to click, label by label; empty where that is no one place."""

    sentence: str
    path: tuple[str, ...]


def advice(code: str, idp: str, facts: Mapping[str, Any] | None = None) -> Advice | None:
    """What to do at the provider `idp` about a refusal or symptom; None when nothing is to be done there. `facts` are those of a
    sign-in trace: where they hold what arrived and what was expected, both are told."""
    guide = GUIDES.get(idp, GUIDES["generic"])
    own = next(iter(_typical(guide, code)), None) or _general(guide, code)
    return None if own is None else Advice(own.sentence + _difference(code, facts or {}), own.path)


def advice_of_status(status: int, idp: str) -> Advice | None:
    """What to do about a line of the provisioning log, which has the status of the answer and no code."""
    code = _BY_STATUS.get(status)
    return None if code is None else advice(code, idp)


def silence(idp: str, of: Literal["sign_in", "scim"]) -> tuple[Advice, ...]:
    """The usual reasons why nothing arrives: sign-ins that were begun and never answered, or no push at all."""
    guide = GUIDES.get(idp, GUIDES["generic"])
    if of == "sign_in":
        return (*_typical(guide, "never_answered"), _compare_addresses(guide))
    if not guide.pushes:
        return ()
    label, path = _place(guide, "scim_url")
    return (
        *_typical(guide, "scim_silent"),
        Advice(f"Compare {label} with the base URL of this connection, letter by letter.", path),
    )


def reminder(idp: str, protocol: str | None = "saml") -> str:
    """What to do when the provider changes its certificate (SAML), or the client secret ends (OpenID Connect)."""
    guide = GUIDES.get(idp, GUIDES["generic"])
    return guide.secret_reminder if protocol == "oidc" else guide.reminder


def _typical(guide: Guide, code: str) -> tuple[Advice, ...]:
    found: tuple[Failure, ...] = tuple(each for each in guide.failures if code in each.codes)
    return tuple(Advice(each.sentence, each.path) for each in found)


def _general(guide: Guide, code: str) -> Advice | None:
    name, sentence = GENERAL.get(code, (None, ""))
    if not sentence or (name in _PUSHING and not guide.pushes):
        return None
    label, path = _place(guide, name) if name else ("", ())
    who = "the provider" if guide.idp == "generic" else guide.name
    said = sentence.replace("{who}", who).replace("{label}", label)
    return Advice(said[:1].upper() + said[1:], path)


def _place(guide: Guide, name: PlaceName) -> tuple[str, tuple[str, ...]]:
    """What a place is called and the way to it: this provider's label, or neutral words where it has none that we know."""
    own = guide.places.get(name)
    if own is None or guide.idp == "generic":
        return GUIDES["generic"].places[name].label, ()
    return f"*{own.label}*", own.path


def _compare_addresses(guide: Guide) -> Advice:
    (entity_id, path), (acs_url, _), (redirect_uri, _) = (
        _place(guide, each) for each in ("entity_id", "acs_url", "redirect_uri")
    )
    fields = f"{entity_id} and {acs_url} (OpenID Connect: {redirect_uri})"
    return Advice(f"Compare {fields} with what this connection shows, letter by letter.", path)


def _difference(code: str, facts: Mapping[str, Any]) -> str:
    """What arrived and what was expected, where the trace has both."""
    if code not in _COMPARED:
        return ""
    arrived, expected = (_text(_at(facts, name)) for name in _COMPARED[code])
    return f" It arrived as `{arrived}` and must be `{expected}`." if arrived and expected and arrived != expected else ""


def _at(facts: Mapping[str, Any], name: str) -> Any:
    first, _, second = name.partition(".")
    found = facts.get(first)
    return found.get(second) if second and isinstance(found, Mapping) else found if not second else None


def _text(value: Any) -> str:
    several = value if isinstance(value, list | tuple) else [value]
    return ", ".join(str(each) for each in several if isinstance(each, str)).replace("`", "'")


_COMPARED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "saml_audience": ("audience", "audience_expected"),
        "saml_destination": ("destination", "destination_expected"),
        "saml_recipient": ("SubjectConfirmationData.Recipient", "destination_expected"),
        "saml_issuer": ("issuer", "issuer_expected"),
    }
)
"""Refusal -> the facts of a trace that say what arrived and what was expected; a dot leads into a fact."""

_PUSHING = ("scim_url", "scim_token", "scim_assign", "scim_attributes", "scim_groups")

_BY_STATUS: Mapping[int, str] = MappingProxyType(
    {400: "invalid_value", 401: "token_unknown", 404: "not_found", 409: "uniqueness"}
)

_AGAIN = "sign in again without waiting. If it stays, compare the clocks of {who} and of our server: 90 seconds are the most."
_COMMON = "set the app up anew, as an app of SAML 2.0 and with the usual settings: what {who} sends does not follow the standard."
_ON_THE_WAY = "something between {who} and us changes messages: try without proxies and browser extensions."
_KEYS = "{who} signs with a certificate that we do not have: take its metadata again (see {label}) and give them to us."
_ADDRESS = "correct {label}: there must be our ACS URL, letter by letter."
_ISSUER = "enter the issuer exactly as {who} says it (see {label}): slash, region and path count."
_CLIENT = "copy client ID and secret to us again (see {label}): they are another's, or the secret has ended."
_ANEW = "{who} may have just changed its keys: sign in again in a minute. If it stays, look whether it reports an outage."
_TOKEN = "paste the token of this connection into {label}, whole: no quotes, no spaces, and no second word Bearer."
_NEW_TOKEN = "make another token here and paste it into {label}: the one that {who} has is over."
_MAPPING = "look at {label} and change what is sent as the attribute that the refusal names."
_LOG = "{who} itself ended this sign-in: look into {label} for this person and time."

GENERAL: Mapping[str, tuple[PlaceName | None, str]] = MappingProxyType(
    {
        "saml_missing": ("acs_url", "let {who} send its answer by HTTP-POST to our ACS URL (see {label})."),
        "saml_too_large": ("groups", "send only the groups that are assigned to the app (see {label}): the answer is too large."),
        "saml_not_base64": (None, _ON_THE_WAY),
        "saml_not_xml": (None, _ON_THE_WAY),
        "saml_schema": (None, _COMMON),
        "saml_version": (None, _COMMON),
        "saml_incomplete": (None, _COMMON),
        "saml_time": (None, _COMMON),
        "saml_encryption": ("encryption", "choose AES-GCM with RSA-OAEP under {label}, or switch encryption off."),
        "saml_decryption": ("encryption", "give {who} our metadata again (see {label}): it encrypts for another key."),
        "saml_signature_form": (
            "signing",
            "choose the usual way of signing under {label}: the assertion or the response, whole.",
        ),
        "saml_algorithm": ("algorithm", "set {label} to SHA-256."),
        "saml_signature_missing": (
            "signing",
            "let {who} sign the assertion (see {label}), or let this connection take signed responses.",
        ),
        "saml_signature_invalid": ("metadata", _KEYS),
        "saml_unknown_key": ("metadata", _KEYS),
        "saml_status": ("log", _LOG),
        "saml_issuer": (
            "metadata",
            "the answer is of another app: compare the app's metadata (see {label}) with what you gave us. If the app was made"
            " anew, make a new connection.",
        ),
        "saml_destination": ("acs_url", _ADDRESS),
        "saml_recipient": ("acs_url", _ADDRESS),
        "saml_audience": ("entity_id", "correct {label}: there must be our entity ID, letter by letter."),
        "saml_expired": (None, _AGAIN),
        "saml_not_yet_valid": (None, _AGAIN),
        "saml_authentication_old": (
            None,
            "let {who} ask people to sign in anew when we ask for it (ForceAuthn), or switch that off for this connection.",
        ),
        "saml_subject": ("subject", "choose a subject that never changes (see {label})."),
        "unsolicited": (
            None,
            "the sign-in began at {who}: give people our sign-in address, or allow this in the options of this connection.",
        ),
        "oidc_access_denied": ("assign", "assign the person or one of their groups (see {label})."),
        "oidc_provider_error": ("log", _LOG),
        "oidc_discovery_invalid": ("issuer", _ISSUER),
        "oidc_issuer_differs": ("issuer", _ISSUER),
        "oidc_document_missing": ("issuer", _ISSUER),
        "oidc_issuer": ("issuer", _ISSUER),
        "oidc_tenant": ("issuer", _ISSUER),
        "oidc_document_away": (None, _ANEW),
        "oidc_keys_invalid": (None, _ANEW),
        "oidc_unknown_key": (None, _ANEW),
        "oidc_key_ambiguous": (None, _ANEW),
        "oidc_client_refused": ("client", _CLIENT),
        "oidc_audience": ("client", _CLIENT),
        "oidc_azp": ("client", _CLIENT),
        "oidc_code_refused": ("redirect_uri", "sign in again; if it stays, compare {label} with our redirect URI."),
        "oidc_token_endpoint": ("log", _LOG),
        "oidc_id_token_missing": (None, "set the app up for OpenID Connect, and not for plain OAuth: there is no ID token."),
        "oidc_userinfo": (None, "let {who} put e-mail and groups into the ID token: its UserInfo endpoint is of no use to us."),
        "oidc_algorithm": (None, "let {who} sign ID tokens with RS256, or allow what it uses in the options of this connection."),
        "oidc_times": (
            None,
            "take an app of OpenID Connect with the usual settings: the token does not say how long it is valid.",
        ),
        "oidc_expired": (None, _AGAIN),
        "oidc_not_yet_valid": (None, _AGAIN),
        "oidc_not_reauthenticated": (
            None,
            "let {who} say when people signed in (claim `auth_time`), or do not ask for signing in anew in this connection.",
        ),
        "oidc_subject": (None, "let {who} send what this connection knows people by: `sub`, or the claim that you have named."),
        "oidc_logout_token": (None, "give {who} the back-channel logout address of this connection, and of no other."),
        "google_private_account": (None, "the person signed in with a private account: let them choose the work account."),
        "email_missing": ("email", "let {who} send the e-mail address as `email` (see {label})."),
        "email_unverified": (None, "let the person confirm the address at {who}: it says itself that this was not done."),
        "domain_not_verified": (None, "verify the domain of this address here, or correct the address of the person at {who}."),
        "no_matching_group": (
            "groups",
            "put the person into a group that a rule names, and let {who} send it (see {label}); or add a rule.",
        ),
        "not_in_directory": ("scim_assign", "let {who} push this person: assign them (see {label})."),
        "deprovisioned": ("scim_assign", "{who} has deactivated or deleted this person: assign them again (see {label})."),
        "second_subject": (
            "subject",
            "the person comes with another subject than before: their account is new or was renamed, or {label} was changed. Set"
            " it back, or unlink the person here if it is still them.",
        ),
        "link_ambiguous": (
            "scim_attributes",
            "push an `externalId` that is also sent at sign-in (see {label}): several pushed people fit.",
        ),
        "groups_unknown": ("groups", "{who} says nothing about groups, so nothing was changed: look at {label}."),
        "groups_not_pushed": (
            "scim_groups",
            "let {who} push the groups too (see {label}); their people must be assigned as well.",
        ),
        "never_answered": ("assign", "{who} stopped this sign-in: mostly the person is not assigned (see {label})."),
        "scim_silent": ("scim_assign", "look whether pushing is switched on, and whether anybody is assigned (see {label})."),
        "token_missing": ("scim_token", _TOKEN),
        "token_unknown": ("scim_token", _TOKEN),
        "client_unknown": ("scim_token", "make another client here, and enter its ID and secret (see {label})."),
        "token_expired": ("scim_token", _NEW_TOKEN),
        "token_revoked": ("scim_token", _NEW_TOKEN),
        "invalid_syntax": ("scim_attributes", _MAPPING),
        "invalid_value": ("scim_attributes", _MAPPING),
        "invalid_filter": (
            "scim_attributes",
            "choose userName to match people by (see {label}): we cannot search for what is asked.",
        ),
        "invalid_path": ("scim_attributes", _MAPPING),
        "no_target": ("scim_attributes", _MAPPING),
        "mutability": ("scim_attributes", _MAPPING),
        "member_unknown": (
            "scim_assign",
            "assign the people of the group too (see {label}): who was not pushed cannot be in it.",
        ),
        "uniqueness": (
            "scim_attributes",
            "two people or groups have the same user name, name or external id: change one of them there, or what is sent (see"
            " {label}).",
        ),
        "user_not_found": (
            "scim_assign",
            "the person is gone here: unassign them at {who}, and assign them again (see {label}).",
        ),
        "group_not_found": ("scim_groups", "the group is gone here: let {who} give it up, and push it again (see {label})."),
        "not_found": (
            "scim_url",
            "paste the base URL into {label} exactly, without `/Users` behind it. If it is right, the person or group is gone"
            " here: assign them again.",
        ),
        "metadata_incomplete": (
            "metadata",
            "take the metadata again, whole (see {label}): they lack an address or the entity ID.",
        ),
        "metadata_expired": ("metadata", "take the metadata again (see {label}): these are over."),
        "metadata_no_idp": (
            "metadata",
            "take the metadata again (see {label}): this is something else than the metadata of a provider.",
        ),
        "metadata_not_found": ("metadata", "copy the address again (see {label}): nothing answers there."),
        "metadata_unreadable": (
            "metadata",
            "take the metadata again (see {label}), whole and as they are: these cannot be read.",
        ),
        "certificate_missing": ("metadata", "take the metadata again, whole (see {label}): they hold no certificate."),
        "certificate_weak": ("certificate", "make a new certificate (see {label}): this one is too weak."),
    }
)
"""Refusal -> the place of the console it leads to, None for no one place, and what to do there."""
