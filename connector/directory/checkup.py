"""CHECKUP: would signing in through a connection work, as far as it can be seen without anybody trying."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from connector.directory import connections, sign_on, trial_record
from connector.directory.certificates import certificate_notes
from connector.directory.connections import MANAGE
from connector.directory.sign_on_model import SamlSide, SignOn
from connector.directory.trial_record import KeptTrial
from connector.provisioning.acting import OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One thing looked at: whether it is well, and a sentence."""

    check: str
    ok: bool
    detail: str


Ask = Callable[[SignOn], Iterable[CheckItem]]
"""Asks the identity provider what it says of itself now."""


@dataclass(frozen=True, slots=True)
class LastTest:
    """The last test sign-in: when, whether somebody could sign in like this, and what its page showed."""

    at: datetime
    passed: bool
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was looked at, and the last test sign-in; `test_url` starts one, where a link was asked for."""

    items: tuple[CheckItem, ...]
    test_url: str | None
    last_test: LastTest | None

    @property
    def set_up(self) -> bool:
        """Whether a test sign-in can begin."""
        return any(each.check == "sign-on" and each.ok for each in self.items)


def look_at(
    database: Database,
    sealer: Sealer,
    organization_id: str,
    connection_id: str,
    *,
    base_url: str,
    now: datetime,
    ask: Ask | None = None,
    actor: Actor = OPERATOR,
) -> Checkup:
    """Look at a connection, in any state of it; with `ask` its identity provider is asked too.

    Raises NotFound `connection_not_found`, and what `acting.look` raises.
    """

    def counted(glance: Glance, standing: Standing) -> tuple[list[str], int]:
        connections.reachable(glance, standing, connection_id)
        return _domain_names(glance), _rule_count(glance, connection_id)

    names, rules = look(database, organization_id, actor, MANAGE, counted, by_link=True)
    found = sign_on.load(database, sealer, connection_id, base_url, now=now)
    last = trial_record.last_trial(database, connection_id)
    items = (_state(found), *_sign_on(found, ask, now), _domains(found, names), _rules(rules), trial_item(found, last))
    return Checkup(items, None, None if last is None else LastTest(last.at, last.passed, last.result))


def _domain_names(glance: Glance) -> list[str]:
    mine = (t.Domain.organization_id == glance.organization_id, t.Domain.verified_at.is_not(None))
    return list(glance.tx.execute(select(t.Domain.name).where(*mine).order_by(t.Domain.id)).scalars())


def _rule_count(glance: Glance, connection_id: str) -> int:
    return glance.tx.execute(select(func.count()).where(t.Rule.connection_id == connection_id)).scalar_one()


def _state(found: SignOn) -> CheckItem:
    if found.state == "active":
        return CheckItem("state", True, "The connection is active.")
    then = f"connector connection activate {found.connection_id}"
    return CheckItem(
        "state", found.state == "draft", f"The connection is {found.state}; people sign in once it is active: {then}"
    )


def _sign_on(found: SignOn, ask: Ask | None, now: datetime) -> Iterator[CheckItem]:
    side = found.saml or found.oidc
    if side is None:
        advice = f"connector connection set {found.connection_id} --saml-metadata … or --oidc-issuer …"
        yield CheckItem("sign-on", False, f"Not set up for signing in: {advice}")
        return
    yield CheckItem("sign-on", True, f"{'SAML' if found.saml else 'OpenID Connect'}, issuer {side.issuer}")
    if ask is not None:
        yield from ask(found)
    if found.saml is not None:
        yield _certificates(found.saml, now)


def _certificates(side: SamlSide, now: datetime) -> CheckItem:
    notes = certificate_notes(side.certificates, now)
    lasting = any(each.leaves_at is None and each.not_after > now for each in side.certificates)
    last = max(each.not_after for each in side.certificates)
    return CheckItem("certificates", lasting, " ".join(notes) or f"The last one ends on {last:%Y-%m-%d}.")


def _domains(found: SignOn, names: list[str]) -> CheckItem:
    if names:
        return CheckItem("domains", True, f"Verified: {', '.join(names)}")
    return CheckItem("domains", False, f"No domain is verified: connector domain add {found.organization_slug} DOMAIN")


def _rules(count: int) -> CheckItem:
    if count:
        return CheckItem("rules", True, f"{'1 rule says' if count == 1 else f'{count} rules say'} what groups become.")
    return CheckItem("rules", False, "No rule says what groups become: everybody gets the default role: connector rule add")


def trial_item(found: SignOn, last: KeptTrial | None) -> CheckItem:
    """Whether the last test sign-in passed, with the setup of today."""
    if last is None:
        return CheckItem("test sign-in", False, "Nobody has tried yet: open an address for a test sign-in.")
    at = f"{last.at:%Y-%m-%d %H:%M} UTC"
    if not last.passed:
        return CheckItem("test sign-in", False, f"The last one failed, {at}: connector connection trace {found.connection_id}")
    if last.setup != trial_record.setup_of(found):
        return CheckItem("test sign-in", False, f"The last one, {at}, was made before issuer, endpoints or subject changed.")
    return CheckItem("test sign-in", True, f"The last one succeeded, {at}.")
