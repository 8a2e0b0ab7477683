"""The test sign-in: what arrived, how it maps, which role and teams would result and why. It makes nothing, in every state.

It answers for the connection as it will be: its own rules count, and its directory if it is staged, even while the organization's
members still come by invitation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from connector.directory import ways
from connector.directory.sign_in import rule_document
from connector.directory.sign_on_model import SignOn
from connector.directory.ways import trusted_email, trusted_key
from connector.membership.explain import BecauseItem, Explanation, NotItem, explain
from connector.membership.fold import fold
from connector.membership.identity import VerifiedIdentity
from connector.membership.ledger import effective, play
from connector.membership.mapping import prepare
from connector.membership.model import Effective, Holding, PersonFacts
from connector.membership.plan import reconcile
from connector.provisioning import facts, testimony
from connector.provisioning.corridor import Corridor, Origin, enter
from connector.provisioning.setting import Setting, read_rules
from connector.storage import tables as t
from connector.storage.database import Database


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a test sign-in. `level`: `ok`, `note` or `problem`; `advice` says what to do about a problem, and
    `code` is that of the refusal it would lead to, or of the symptom it is, for advice in the provider's own words."""

    level: str
    sentence: str
    advice: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What would come of a sign-in. `passed` tells that somebody could sign in like this once the connection is active.

    `source` says where groups come from: `directory` (as pushed) or `claims` (as sent now); `groups` are their names, None when
    nothing is known of them. `access` is what would be held, with `because` and `not_` as in an explanation.
    """

    passed: bool
    source: str
    groups: tuple[str, ...] | None
    access: Effective
    because: tuple[BecauseItem, ...]
    not_: tuple[NotItem, ...]
    findings: tuple[Finding, ...]
    trusted_email: str | None


def preview(database: Database, sign_on: SignOn, identity: VerifiedIdentity) -> Trial:
    """Work out what would come of this sign-in; nothing is written."""

    def work(corridor: Corridor) -> Trial:
        org = facts.setting(corridor)
        user = _user(corridor, sign_on, identity, org)
        said = _facts(corridor, identity, user)
        holding = _holding(corridor, identity, user, org)
        mapping = prepare(read_rules(corridor.tx, sign_on.connection_id), org.catalogue, org.policy)
        after = play(reconcile(mapping.desired(said), holding), holding)
        told = explain(said, mapping, after)
        findings = tuple(_findings(corridor, sign_on, identity, user, org))
        passed = not any(each.level == "problem" for each in findings)
        groups = tuple(group.name for group in said.groups)
        return _trial(passed, user, groups, identity, effective(after, org.catalogue), told, findings, org)

    return enter(database, sign_on.organization_id, Origin("test", "a test sign-in"), work, preview=True)


def _trial(
    passed: bool,
    user: Any,
    groups: tuple[str, ...],
    identity: VerifiedIdentity,
    access: Effective,
    told: Explanation,
    findings: tuple[Finding, ...],
    org: Setting,
) -> Trial:
    known = groups if user or identity.profile.groups is not None else None
    source = "directory" if user else "claims"
    return Trial(passed, source, known, access, told.because, told.not_, findings, trusted_email(identity, org.domains))


def _user(corridor: Corridor, sign_on: SignOn, identity: VerifiedIdentity, org: Setting) -> Any:
    """The pushed user whom the identity would be linked to, of the directory that is live, or of this connection's own."""
    user = t.DirectoryUser
    found = (*ways.by_id(identity), *ways.by_name(identity, org.domains), *ways.by_email(identity, org.domains))
    home = org.authority or sign_on.connection_id
    for way in found:
        mine = select(user).where(user.connection_id == home, way)
        row = corridor.tx.execute(mine.order_by(user.active.desc(), user.id).limit(1)).first()
        if row is not None:
            return row
    return None


def _facts(corridor: Corridor, identity: VerifiedIdentity, user: Any) -> PersonFacts:
    if user is not None:
        return facts.facts_of(corridor, user.id, bool(user.active or user.overridden), user.search)
    groups = identity.profile.groups
    said = testimony.Said("", identity.connection_id, None if groups is None else list(groups), rule_document(identity))
    return testimony.claims_of(corridor, [said])[""][0].facts


def _holding(corridor: Corridor, identity: VerifiedIdentity, user: Any, org: Setting) -> Holding:
    """What the person has today, if they are a member."""
    email = trusted_key(identity, org.domains)
    address, member = t.Address, t.Membership
    holder = select(address.person_id).where(address.email_key == (email or ""), address.verified)
    mine = or_(member.person_id == (user.person_id if user else ""), member.person_id.in_(holder))
    found = select(member.person_id).where(member.organization_id == corridor.organization_id, mine).limit(1)
    entries = facts.members_of(corridor, corridor.tx.execute(found).scalars().all())
    return entries[0].holding if entries else Holding()


def _findings(corridor: Corridor, sign_on: SignOn, identity: VerifiedIdentity, user: Any, org: Setting) -> list[Finding]:
    found = [_about_address(sign_on, identity, user, org), _about_groups(sign_on, identity, user)]
    if user is not None:
        found.append(_about_user(user))
    elif org.authority or _staged(corridor, sign_on):
        advice = "Assign the person to the application that pushes, or send the pushed externalId in the sign-in."
        refused = "No pushed user fits this sign-in: once the directory is live it is refused."
        found.append(Finding("problem", refused, advice, "not_in_directory"))
    if identity.subject.mutable:
        advice = "Send a persistent NameID, or name an immutable attribute as the subject."
        found.append(Finding("note", "The subject is an e-mail address, which may pass to somebody else one day.", advice))
    if not read_rules(corridor.tx, sign_on.connection_id):
        found.append(Finding("note", "The connection has no rules: everybody gets the default role and no team."))
    return found


def _about_address(sign_on: SignOn, identity: VerifiedIdentity, user: Any, org: Setting) -> Finding:
    profile = identity.profile
    if not profile.email:
        level, sentence, code = "problem", "No e-mail address arrived.", "email_missing"
        advice = "Map it at the identity provider." + _perhaps_elsewhere(sign_on)
    elif profile.email_verified is False:
        level, code = "problem", "email_unverified"
        sentence, advice = "The identity provider calls the address unverified.", "Verify it there."
    elif trusted_email(identity, org.domains) is None:
        sentence, advice = "The address lies outside the verified domains.", "Verify its domain: `connector domain add`."
        level, code = "problem", "domain_not_verified"
    else:
        return Finding("ok", f"The address {profile.email} lies inside a verified domain.")
    return Finding("note" if user is not None else level, sentence, advice, code)


def _perhaps_elsewhere(sign_on: SignOn) -> str:
    """OpenID Connect Core 1.0 section 5.4: with a code, what the scopes ask for is told at the UserInfo endpoint."""
    if sign_on.oidc is None or sign_on.oidc.userinfo:
        return ""
    return f" If it tells it by UserInfo only: `connector connection set {sign_on.connection_id} --userinfo`."


def _about_groups(sign_on: SignOn, identity: VerifiedIdentity, user: Any) -> Finding:
    profile = identity.profile
    if user is not None:
        return Finding("ok", "Groups are taken from the directory, as pushed; those of the sign-in do not count.")
    if profile.groups_overage:
        advice = "Send only the groups assigned to the application, or push them through SCIM."
        sentence = "The identity provider sent a pointer instead of the groups: they count as unknown."
        return Finding("note", sentence, advice, "groups_unknown")
    if profile.groups is None:
        advice = "Add a groups attribute at the identity provider; let it always include the group that gives access."
        advice += _perhaps_elsewhere(sign_on)
        sentence = "Nothing was said about groups: they count as unknown, and nothing is changed by them."
        return Finding("note", sentence, advice, "groups_unknown")
    return Finding("ok", f"Groups arrived: {len(profile.groups)}.")


def _about_user(user: Any) -> Finding:
    if user.active or user.overridden:
        return Finding("ok", f"This is the pushed user {fold(user.user_name)}.")
    return Finding("problem", "The pushed user is not active.", "Activate the person at the identity provider.", "deprovisioned")


def _staged(corridor: Corridor, sign_on: SignOn) -> bool:
    connection = t.Connection
    mine = select(connection.directory).where(connection.id == sign_on.connection_id)
    return corridor.tx.execute(mine).scalar_one_or_none() == "staging"
