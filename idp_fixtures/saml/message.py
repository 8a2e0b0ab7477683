"""A SAML response: what it says as one value, and the making, signing and encrypting of it.

    xml = make(Answer(issuer="https://idp.example", acs_url=…, audience=…, name_id="ada@example.com", in_response_to=…))
    form = {"SAMLResponse": encoded(xml), "RelayState": …}

A test that wants something else says so: another value in the `Answer`, `before` to change the tree before it is signed (then the
signature covers the change), `after` to change it afterwards (then it does not), or the pieces of this module one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lxml import etree

from idp_fixtures.saml.encryption import Encryption, encrypt
from idp_fixtures.saml.names import (
    BEARER,
    EMAIL,
    NOW,
    PASSWORD,
    SAML,
    SUCCESS,
    XS,
    XSI,
    Element,
    find,
    instant,
    new_id,
    parse,
    saml,
    samlp,
    serialize,
)
from idp_fixtures.saml.signing import Signer, sign

ASSERTION = "/samlp:Response/saml:Assertion"
Change = Callable[[Element], object]
"""Changes a tree in place; what it returns is ignored."""
Attributes = Mapping[str, Sequence[str]] | Sequence[tuple[str, Sequence[str]]]
"""Names and values of attributes; as pairs, a name may come several times."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a response says. None leaves the attribute or element out. Times follow from `now`.

    `signs` says which parts are signed: any of `assertion` and `response`, the inner one first. `destination` and `recipient` are
    the ACS address unless said otherwise; `in_response_to` is said in both places (`subject_in_response_to`: in the other).
    """

    issuer: str
    acs_url: str
    audience: str | None
    name_id: str | None
    in_response_to: str | None = None
    name_id_format: str | None = EMAIL
    name_id_qualifiers: Mapping[str, str] = field(default_factory=dict)
    attributes: Attributes = ()
    attribute_format: str | None = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
    now: datetime = NOW
    lifetime: timedelta = timedelta(minutes=5)
    authenticated_at: datetime | None = None
    session_index: str | None = "_session"
    session_ends_at: datetime | None = None
    destination: str | None = ""
    recipient: str | None = ""
    subject_in_response_to: str | None = ""
    response_issuer: str | None = ""
    status: tuple[str, ...] = (SUCCESS,)
    status_message: str | None = None
    method: str = BEARER
    version: str = "2.0"
    response_id: str = field(default_factory=new_id)
    assertion_id: str = field(default_factory=new_id)
    signs: tuple[str, ...] = ("assertion",)
    signer: Signer = field(default_factory=Signer)
    encryption: Encryption | None = None
    before: Change | None = None
    after: Change | None = None


def make(answer: Answer) -> bytes:
    """The response as XML: built, changed by `before`, signed and encrypted from the inside outwards, changed by `after`."""
    tree = parse(serialize(response_tree(answer)))
    if answer.before is not None:
        answer.before(tree)
    tree = finish(tree, answer)
    if answer.after is not None:
        answer.after(tree)
    return serialize(tree)


def finish(tree: Element, answer: Answer) -> Element:
    """A built tree is signed and encrypted as the answer says."""
    if "assertion" in answer.signs:
        tree = sign(tree, find(tree, ASSERTION), answer.signer)
    if answer.encryption is not None:
        encrypt(find(tree, ASSERTION), answer.encryption)
        tree = parse(serialize(tree))
    if "response" in answer.signs:
        tree = sign(tree, tree, answer.signer)
    return tree


def response_tree(answer: Answer) -> Element:
    """The unsigned samlp:Response (saml-core-2.0-os 3.3.3) with one assertion, or none when it tells a failure."""
    response = samlp.Response(
        ID=answer.response_id,
        Version=answer.version,
        IssueInstant=instant(answer.now),
        **_given(Destination=_or(answer.destination, answer.acs_url), InResponseTo=answer.in_response_to),
    )
    issuer = _or(answer.response_issuer, answer.issuer)
    if issuer is not None:
        response.append(saml.Issuer(issuer))
    response.append(_status(answer))
    if answer.status[0] == SUCCESS:
        response.append(assertion_tree(answer))
    return response


def assertion_tree(answer: Answer) -> Element:
    """The unsigned saml:Assertion of an answer (saml-core-2.0-os 2.3.3; saml-profiles-2.0-os 4.1.4.2)."""
    maker = etree.Element(f"{{{SAML}}}Assertion", nsmap={"saml": SAML, "xs": XS, "xsi": XSI})
    for name, value in (("ID", answer.assertion_id), ("Version", answer.version), ("IssueInstant", instant(answer.now))):
        maker.set(name, value)
    maker.append(saml.Issuer(answer.issuer))
    maker.append(_subject(answer))
    maker.append(_conditions(answer))
    maker.append(_authentication(answer))
    if answer.attributes:
        maker.append(attribute_statement(answer.attributes, answer.attribute_format))
    return maker


def attribute_statement(attributes: Attributes, name_format: str | None = None) -> Element:
    """A saml:AttributeStatement; every value is an xs:string."""
    statement = saml.AttributeStatement()
    for name, values in attributes.items() if isinstance(attributes, Mapping) else attributes:
        attribute = saml.Attribute(Name=name, **_given(NameFormat=name_format))
        for text in values:
            value = saml.AttributeValue(text)
            value.set(f"{{{XSI}}}type", "xs:string")
            attribute.append(value)
        statement.append(attribute)
    return statement


def _status(answer: Answer) -> Element:
    """Codes stand in one another, the general one outermost."""
    status = samlp.Status()
    holder = status
    for code in answer.status:
        inner = samlp.StatusCode(Value=code)
        holder.append(inner)
        holder = inner
    if answer.status_message is not None:
        status.append(samlp.StatusMessage(answer.status_message))
    return status


def _subject(answer: Answer) -> Element:
    subject = saml.Subject()
    if answer.name_id is not None:
        subject.append(saml.NameID(answer.name_id, **_given(Format=answer.name_id_format), **answer.name_id_qualifiers))
    in_response_to = _or(answer.subject_in_response_to, answer.in_response_to)
    data = saml.SubjectConfirmationData(
        NotOnOrAfter=instant(answer.now + answer.lifetime),
        **_given(Recipient=_or(answer.recipient, answer.acs_url), InResponseTo=in_response_to),
    )
    subject.append(saml.SubjectConfirmation(data, Method=answer.method))
    return subject


def _conditions(answer: Answer) -> Element:
    conditions = saml.Conditions(
        NotBefore=instant(answer.now - timedelta(minutes=1)), NotOnOrAfter=instant(answer.now + answer.lifetime)
    )
    if answer.audience is not None:
        conditions.append(saml.AudienceRestriction(saml.Audience(answer.audience)))
    return conditions


def _authentication(answer: Answer) -> Element:
    ends_at = answer.session_ends_at
    return saml.AuthnStatement(
        saml.AuthnContext(saml.AuthnContextClassRef(PASSWORD)),
        AuthnInstant=instant(answer.authenticated_at or answer.now),
        **_given(SessionIndex=answer.session_index, SessionNotOnOrAfter=instant(ends_at) if ends_at else None),
    )


def _or(value: str | None, usual: str | None) -> str | None:
    """The usual value for the empty text; None stays None."""
    return usual if value == "" else value


def _given(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
