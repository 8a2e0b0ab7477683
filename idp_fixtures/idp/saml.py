"""SAML 2.0 at the identity provider: metadata, signing on by both bindings, unsolicited answers, logout in both directions."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from lxml import etree

from idp_fixtures.idp import pages
from idp_fixtures.idp.asking import ask_person, provider
from idp_fixtures.idp.provider import Application, Ask, Provider, SignedIn
from idp_fixtures.people import Person
from idp_fixtures.saml.encryption import Encryption
from idp_fixtures.saml.logout import Logout, Request, logout_request, logout_response, read_request
from idp_fixtures.saml.message import Answer, make
from idp_fixtures.saml.metadata import Published, metadata
from idp_fixtures.saml.names import AUTHN_FAILED, RESPONDER, encoded, parse
from idp_fixtures.saml.signing import Signer, inflated, query, query_is_signed_by, tree_is_signed_by
from idp_fixtures.saml.vendors import Asked, answer_of

blueprint = Blueprint("saml", __name__)


@blueprint.get("/saml/metadata")
def show_metadata() -> Response:
    """What a service provider needs to know."""
    document = metadata(provider().saml, Published(keys=(provider().key,)))
    return Response(document, content_type="application/samlmetadata+xml")


@blueprint.route("/saml/sso", methods=["GET", "POST"])
def sso() -> Response:
    """An AuthnRequest arrives. `person` (an address) answers at once, without a page; an empty one refuses."""
    try:
        asked = _read("SAMLRequest")
        application = provider().application(entity_id=asked.issuer)
    except LookupError as problem:
        return pages.refusal(str(problem))
    if asked.acs_url not in (None, application.acs_url):
        return pages.refusal("The request names an ACS address that is not registered.")
    if not _trusted(application):
        return pages.refusal("The request is not signed by the service provider.")
    ask = Ask(answer, application, {"request_id": asked.id, "relay_state": request.values.get("RelayState", "")})
    return ask_person(ask)


@blueprint.get("/saml/start")
def start() -> Response:
    """Begin here (IdP-initiated): an answer that nobody asked for, to `application`; `relay_state` goes with it."""
    try:
        application = provider().application(name=request.args.get("application", ""))
    except LookupError as problem:
        return pages.refusal(str(problem))
    return ask_person(Ask(answer, application, {"request_id": "", "relay_state": request.args.get("relay_state", "")}))


def answer(ask: Ask, person: Person | None) -> Response:
    """A response to the ACS: an assertion, or the status of somebody who refused."""
    now, application = provider().clock(), ask.application
    asked = Asked(application.acs_url, application.entity_id, ask.fields["request_id"] or None)
    if person is None:
        who = provider().people()[0]
        told = answer_of(
            provider().saml, who, asked, now, status=(RESPONDER, AUTHN_FAILED), signs=("response",), signer=_signer()
        )
    else:
        told = _assertion(application, person, asked)
    fields = {"SAMLResponse": encoded(make(told)), "RelayState": ask.fields["relay_state"]}
    return pages.carried(application.acs_url, {name: value for name, value in fields.items() if value})


def _assertion(application: Application, person: Person, asked: Asked) -> Answer:
    draft = answer_of(provider().saml, person, asked, provider().clock(), signer=_signer())
    signed_in = provider().sign_in(application, person, draft.name_id or "")
    secret = application.encryption_certificate
    encryption = Encryption(secret) if secret else None
    return answer_of(
        provider().saml,
        person,
        asked,
        signed_in.at,
        signer=_signer(),
        session_index=signed_in.index,
        encryption=encryption,
        signs=("assertion", "response") if secret else draft.signs,
    )


@blueprint.route("/saml/slo", methods=["GET", "POST"])
def slo() -> Response:
    """A LogoutRequest of a service provider is done and answered; a LogoutResponse to ours ends here."""
    if "SAMLResponse" in request.values:
        return pages.told("You are signed out of the application, and here.")
    try:
        asked = _read("SAMLRequest")
        application = provider().application(entity_id=asked.issuer)
    except LookupError as problem:
        return pages.refusal(str(problem))
    if application.certificates and not _signed_by(application):
        return pages.refusal("The request is not signed by the service provider.")
    provider().sign_out(lambda each: _meant(each, application, asked))
    if not application.slo_url:
        return pages.told("You are signed out.")
    message = logout_response(provider().saml.issuer, application.slo_url, asked.id, now=provider().clock())
    return pages.away(
        _with_query(application.slo_url, query("SAMLResponse", message, request.values.get("RelayState"), _signer()))
    )


@blueprint.get("/saml/logout")
def logout() -> Response:
    """Begin here: sign `person` out of `application`. The browser carries a signed LogoutRequest there (redirect binding)."""
    try:
        application = provider().application(name=request.args.get("application", ""))
        signed_in = provider().signed_in(application, request.args.get("person"))[-1]
    except LookupError:
        return pages.refusal("Nobody is signed in there.")
    provider().sign_out(lambda each: each == signed_in)
    return pages.away(
        _with_query(application.slo_url, query("SAMLRequest", logout_message(provider(), signed_in), None, _signer()))
    )


def logout_message(idp: Provider, signed_in: SignedIn, signer: Signer | None = None) -> bytes:
    """The LogoutRequest for one sign-in; `signer` for the POST binding."""
    told = Logout(
        issuer=idp.saml.issuer,
        destination=signed_in.application.slo_url,
        name_id=signed_in.name_id,
        name_id_format=idp.saml.name_id_format,
        session_index=signed_in.index,
        now=idp.clock(),
        signer=signer,
    )
    return logout_request(told)


def _meant(signed_in: SignedIn, application: Application, asked: Request) -> bool:
    same = signed_in.application.name == application.name and signed_in.name_id == asked.name_id
    return same and asked.session_index in (None, signed_in.index)


def _signer() -> Signer:
    return Signer(key=provider().key)


def _read(parameter: str) -> Request:
    """The message of the current request, by either binding. Raises LookupError."""
    try:
        return read_request(_xml(parameter))
    except (binascii.Error, ValueError, etree.XMLSyntaxError):
        raise LookupError(f"There is no readable {parameter} in this request.") from None


def _xml(parameter: str) -> bytes:
    if request.method == "POST":
        return base64.b64decode(request.form.get(parameter, ""), validate=True)
    return inflated(request.args.get(parameter, ""))


def _trusted(application: Application) -> bool:
    """A signature is wanted, or there is one: then it must be right."""
    if application.wants_signed_requests or (application.certificates and "Signature" in request.args):
        return _signed_by(application)
    return True


def _signed_by(application: Application) -> bool:
    if request.method == "POST":
        return tree_is_signed_by(parse(_xml("SAMLRequest")), application.certificates)
    raw = "&".join(part for part in request.query_string.decode().split("&") if not part.startswith("person="))
    return query_is_signed_by(raw, application.certificates)


def _with_query(url: str, text: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{text}"


def unsolicited_url(idp: Provider, application: str, person: str, relay_state: str = "") -> str:
    """Where a browser gets an answer that nobody asked for, without a page in between."""
    return f"{idp.url}/saml/start?" + urlencode({"application": application, "person": person, "relay_state": relay_state})
