"""The options by which `connection create` and `connection set` are told how people sign in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from connector.cli.common import Command, Moment, Tools
from connector.directory import sign_on_providers
from connector.directory.connections import Setup
from connector.directory.sign_on import load
from connector.directory.sign_on_providers import Desk, Told, is_url
from connector.directory.sign_on_settings import (
    ABSENT_GROUPS,
    ALGORITHMS,
    CLIENT_AUTHS,
    SIGNED_PARTS,
    Options,
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
    of_openid = any(given[name] for name in ("oidc_issuer", "client_id", "client_secret_file"))
    if given["saml_metadata"] and of_openid:
        raise click.UsageError("A connection speaks SAML or OpenID Connect: give --saml-metadata or the OpenID options.")
    options = _options(given)
    if connection is None and options.given() and not (given["saml_metadata"] or of_openid):
        raise click.UsageError(
            "These options need the IdP's side: give --saml-metadata, or --oidc-issuer and --client-id, with them. To have our"
            " addresses first, create the connection without these options, and give them later: `connector connection set`."
        )
    base_url = at_hand.settings.base_url
    known = None if connection is None else load(at_hand.database, at_hand.sealer, connection, base_url)
    if of_openid and (known is None or known.oidc is None) and not (given["oidc_issuer"] and given["client_id"]):
        raise click.UsageError("OpenID Connect needs --oidc-issuer, --client-id and --client-secret-file.")
    secret = _secret(given["client_secret_file"]) if given["client_secret_file"] else None
    told = Told(_metadata(given["saml_metadata"]), given["oidc_issuer"], given["client_id"], secret, options)
    return sign_on_providers.setups(_desk(at_hand), told, idp, known, datetime.now(UTC))


def _desk(at_hand: Tools) -> Desk:
    # lxml is needed by few commands.
    from connector.saml.refresh import told_metadata

    return Desk(at_hand.sealer, at_hand.fetcher, told_metadata)


def _metadata(where: str | None) -> str | bytes | None:
    """The address, or what stands in the file."""
    return _read(where) if where and not is_url(where) else where or None


def _options(given: Mapping[str, Any]) -> Options:
    chosen = {each.name: given[each.name] for each in fields(Options)}
    chosen["scopes"] = tuple(dict.fromkeys(("openid", *given["scopes"]))) if given["scopes"] else None
    return Options(**chosen | {"algorithms": given["algorithms"] or None})


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
