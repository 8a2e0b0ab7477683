"""E-mail domains of an organization. A verified one lets identity providers link people by address; only those are unique."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from connector.directory.model import Document
from connector.errors import Conflict, NotFound, Taken
from connector.membership.domain_names import normal_domain
from connector.membership.model import Mode
from connector.membership.plan import Plan
from connector.organizations.organizations import AT_COMMAND_LINE
from connector.provisioning import apply, facts, sync
from connector.provisioning.corridor import Corridor, enter
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id

RECORD_PREFIX = "_connector-challenge."


@dataclass(frozen=True, slots=True)
class Domain:
    """A claimed domain and the DNS TXT record (name and value) that proves it."""

    domain: str
    verified: bool
    record_name: str
    record_value: str


@dataclass(frozen=True, slots=True)
class Removal:
    """What removing a domain ends: with a verified one, linking by address. People linked already stay linked."""

    domain: str
    ends_linking: bool


def add(database: Database, organization_id: str, domain: str, verified: bool = False) -> Domain:
    """Claim a domain; adding it again changes nothing but that `verified` (the operator vouches for it) makes it verified.

    Raises Invalid `domain_invalid`, Taken `domain_taken` when another organization has it verified, NotFound
    `organization_not_found`.
    """
    name = normal_domain(domain)

    def work(corridor: Corridor) -> Domain:
        row = _row(corridor, name)
        claimed = _claim(corridor, name) if row is None else of_row(row)
        if not verified or claimed.verified:
            return claimed
        _vouch(corridor, name)
        return replace(claimed, verified=True)

    return enter(database, organization_id, AT_COMMAND_LINE, work)


def list_(database: Database, organization_id: str) -> tuple[Domain, ...]:
    """Return the organization's domains, oldest first."""
    with database.read() as tx:
        found = tx.execute(SELECTED.where(t.Domain.organization_id == organization_id).order_by(t.Domain.id))
        return tuple(of_row(row) for row in found)


def remove(database: Database, organization_id: str, domain: str, *, preview: bool = False) -> Removal:
    """Give a domain up; no membership changes. With `preview` nothing is removed and the same is returned.

    Raises Invalid `domain_invalid`, NotFound `domain_not_found`, Conflict `last_domain` for the last verified one in `sso`.
    """
    name = normal_domain(domain)

    return enter(database, organization_id, AT_COMMAND_LINE, lambda c: _drop(c, name), exclusive=True, preview=preview)


def give_up(corridor: Corridor, given: Document) -> sync.Outcome:
    """`remove` as a verb of plans (`given`: `domain`): a plan that changes nobody's access. Raises as `remove`."""
    _drop(corridor, normal_domain(str(given["domain"])))
    return sync.Outcome(Plan((), facts.setting(corridor).catalogue))


def _drop(corridor: Corridor, name: str) -> Removal:
    row = _row(corridor, name)
    if row is None:
        raise NotFound("domain_not_found", "The organization has no such domain.", advice="`connector domain list` shows them.")
    verified = row.verified_at is not None
    if verified and corridor.mode is Mode.SSO:
        _refuse_the_last(corridor)
    corridor.tx.execute(delete(t.Domain).where(t.Domain.id == row.id))
    apply.record(corridor, "domain.removed", f"domain:{name}", {"verified": verified}, None)
    return Removal(name, verified)


SELECTED = select(t.Domain.id, t.Domain.name, t.Domain.record_value, t.Domain.verified_at, t.Domain.vouched)


def _row(corridor: Corridor, name: str) -> Row[*tuple[Any, ...]] | None:
    here = SELECTED.where(t.Domain.organization_id == corridor.organization_id, t.Domain.name == name)
    return corridor.tx.execute(here).one_or_none()


def of_row(row: Row[*tuple[Any, ...]]) -> Domain:
    """What is shown of a row of SELECTED."""
    return Domain(row.name, row.verified_at is not None, RECORD_PREFIX + row.name, row.record_value)


def _claim(corridor: Corridor, name: str) -> Domain:
    row = {"id": new_id(), "organization_id": corridor.organization_id, "name": name, "created_at": corridor.now}
    proof = f"connector-verification={secrets.token_hex(16)}"
    corridor.tx.execute(insert(t.Domain).values(**row, record_value=proof, verified_at=None, vouched=False))
    apply.record(corridor, "domain.added", f"domain:{name}", None, {"verified": False})
    return Domain(name, False, RECORD_PREFIX + name, proof)


def _vouch(corridor: Corridor, name: str) -> None:
    """Verify by the operator's word."""
    _verify(corridor, name, "an operator vouches for it", vouched=True)


def proved(corridor: Corridor, name: str) -> Domain:
    """DNS has the domain's record: verified from now on, by whatever it was before but an operator's word.

    Raises NotFound `domain_not_found`, Taken `domain_taken`.
    """
    row = _row(corridor, name)
    if row is None:
        raise NotFound("domain_not_found", "The organization has no such domain.", advice="`connector domain list` shows them.")
    if row.verified_at is None:
        _verify(corridor, name, f"DNS has the record {RECORD_PREFIX}{name}", vouched=False)
    found = update(t.Domain).where(t.Domain.id == row.id).values(checked_at=corridor.now, missing_since=None)
    corridor.tx.execute(found)
    return replace(of_row(row), verified=True)


def _verify(corridor: Corridor, name: str, because: str, *, vouched: bool) -> None:
    """Whose a taken domain is is not said: organizations do not learn of each other."""
    domain = t.Domain
    if corridor.tx.execute(select(domain.id).where(domain.name == name, domain.verified_at.is_not(None))).first():
        raise Taken(
            "domain_taken",
            "This domain is verified by another organization of this installation.",
            expected="a domain that nobody else has verified",
            advice="Ask the operator of this installation, who can see which one.",
        )
    claimed = update(domain).where(domain.organization_id == corridor.organization_id, domain.name == name)
    corridor.tx.execute(claimed.values(verified_at=corridor.now, vouched=vouched))
    apply.record(corridor, "domain.verified", f"domain:{name}", {"verified": False}, {"verified": True}, [because])


def _refuse_the_last(corridor: Corridor) -> None:
    verified = (t.Domain.organization_id == corridor.organization_id, t.Domain.verified_at.is_not(None))
    if corridor.tx.execute(select(func.count()).select_from(t.Domain).where(*verified)).scalar_one() == 1:
        raise Conflict(
            "last_domain",
            "This is the organization's last verified domain, and its members sign in through their identity provider.",
            expected="another verified domain, or membership by invitation",
            advice="Add and verify another domain first, or go back with `connector org mode ORG invitation`.",
        )
