"""The options by which `connection create` and `connection set` are told how people sign in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from connector.cli.common import Command, Moment, Tools
from connector.directory import sign_on
from connector.directory.connections import Setup
from connector.directory.sign_on_model import OidcSide
from connector.directory.sign_on_settings import (
    ABSENT_GROUPS,
    ALGORITHMS,
    CLIENT_AUTHS,
    SIGNED_PARTS,
    Options,
    default_scopes,
)
from connector.errors import Invalid

FILE_LIMIT = 2 * 1024 * 1024
"""Bytes read of a file: more than any that is taken."""

_PROVIDER = (
    click.option("--saml-metadata", metavar="FILE-or-URL", help="SAML: the IdP's metadata; from a URL they are read daily."),
    click.option("--oidc-issuer", metavar="URL", help="OpenID Connect: the issuer, exactly as the provider writes it."),
    click.option("--client-id", metavar="ID", help="OpenID Connect: what connector is called there."),
    click.option("--client-secret-file", metavar="FILE", help="OpenID Connect: a file with the client secret."),
)
_CHOICES = (
    click.option("--groups-attribute", metavar="NAME", help="The attribute or claim with the groups."),
    click.option("--absent-groups", type=click.Choice(ABSENT_GROUPS), help="What a sign-in without that attribute says."),
    click.option("--subject-attribute", metavar="NAME", help="By which people are known; NameID for the NameID or `sub`."),
    click.option("--force-authn/--no-force-authn", default=None, help="Have people authenticate anew at every sign-in."),
    click.option("--idp-initiated/--no-idp-initiated", default=None, help="SAML: take sign-ins that begin at the IdP."),
    click.option("--signed", type=click.Choice(SIGNED_PARTS), help="SAML: what must be signed; assertion unless set."),
    click.option("--sign-requests/--no-sign-requests", default=None, help="SAML: sign requests, whatever the metadata ask."),
    click.option("--sha1-until", type=Moment(), help="SAML: take SHA-1 until this time, 90 days at most."),
    click.option("--client-auth", type=click.Choice(CLIENT_AUTHS), help="OpenID Connect: how connector proves who it is."),
    click.option("--algorithm", "algorithms", type=click.Choice(ALGORITHMS), multiple=True, help="OpenID Connect: of ID tokens."),
    click.option(
        "--scope", "scopes", metavar="SCOPE", multiple=True, help="OpenID Connect: a scope to ask for; openid is added."
    ),
    click.option("--userinfo/--no-userinfo", default=None, help="OpenID Connect: ask for claims that ID tokens lack."),
)


def sign_on_options(function: Command) -> Command:
    """Add the options; the command gets them as keywords, to be handed to `setups`."""
    for option in reversed((*_PROVIDER, *_CHOICES)):
        function = option(function)
    return function


def setups(at_hand: Tools, given: Mapping[str, Any], idp: str, connection: str | None = None) -> list[Setup]:
    """What the options of one command do to the sign-on side: fetched, read and checked, not yet carried out.

    `connection` is the one that is changed, None for one that is made. Raises click.UsageError, Invalid, Upstream.
    """
    now, options = datetime.now(UTC), _options(given)
    if given["saml_metadata"] and any(given[name] for name in ("oidc_issuer", "client_id", "client_secret_file")):
        raise click.UsageError("A connection speaks SAML or OpenID Connect: give --saml-metadata or the OpenID options.")
    if given["saml_metadata"]:
        return [_saml(at_hand, given["saml_metadata"], options, now)]
    if any(given[name] for name in ("oidc_issuer", "client_id", "client_secret_file")):
        return [_oidc(at_hand, given, options, idp, connection, now)]
    if not options.given():
        return []
    if connection is None:
        raise click.UsageError(
            "These options need the IdP's side: give --saml-metadata, or --oidc-issuer and --client-id, with them. To have our"
            " addresses first, create the connection without these options, and give them later: `connector connection set`."
        )
    return [sign_on.choice(options, now=now)]


def _options(given: Mapping[str, Any]) -> Options:
    chosen = {each.name: given[each.name] for each in fields(Options)}
    chosen["scopes"] = tuple(dict.fromkeys(("openid", *given["scopes"]))) if given["scopes"] else None
    return Options(**chosen | {"algorithms": given["algorithms"] or None})


def _saml(at_hand: Tools, where: str, options: Options, now: datetime) -> Setup:
    # lxml is needed by few commands.
    from connector.saml.metadata import read_metadata
    from connector.saml.refresh import fetch_metadata

    if where.startswith(("https://", "http://")):
        url, found = where, fetch_metadata(at_hand.fetcher, where, now)
    else:
        url, found = None, read_metadata(_read(where), now)
    return sign_on.saml_setup(
        found.side,
        metadata_url=url,
        valid_until=found.valid_until,
        options=options,
        plain_http=at_hand.settings.fetch_private,
        now=now,
    )


def _oidc(at_hand: Tools, given: Mapping[str, Any], options: Options, idp: str, connection: str | None, now: datetime) -> Setup:
    """A new provider, or the one that is there with another issuer, client or secret."""
    known, version = None, None
    if connection is not None:
        found = sign_on.load(at_hand.database, at_hand.sealer, connection, at_hand.settings.base_url)
        known, version = found.oidc, found.version
    if known is None and not (given["oidc_issuer"] and given["client_id"]):
        raise click.UsageError("OpenID Connect needs --oidc-issuer, --client-id and --client-secret-file.")
    side = known or OidcSide(given["oidc_issuer"], given["client_id"], None, scopes=default_scopes(idp))
    issuer, client_id = given["oidc_issuer"] or side.issuer, given["client_id"] or side.client_id
    secret = _secret(given["client_secret_file"]) if given["client_secret_file"] else side.client_secret
    plain = at_hand.settings.fetch_private
    told = replace(side, issuer=issuer, client_id=client_id, client_secret=secret)
    return sign_on.oidc_setup(at_hand.sealer, told, options=options, plain_http=plain, version=version, now=now)


def _secret(name: str) -> str:
    try:
        return _read(name).decode().strip()
    except UnicodeDecodeError:
        advice = "Write the secret alone into a file, as text."
        raise Invalid(
            "client_invalid", "The file with the client secret is not text.", expected="the secret", advice=advice
        ) from None


def _read(name: str) -> bytes:
    with Path(name).open("rb") as file:
        return file.read(FILE_LIMIT)
