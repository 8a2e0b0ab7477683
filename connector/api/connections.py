"""Connections over HTTP: identity providers of an organization, how people sign in through them, and whether that would work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.api.plans import OF_STATES, DryRun, PlanAnswer, planned
from connector.directory import connections
from connector.directory.connections import CertificateView, ConnectionView, Setup
from connector.directory.sign_on import load, without_certificate
from connector.directory.sign_on_model import ClientAuth, SignedPart, SignOn
from connector.directory.sign_on_providers import Desk, Told, setups
from connector.directory.sign_on_settings import Options
from connector.membership.profile import AbsentGroups
from connector.provisioning.pages import Page

TAG = "Connections"
FOUND: Mapping[str, int] = MappingProxyType({"connection_not_found": 404})

_NAMED = {"name_invalid": 400}
_TOLD = dict.fromkeys(
    (
        *("metadata_unreadable", "metadata_no_idp", "metadata_several", "metadata_expired", "metadata_incomplete"),
        *("certificate_invalid", "certificate_weak", "certificate_missing", "private_key_given", "endpoint_invalid"),
        *("issuer_invalid", "issuer_shared", "client_invalid", "option_invalid", "provider_mixed", "provider_incomplete"),
    ),
    400,
)
_FETCHED = dict.fromkeys(
    ("metadata_not_found", "fetch_failed", "fetch_refused", "fetch_redirected", "fetch_timeout", "fetch_too_large"), 424
)
_CHANGED = {"issuer_fixed": 409, "sign_on_changed": 409, "sign_on_missing": 409, "secret_key_changed": 409}

Jit = Literal["auto", "on", "off"]


class SignOnTold(Body):
    """How people sign in: SAML metadata, or issuer and client of an OpenID provider; and what is chosen beside them."""

    saml_metadata: str | None = Field(
        default=None, max_length=1_500_000, description="XML, or its https address: it is read daily from there then."
    )
    oidc_issuer: str | None = Field(default=None, description="The issuer, exactly as the provider writes it.")
    client_id: str | None = Field(default=None, description="What connector is called there.")
    client_secret: str | None = Field(default=None, description="Kept sealed, and never answered.")
    idp_initiated: bool | None = Field(default=None, description="SAML: take sign-ins that begin at the identity provider.")
    force_authn: bool | None = Field(default=None, description="Have people authenticate anew at every sign-in.")
    signed: SignedPart | None = Field(default=None, description="SAML: what must be signed.")
    sign_requests: bool | None = Field(default=None, description="SAML: sign requests, whatever the metadata ask.")
    sha1_until: AwareDatetime | None = Field(default=None, strict=False, description="SAML: take SHA-1 until then.")
    groups_attribute: str | None = Field(default=None, description="The attribute or claim with the groups.")
    absent_groups: AbsentGroups | None = Field(default=None, description="What a sign-in without that attribute says.")
    subject_attribute: str | None = Field(default=None, description="By which people are known; `NameID` for it or `sub` itself.")
    client_auth: ClientAuth | None = Field(default=None, description="OpenID Connect: how connector proves who it is.")
    algorithms: list[str] | None = Field(default=None, max_length=20, description="OpenID Connect: of ID tokens.")
    scopes: list[str] | None = Field(default=None, max_length=50, description="OpenID Connect: to ask for; openid is added.")
    userinfo: bool | None = Field(default=None, description="OpenID Connect: ask for claims that ID tokens lack.")

    def told(self) -> Told:
        """The same for the verbs."""
        chosen = {each.name: getattr(self, each.name) for each in fields(Options)}
        chosen["scopes"] = tuple(dict.fromkeys(("openid", *self.scopes))) if self.scopes else None
        chosen["algorithms"] = None if self.algorithms is None else tuple(self.algorithms)
        return Told(self.saml_metadata, self.oidc_issuer, self.client_id, self.client_secret, Options(**chosen))


class NewConnection(SignOnTold):
    """What a connection is called and which identity provider it is; how people sign in can be told now or later."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Okta", "idp": "okta", "saml_metadata": "https://acme.okta.example/metadata"}]}
    )

    name: str = Field(max_length=400, examples=["Okta"])
    idp: Literal["okta", "entra", "google", "jumpcloud", "onelogin", "ping", "generic"] = Field(examples=["okta"])
    jit: Jit = Field(default="auto", description="Whether signing in makes members.")


class ConnectionChange(SignOnTold):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Okta of the parent company", "jit": "off"}]})

    name: str | None = Field(default=None, max_length=400, examples=["Okta of the parent company"])
    jit: Jit | None = Field(default=None, description="Whether signing in makes members.")


class Leaving(DryRun):
    """What becomes of what rules gave: exactly one of `withdraw` and `keep` is needed."""

    EXPECTED = "exactly one of withdraw=true and keep=true, and each parameter once at most"

    withdraw: bool = Field(default=False, description="Take back what rules gave. Exactly one of this and `keep` is needed.")
    keep: bool = Field(default=False, description="Keep what rules gave, as given by hand. Exactly one of this and `withdraw`.")

    @model_validator(mode="after")
    def _one(self) -> Leaving:
        if self.withdraw is self.keep:
            raise ValueError("exactly one of withdraw and keep says what becomes of what rules gave")
        return self


def _setups(call: Call, body: SignOnTold, idp: str, known: SignOn | None) -> list[Setup]:
    """Fetched and read for somebody who was allowed to have that done."""
    return setups(Desk(call.sealer, call.fetcher, call.house.read_metadata), body.told(), idp, known, call.now)


@operation(
    "POST",
    "/api/orgs/<o>/connections",
    tag=TAG,
    summary="Make a connection",
    permission=connections.MANAGE,
    body=NewConnection,
    answer=ConnectionView,
    status=201,
    errors=_NAMED | _TOLD | _FETCHED,
    idempotent=True,
    etag=True,
)
def create(call: Call, o: str, body: NewConnection) -> ConnectionView:
    """A draft, with all addresses that its identity provider needs: nobody can sign in through it before it is activated."""
    home = call.organization(o)
    connections.may_manage(call.database, home, call.actor)
    changes = _setups(call, body, body.idp, None)
    return connections.create(
        call.database,
        home,
        body.name,
        body.idp,
        body.jit,
        base_url=call.settings.base_url,
        setups=changes,
        actor=call.actor,
        once=call.once,
    )


@operation(
    "GET",
    "/api/orgs/<o>/connections",
    tag=TAG,
    summary="List connections",
    permission=connections.MANAGE,
    query=Listing,
    answer=Page[ConnectionView],
)
def list_(call: Call, o: str, query: Listing) -> Page[ConnectionView]:
    """Oldest first."""
    home, base_url = call.organization(o), call.settings.base_url
    return connections.list_(call.database, home, base_url=base_url, limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "GET",
    "/api/orgs/<o>/connections/<c>",
    tag=TAG,
    summary="Show a connection",
    permission=connections.MANAGE,
    answer=ConnectionView,
    errors=FOUND,
    etag=True,
)
def show(call: Call, o: str, c: str) -> ConnectionView:
    """Its addresses, states and certificates; never its secret."""
    return connections.show(call.database, call.organization(o), c, base_url=call.settings.base_url, actor=call.actor)


@operation(
    "PATCH",
    "/api/orgs/<o>/connections/<c>",
    tag=TAG,
    summary="Change a connection",
    permission=connections.MANAGE,
    body=ConnectionChange,
    answer=ConnectionView,
    errors={**FOUND, **_NAMED, **_TOLD, **_FETCHED, **_CHANGED},
    etag=True,
)
def change(call: Call, o: str, c: str, body: ConnectionChange) -> ConnectionView:
    """All or nothing. Metadata, secrets and certificates can change while people sign in; certificates that new metadata name no
    more are taken for another week. The issuer is fixed once somebody has signed in."""
    home, base_url = call.organization(o), call.settings.base_url
    idp = connections.show(call.database, home, c, base_url=base_url, actor=call.actor).idp
    known = load(call.database, call.sealer, c, base_url)
    changes = _setups(call, body, idp, known)
    return connections.set_(
        call.database,
        home,
        c,
        name=body.name,
        jit=body.jit,
        base_url=base_url,
        setups=changes,
        actor=call.actor,
        seen=call.seen,
    )


@operation(
    "DELETE",
    "/api/orgs/<o>/connections/<c>",
    tag=TAG,
    summary="Delete a connection",
    permission=connections.MANAGE,
    query=Leaving,
    answer=PlanAnswer,
    errors={code: OF_STATES[code] for code in ("connection_not_found", "directory_live", "last_connection")}
    | {"last_owner": 409},
)
def delete(call: Call, o: str, c: str, query: Leaving) -> PlanAnswer:
    """With all it pushed. Exactly one of `withdraw=true` and `keep=true` is needed: what its rules gave is withdrawn, or kept as
    given by hand."""
    return planned(call, o, "delete_connection", {"connection": c, "keep": query.keep}, query)


@operation(
    "GET",
    "/api/orgs/<o>/connections/<c>/certificates",
    tag=TAG,
    summary="List the certificates of an identity provider",
    permission=connections.MANAGE,
    query=Listing,
    answer=Page[CertificateView],
    errors=FOUND,
)
def list_certificates(call: Call, o: str, c: str, query: Listing) -> Page[CertificateView]:
    """Those that live longest first; one that metadata name no more says when it is taken no longer."""
    found = connections.show(call.database, call.organization(o), c, base_url=call.settings.base_url, actor=call.actor)
    known = [each.fingerprint for each in found.certificates]
    passed = known.index(query.after) + 1 if query.after in known else 0
    some = found.certificates[passed : passed + query.limit]
    return Page(some, some[-1].fingerprint if passed + query.limit < len(found.certificates) else None)


@operation(
    "DELETE",
    "/api/orgs/<o>/connections/<c>/certificates/<fingerprint>",
    tag=TAG,
    summary="Take a certificate no longer",
    permission=connections.MANAGE,
    answer=ConnectionView,
    errors={**FOUND, "certificate_not_found": 404, "sign_on_missing": 409, "last_certificate": 409},
)
def drop_certificate(call: Call, o: str, c: str, fingerprint: str) -> ConnectionView:
    """At once, without the week that changed metadata leave it. The fingerprint may be shortened to eight letters."""
    home, base_url = call.organization(o), call.settings.base_url
    gone = [without_certificate(fingerprint, now=call.now)]
    return connections.set_(call.database, home, c, base_url=base_url, setups=gone, actor=call.actor)
