"""THE RESULT OF A TEST SIGN-IN: what arrived, what it means here, and what would come of it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from flask import Response, request

from connector.directory import requests, traces, trial, trial_record
from connector.directory.requests import PendingRequest
from connector.directory.sign_on_model import SignOn
from connector.directory.traces import Trace
from connector.directory.trial import Trial
from connector.membership.identity import VerifiedIdentity
from connector.web import cookies, login, pages
from connector.web.house import house


def result(sign_on: SignOn, identity: VerifiedIdentity, pending: PendingRequest) -> Response:
    """Work out what would come of it, keep that as the connection's last test, and show it. Raises Forbidden `request_used`."""
    database, now = house().database, datetime.now(UTC)
    if identity.method == "saml":  # an OpenID Connect request is spent before its code is exchanged
        requests.spend_alone(database, pending.handle, now)
    seen = trial.preview(database, sign_on, identity)
    trial_record.record_trial(
        database, sign_on, passed=seen.passed, email=seen.trusted_email, result=_told(identity, seen), now=now
    )
    said = "; ".join(each.sentence for each in seen.findings if each.level == "problem")
    trace = Trace(sign_on.connection_id, "test", "done", "ok", said, facts=facts_of(identity), address=request.remote_addr)
    traces.record(database, trace, now)
    inside = login.current_session() is not None or cookies.setup_token() is not None
    attributes = sorted(identity.attributes.items())
    return pages.page("tested.html", sign_on=sign_on, seen=seen, identity=identity, attributes=attributes, inside=inside)


def facts_of(identity: VerifiedIdentity) -> dict[str, Any]:
    """What a trace keeps of a verified identity: names of attributes, and of values only those that say who it is."""
    groups = identity.profile.groups
    return {
        "subject": identity.subject.value,
        "kind_of_subject": identity.subject.kind,
        "email": identity.profile.email,
        "groups": "unknown" if groups is None else len(groups),
        "attributes": sorted(identity.attributes),
    }


def _told(identity: VerifiedIdentity, seen: Trial) -> dict[str, Any]:
    """The result as it is kept for the command line."""
    findings = [asdict(each) for each in seen.findings]
    access = {"role": seen.access.role, "teams": [list(each) for each in seen.access.teams]}
    groups = None if seen.groups is None else list(seen.groups)
    told = {**facts_of(identity), "groups": groups, "groups_from": seen.source, "missing": _missing(identity)}
    return {**told, **access, "findings": findings}


def _missing(identity: VerifiedIdentity) -> list[str]:
    """What connector asks for in its guides and did not find, in words."""
    profile = identity.profile
    looked_for = {"e-mail address": profile.email, "name": profile.display_name, "groups": profile.groups is not None}
    return [words for words, found in looked_for.items() if not found]
