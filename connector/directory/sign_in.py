"""SIGN-IN: a verified identity becomes a session, and on the way a member, in one transaction.

The request and the message are spent in it, whatever comes of them; a refusal leaves nothing else behind but an audit entry.
While a directory is live it alone decides groups, role and status; else what sign-ins say does, by their connection's rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update

from connector.accounts import sessions
from connector.accounts.sessions import Proof, Visitor
from connector.directory import claimed_groups, requests, traces
from connector.directory.recognition import Recognised, recognise
from connector.directory.requests import PendingRequest
from connector.directory.sign_on_model import SignOn
from connector.directory.traces import Trace
from connector.directory.ways import subject_value, trusted_email
from connector.errors import Conflict, ConnectorError, Forbidden
from connector.membership.claims import desired_by_claims
from connector.membership.fold import fold
from connector.membership.identity import LogoutHandle, VerifiedIdentity
from connector.membership.model import Because, Cause, Change, Holding, Join, Mode, PersonFacts, Subject
from connector.membership.settings import settings_of
from connector.provisioning import apply, facts, people, sync, testimony
from connector.provisioning.corridor import Corridor, Opening, Origin, enter
from connector.provisioning.facts import Entry
from connector.provisioning.setting import SETTING
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.ids import new_id
from connector.storage.sealing import Sealer

_ALERTS = {
    "second_subject": "sign_in.second_subject",
    "break_glass": "sign_in.break_glass",
    "link_ambiguous": "sign_in.link_ambiguous",
}
"""Refusals that the owners are told of, and how the alert is called: somebody has to decide."""


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody is signed in. `session_token` is for the cookie, seen this once; `joined` tells that they became a member."""

    session_token: str = field(repr=False)
    person_id: str
    email: str | None
    organization_slug: str
    joined: bool


def sign_in(
    database: Database,
    sealer: Sealer,
    sign_on: SignOn,
    identity: VerifiedIdentity,
    request: PendingRequest | None,
    visitor: Visitor,
    now: datetime | None = None,
    facts_of_it: Mapping[str, Any] | None = None,
) -> Entered:
    """Let somebody in, or refuse. `request` is None for a message that nobody asked for and that was confirmed.

    Who gets in is traced with `facts_of_it` (redacted) in the same transaction; a refusal is the caller's to trace.

    Raises Forbidden `request_used`, `message_replayed`, `connection_draft`, `connection_disabled`, `not_sso`, and what
    `recognition.recognise` raises; Conflict `issuer_changed`.
    """
    moment = now or datetime.now(UTC)
    signed_in_as = _with_own_means(database, visitor, moment)
    origin = Origin(f"sign_in:{sign_on.connection_id}", f"signed in through {sign_on.name}", visitor.address or None)

    def work(corridor: Corridor) -> Entered | ConnectorError:
        try:
            _spend(corridor, identity, request, moment)
            _door(corridor, sign_on, request)
            found = recognise(corridor, identity, corridor.beside.jit, signed_in_as)
            _refuse_at_the_gate(corridor, identity, found)
        except ConnectorError as refusal:
            _refused(corridor, identity, refusal)
            return refusal
        _traced(corridor, identity, visitor, facts_of_it or {})
        return _let_in(corridor, sealer, sign_on, identity, found, visitor)

    opening = Opening(_OPENING, {"connection": sign_on.connection_id})
    entered = enter(database, sign_on.organization_id, origin, work, opening=opening)
    if isinstance(entered, ConnectorError):
        raise entered
    return entered


def _with_own_means(database: Database, visitor: Visitor, now: datetime) -> str | None:
    """Whose browser it is by something that no IdP said."""
    session = sessions.find(database, visitor.session_token, now)
    own = session is not None and any(
        each.organization_id is None or each.method == "break_glass" for each in session.authentications
    )
    return session.person_id if session is not None and own else None


_AUTH = select(t.OrganizationSetting.document).where(
    t.OrganizationSetting.organization_id == t.Organization.id, t.OrganizationSetting.namespace == "auth"
)
_OPENING = Hot(
    SETTING.add_columns(
        t.Connection.state,
        t.Connection.jit,
        t.SignOn.issuer,
        t.SignOn.version,
        t.SignOn.fixed_at,
        _AUTH.correlate(t.Organization).scalar_subquery().label("auth"),
    )
    .outerjoin(t.Connection, (t.Connection.id == bindparam("connection")) & (t.Connection.organization_id == t.Organization.id))
    .outerjoin(t.SignOn, t.SignOn.connection_id == t.Connection.id)
)


def _spend(corridor: Corridor, identity: VerifiedIdentity, request: PendingRequest | None, now: datetime) -> None:
    if request is not None and identity.method == "saml" and not requests.spend(corridor.connection, request.handle, now):
        raise requests.used()
    kind = "assertion" if identity.method == "saml" else "id_token"
    owner, until = identity.connection_id, identity.message_until
    if not requests.spend_message(corridor.connection, owner, kind, identity.message_id, until):
        raise requests.replayed()


def _door(corridor: Corridor, sign_on: SignOn, request: PendingRequest | None) -> None:
    """Look once more, now that the lock is there: the answer was verified by what was known before it; one that waited to be
    confirmed, perhaps minutes ago, by a certificate that was taken out since."""
    row = corridor.beside
    if row.state != "active":
        code = "connection_draft" if row.state == "draft" else "connection_disabled"
        raise Forbidden(code, "This connection does not sign people in.", expected="an active connection")
    if corridor.mode is not Mode.SSO:
        detail = "Members of this organization come by invitation, not through an identity provider."
        raise Forbidden("not_sso", detail, expected="an organization in sso")
    outdated = request is not None and request.purpose == "confirm" and request.version != row.version
    if outdated or row.issuer != sign_on_issuer(sign_on):
        raise Conflict("issuer_changed", "The connection was changed during this sign-in.", advice="Sign in again.")


def sign_on_issuer(sign_on: SignOn) -> str:
    """The issuer that a connection expects."""
    side = sign_on.saml or sign_on.oidc
    return side.issuer if side else ""


def _refuse_at_the_gate(corridor: Corridor, identity: VerifiedIdentity, found: Recognised) -> None:
    """Under an entry gate nobody becomes a member whom no rule matches."""
    if found.entry.membership_id is None and not _matched(corridor, identity):
        raise Forbidden(
            "no_matching_group",
            "No rule lets this person in: they are in none of the groups that rules name.",
            expected="somebody in a group that a rule names",
            advice="Put the person into such a group at the identity provider, or add a rule.",
        )


def _matched(corridor: Corridor, identity: VerifiedIdentity) -> bool:
    """Whether the gate lets in whom no directory knows. Under a live one what the sign-in says of groups does not count."""
    if corridor.entered.authority:
        return corridor.entered.mapping.desired(PersonFacts(active=True)).enters
    values = identity.profile.groups
    said = testimony.Said("new", identity.connection_id, None if values is None else list(values), rule_document(identity))
    return desired_by_claims(testimony.claims_of(corridor, [said])["new"], corridor.entered.claims, Holding()).enters


def _refused(corridor: Corridor, identity: VerifiedIdentity, refusal: ConnectorError) -> None:
    """A refused identity is audited; what needs an owner's decision is told to the owners, once a day."""
    target, because = f"connection:{identity.connection_id}", [refusal.detail]
    told = {"code": refusal.code, "subject": identity.subject.value, "email": identity.profile.email}
    if refusal.code in _ALERTS:
        once = f"{refusal.code}:{identity.connection_id}:{identity.subject.value}:{corridor.now.date()}"
        if apply.alert(corridor, _ALERTS[refusal.code], target, told, once=once, because=because):
            return
    apply.record(corridor, "sign_in.refused", target, None, told, because)


# ---------------------------------------------------------------------------------------------------------------- entering


def rule_document(identity: VerifiedIdentity) -> dict[str, Any]:
    """The attributes as rules look at them: names in lower case, values folded."""
    return {name.lower(): [fold(value) for value in values] for name, values in identity.attributes.items()}


def _let_in(
    corridor: Corridor, sealer: Sealer, sign_on: SignOn, identity: VerifiedIdentity, found: Recognised, visitor: Visitor
) -> Entered:
    person_id = found.person_id or _make_person(corridor, identity)
    _keep_identity(corridor, identity, found, person_id)
    if corridor.entered.authority is None:
        claimed_groups.keep(corridor, identity.connection_id, identity.profile.groups or ())
        _follow(corridor, identity, found)
    outcome = _become(corridor, sign_on, found, person_id, identity)
    if corridor.beside.fixed_at is None:
        corridor.update(t.SignOn, [{"connection_id": identity.connection_id, "fixed_at": corridor.now}], keys=("connection_id",))
    told = {"method": identity.method, "email": identity.profile.email}
    apply.record(corridor, "sign_in.succeeded", identity.profile.email or person_id, None, told)
    token = _open(corridor, person_id, _proof(sealer, sign_on, identity, _ends_at(corridor, identity)), visitor)
    email = found.known.email if found.known else identity.profile.email
    return Entered(token, person_id, email, sign_on.organization_slug, outcome)


def _open(corridor: Corridor, person_id: str, proof: Proof, visitor: Visitor) -> str:
    """The session: from a browser that has none, it is written with everything else."""
    if visitor.session_token is not None:
        return sessions.open(corridor.tx, person_id, proof, visitor, corridor.now)
    new = sessions.opened(person_id, proof, visitor, corridor.now)
    corridor.insert(t.Session, [new.session])
    corridor.insert(t.Authentication, [new.authentication])
    return new.token


_TOO_MANY = "The identity provider sent a pointer instead of the groups: they count as unknown, and nothing is changed by them."
_FEWER = "Send only the groups assigned to the application, or push them through SCIM."


def _traced(corridor: Corridor, identity: VerifiedIdentity, visitor: Visitor, told: Mapping[str, Any]) -> None:
    """Keep that it worked, and whether the groups were too many to be told, of which nobody else would hear."""
    done = Trace(identity.connection_id, "sign_in", "done", "ok", facts=told, address=visitor.address or None)
    if identity.profile.groups_overage and corridor.entered.authority is None:
        done = replace(done, detail=_TOO_MANY, advice=_FEWER)
    corridor.insert(t.SignInTrace, [traces.row(done, corridor.organization_id, corridor.now)])


def _make_person(corridor: Corridor, identity: VerifiedIdentity) -> str:
    """A new Person, whose address counts as verified: it stands inside a verified domain, and nobody has it yet.
    Two who become the same address at once race for its unique key, and the second finds the first."""
    person_id, profile = new_id(), identity.profile
    made = {"id": person_id, "display_name": profile.display_name, "created_by": identity.connection_id}
    corridor.insert(t.Person, [{**made, "created_at": corridor.now}])
    email = trusted_email(identity, corridor.entered.domains) or ""
    address = {"email": email, "email_key": fold(email), "verified": True, "is_primary": True}
    corridor.insert(t.Address, [{"id": new_id(), "person_id": person_id, **address, "created_at": corridor.now}])
    return person_id


def _keep_identity(corridor: Corridor, identity: VerifiedIdentity, found: Recognised, person_id: str) -> None:
    """Remember who it was, and what was said: of groups only if something was said."""
    profile, subject = identity.profile, identity.subject
    said: dict[str, Any] = {"email": profile.email, "attributes": rule_document(identity), "last_sign_in_at": corridor.now}
    if profile.groups is not None or found.identity_id is None:
        said["groups"] = None if profile.groups is None else list(profile.groups)
    if found.taken_from is not None:
        said["person_id"] = person_id
        _end_other(corridor, identity, found.taken_from)
        _tell_linked(corridor, identity, person_id)
    if found.identity_id is not None:
        corridor.update(t.ExternalIdentity, [{"id": found.identity_id, **said}], keys=("id",))
        return
    home = {"id": new_id(), "organization_id": corridor.organization_id, "connection_id": identity.connection_id}
    who = {"person_id": person_id, "issuer": subject.issuer, "kind": subject.kind, "subject": subject_value(identity)}
    rest = {"mutable": subject.mutable, "created_at": corridor.now}
    corridor.insert(t.ExternalIdentity, [{**home, **who, **rest, **said}])
    _tell_linked(corridor, identity, person_id)


def _tell_linked(corridor: Corridor, identity: VerifiedIdentity, person_id: str) -> None:
    subject, target = identity.subject, identity.profile.email or person_id
    because = [f"{subject.kind} {subject.value} of {subject.issuer}"]
    apply.record(corridor, "identity.linked", target, None, {"connection": identity.connection_id}, because)


def _end_other(corridor: Corridor, identity: VerifiedIdentity, person_id: str) -> None:
    """Whoever the account was taken for is signed in by it no more."""
    held = t.Authentication
    theirs = (held.person_id == person_id, held.connection_id == identity.connection_id, held.ended_at.is_(None))
    corridor.tx.execute(update(held).where(*theirs).values(ended_at=corridor.now))


def _follow(corridor: Corridor, identity: VerifiedIdentity, found: Recognised) -> None:
    """Carry name and address to a Person that this connection made; any other Person keeps what is theirs."""
    known, profile = found.known, identity.profile
    if known is None or known.created_by != identity.connection_id or found.person_id is None:
        return
    email = trusted_email(identity, corridor.entered.domains)
    if profile.display_name and profile.display_name != known.display_name:
        corridor.update(t.Person, [{"id": found.person_id, "display_name": profile.display_name}], keys=("id",))
    if email and email != known.email:
        people.move(corridor, found.person_id, known, email)


def _become(corridor: Corridor, sign_on: SignOn, found: Recognised, person_id: str, identity: VerifiedIdentity) -> bool:
    """Bring the membership in line; True when it began now."""
    org, member = corridor.entered, found.entry.membership_id is not None
    because = Because(f"signed in through {sign_on.name}")
    if org.authority is not None:
        if Cause.CANNOT_LINK in found.entry.holding.causes and found.user is not None:
            sync.known(corridor, [found.user])
        if not member:
            sync.join(corridor, _newcomer(found, person_id, identity), because)
        return not member
    if member:
        sync.claimed(corridor, testimony.members(corridor, [person_id]))
        return False

    def joining(entry: Entry, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        return tuple(Join(because) if isinstance(change, Join) else change for change in changes)

    said = testimony.said_by(corridor, [person_id])
    claims = testimony.claims_of(corridor, said).get(person_id, ())
    sync.claimed(corridor, [replace(_newcomer(found, person_id, identity), claims=claims)], extra=joining)
    return True


def _newcomer(found: Recognised, person_id: str, identity: VerifiedIdentity) -> Entry:
    email = found.known.email if found.known else identity.profile.email
    subject = Subject(f"person:{person_id}", email)
    return facts.stranger(subject, person_id, identity.profile.display_name)


def opened_logout(sealer: Sealer, connection_id: str, sealed: str) -> LogoutHandle:
    """What was kept of a sign-in so that a logout can be started here (`sessions.Held.logout`)."""
    kept = json.loads(sealer.open(sealed, _about_logout(connection_id)))
    return LogoutHandle(kept["name_id"], kept["attributes"], kept["index"], kept["hint"])


def _sealed_logout(sealer: Sealer, connection_id: str, handle: LogoutHandle) -> str:
    kept = {"name_id": handle.name_id, "attributes": dict(handle.name_id_attributes), "index": handle.session_index}
    return sealer.seal(json.dumps(kept | {"hint": handle.hint}), _about_logout(connection_id))


def _about_logout(connection_id: str) -> str:
    return f"logout:{connection_id}"


def _ends_at(corridor: Corridor, identity: VerifiedIdentity) -> datetime | None:
    """What the IdP says and what the organization has set: whichever comes first."""
    hours = settings_of({"auth": corridor.beside.auth or {}}).auth.session_hours
    ends = [corridor.now + timedelta(hours=hours)] if hours else []
    return min([*ends, *([identity.ends_at] if identity.ends_at else [])], default=None)


def _proof(sealer: Sealer, sign_on: SignOn, identity: VerifiedIdentity, ends_at: datetime | None) -> Proof:
    handle = identity.logout
    return Proof(
        identity.method,
        sign_on.organization_id,
        sign_on.connection_id,
        handle.name_id,
        handle.session_index,
        _sealed_logout(sealer, sign_on.connection_id, handle) if handle.name_id else None,
        ends_at,
    )
