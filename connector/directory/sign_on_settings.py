"""The sign-on side as values and as rows, and what may be chosen in it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, get_args
from urllib.parse import urlsplit

from connector.directory.certificates import refuse_private_key
from connector.directory.sign_on_model import Certificate, ClientAuth, OidcSide, SamlSide, SignedPart
from connector.errors import Invalid
from connector.membership.fold import is_storable
from connector.membership.identity import Method
from connector.membership.profile import NAME_ID, AbsentGroups, AttributeMapping, default_mapping

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512")
CLIENT_AUTHS: tuple[ClientAuth, ...] = get_args(ClientAuth)
SIGNED_PARTS: tuple[SignedPart, ...] = get_args(SignedPart)
ABSENT_GROUPS: tuple[AbsentGroups, ...] = get_args(AbsentGroups)
LONGEST = 1024
"""Characters of an issuer or an endpoint (SAML Core section 8.3.6)."""

SHA1_LONGEST_DAYS = 90

_SHARED_TENANTS = ("common", "organizations", "consumers")
_CHOSEN = ("signed", "force_authn", "idp_initiated", "sha1_until")
_OIDC_CHOSEN = ("client_auth", "scopes", "algorithms", "userinfo", "force_authn")


@dataclass(frozen=True, slots=True)
class Options:
    """What an admin chooses beside the provider's own data; None leaves it as it is.

    `sign_requests` overrides what the IdP's metadata ask for. `groups_attribute` and `subject_attribute` are the name of an
    attribute; `NameID` as subject is the NameID or `sub` itself. `sha1_until` in the past ends the exception.
    """

    idp_initiated: bool | None = None
    force_authn: bool | None = None
    signed: SignedPart | None = None
    sign_requests: bool | None = None
    sha1_until: datetime | None = None
    groups_attribute: str | None = None
    absent_groups: AbsentGroups | None = None
    subject_attribute: str | None = None
    client_auth: ClientAuth | None = None
    algorithms: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    userinfo: bool | None = None

    def given(self) -> dict[str, Any]:
        """What is chosen, by name."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name)) is not None}


_SAML_ONLY = {"idp_initiated", "signed", "sign_requests", "sha1_until"}
_OIDC_ONLY = {"client_auth", "algorithms", "scopes", "userinfo"}


def check_options(options: Options, protocol: Method, now: datetime) -> None:
    """Refuse what does not belong to the protocol or cannot be. Raises Invalid `option_invalid`."""
    foreign = sorted(options.given().keys() & (_OIDC_ONLY if protocol == "saml" else _SAML_ONLY))
    if foreign:
        other = "OpenID Connect" if protocol == "saml" else "SAML"
        raise _option(
            f"{foreign[0].replace('_', ' ')} belongs to {other}, and this connection speaks {protocol}.", "no such option"
        )
    for name, known in (("algorithms", ALGORITHMS), ("absent_groups", ABSENT_GROUPS), ("signed", SIGNED_PARTS)):
        value = getattr(options, name)
        if value is not None and not set([value] if isinstance(value, str) else value or ("none",)) <= set(known):
            raise _option(f"{name.replace('_', ' ')}: this is not known.", "one of " + ", ".join(known))
    if options.sha1_until is not None and (options.sha1_until - now).days > SHA1_LONGEST_DAYS:
        raise _option("SHA-1 cannot be allowed for that long.", f"at most {SHA1_LONGEST_DAYS} days")
    for attribute in (options.groups_attribute, options.subject_attribute):
        if attribute is not None and not (0 < len(attribute) <= LONGEST and attribute.isprintable() and is_storable(attribute)):
            raise _option("This is not the name of an attribute.", f"1 to {LONGEST} printable letters")


def _option(detail: str, expected: str) -> Invalid:
    return Invalid("option_invalid", detail, expected=expected, advice="`connector connection set --help` lists the options.")


def check_client(side: OidcSide, options: Options) -> None:
    """Refuse a client that cannot be. Raises Invalid `client_invalid`, `private_key_given`."""
    refuse_private_key(side.client_secret or "")
    for text, what in ((side.client_id, "client id"), (side.client_secret, "client secret")):
        if text is not None and not (0 < len(text) <= LONGEST and text.isprintable() and is_storable(text)):
            raise _client(f"The {what} is empty, too long, or has characters that do not belong into it.", f"the {what} as shown")
    if side.client_secret is None and (options.client_auth or side.client_auth) != "private_key_jwt":
        raise _client("There is no client secret.", "a client secret, or private_key_jwt as the way to authenticate")


def _client(detail: str, expected: str) -> Invalid:
    return Invalid("client_invalid", detail, expected=expected, advice="Copy it from the identity provider's console once more.")


def default_scopes(idp: str) -> tuple[str, ...]:
    """The scopes to ask for. Okta and OneLogin tell groups only to who asks."""
    return ("openid", "profile", "email", "groups") if idp in ("okta", "onelogin") else ("openid", "profile", "email")


# ------------------------------------------------------------------------------------------------------- values as rows


def saml_settings(side: SamlSide) -> dict[str, Any]:
    """What of a SAML side stands in `settings`."""
    kept = {name: value for name, value in _plain(side).items() if name not in ("issuer", "certificates")}
    return {**kept, "sha1_until": side.sha1_until and side.sha1_until.isoformat(), "sign_requests": None}


def oidc_settings(side: OidcSide) -> dict[str, Any]:
    """What of an OpenID Connect side stands in `settings`; the secret does not."""
    return {name: value for name, value in _plain(side).items() if name not in ("issuer", "client_secret")}


def _plain(side: SamlSide | OidcSide) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(side).items()}


def saml_side(issuer: str, settings: Mapping[str, Any], certificates: str | None, now: datetime) -> SamlSide:
    """The value of a row. `certificates` is a JSON array of rows (pem, fingerprint, not_before, not_after, leaves_at)."""
    said = dict(settings)
    chosen = said.pop("sign_requests")
    if chosen is not None:
        said["request_signing"] = chosen
    if said["sha1_until"]:
        said["sha1_until"] = datetime.fromisoformat(said["sha1_until"])
    return SamlSide(issuer=issuer, certificates=read_certificates(certificates, now), **said)


def oidc_side(issuer: str, settings: Mapping[str, Any], secret: str | None) -> OidcSide:
    """The value of a row; `secret` is open."""
    lists = {name: tuple(settings[name]) for name in ("scopes", "algorithms")}
    return OidcSide(issuer=issuer, client_secret=secret, **{**settings, **lists})


def read_certificates(rows: str | None, now: datetime) -> tuple[Certificate, ...]:
    """The certificates that have not left, those longest to live first."""
    found = (Certificate(pem, fingerprint, *map(_moment, dates)) for pem, fingerprint, *dates in json.loads(rows or "[]"))
    staying = (each for each in found if each.leaves_at is None or each.leaves_at > now)
    return tuple(sorted(staying, key=lambda each: (each.not_after, each.fingerprint), reverse=True))


def _moment(text: str | None) -> Any:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def changed_settings(settings: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The settings with what is chosen in them."""
    chosen = {name: value for name, value in options.given().items() if name in _SAML_ONLY | _OIDC_ONLY | {"force_authn"}}
    if options.sha1_until is not None:
        chosen["sha1_until"] = options.sha1_until.isoformat()
    return {**settings, **{name: list(value) if isinstance(value, tuple) else value for name, value in chosen.items()}}


def changed_mapping(mapping: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """What of the mapping differs from the defaults, with what is chosen in it."""
    changed = dict(mapping)
    if options.groups_attribute is not None:
        changed["groups"] = [options.groups_attribute]
    if options.absent_groups is not None:
        changed["absent_groups"] = options.absent_groups
    if options.subject_attribute is not None:
        changed["subject"] = "" if options.subject_attribute == NAME_ID else options.subject_attribute
    return changed


def mapping_of(idp: str, protocol: Method, changed: Mapping[str, Any]) -> AttributeMapping:
    """The mapping: the defaults of the provider, and what was chosen instead."""
    said: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in changed.items()}
    return replace(default_mapping(idp, protocol), **said)


def kept_choices(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What the admin chose of the settings before, for the same protocol told anew."""
    names = (*_CHOSEN, "sign_requests") if "sso_url" in after else _OIDC_CHOSEN
    return {**after, **{name: before[name] for name in names if name in before}}


# ------------------------------------------------------------------------------------------------------------- addresses


def check_issuer(issuer: str, protocol: Method, *, plain_http: bool = False) -> None:
    """Refuse what cannot be the issuer of one organization's IdP.

    A SAML entity id is any URI; an OpenID issuer an https address without query and fragment (OpenID Connect Discovery 1.0
    section 3), which is why `plain_http` exists: for development. Raises Invalid `issuer_invalid`, `issuer_shared`.
    """
    if not (0 < len(issuer) <= LONGEST and issuer.isprintable() and is_storable(issuer)) or issuer != issuer.strip():
        raise _issuer(
            "The issuer is empty, too long, or has characters that do not belong into it.", "the issuer as the IdP says it"
        )
    if protocol == "oidc":
        _check_oidc_issuer(issuer, plain_http)


def _check_oidc_issuer(issuer: str, plain_http: bool) -> None:
    if not is_address(issuer, plain_http=plain_http) or "?" in issuer or "#" in issuer:
        raise _issuer("The issuer is not an https address without query and fragment.", "https://, a host and perhaps a path")
    if issuer.rstrip("/").endswith("/.well-known/openid-configuration"):
        raise _issuer("This is the address of the discovery document, not the issuer.", "the part before /.well-known/")
    parts = urlsplit(issuer)
    if parts.hostname == "login.microsoftonline.com" and parts.path.lower().split("/")[1:2] in [
        [name] for name in _SHARED_TENANTS
    ]:
        raise Invalid(
            "issuer_shared",
            "This address serves every Microsoft tenant: anybody's account would be taken for your people's.",
            expected="https://login.microsoftonline.com/TENANT-ID/v2.0",
            advice="Copy the Directory (tenant) ID from the app registration's Overview into the address.",
        )


def _issuer(detail: str, expected: str) -> Invalid:
    advice = "Copy it from the identity provider's console, or from its metadata or discovery document."
    return Invalid("issuer_invalid", detail, expected=expected, advice=advice)


def check_endpoint(url: str, what: str, *, plain_http: bool = False) -> None:
    """Refuse an address that a browser must not be sent to. Raises Invalid `endpoint_invalid`."""
    if not is_address(url, plain_http=plain_http):
        raise Invalid(
            "endpoint_invalid",
            f"The {what} is not an https address.",
            expected="https://, a host and a path",
            advice="Correct it at the identity provider and give its metadata again.",
        )


def is_address(url: str, *, plain_http: bool) -> bool:
    """Whether this is an https address (http too with `plain_http`, or on this machine), without credentials, of sane length."""
    if not (0 < len(url) <= LONGEST and url.isascii() and url.isprintable() and " " not in url and "\\" not in url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
        parts.port  # noqa: B018 - the standard library checks it when it is read
    except ValueError:
        return False
    if not host or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and (plain_http or _on_this_machine(host)))


def _on_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
