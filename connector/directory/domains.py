"""E-mail domains of an organization. A verified one lets identity providers link people by address; only those are unique."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from connector.directory.connections import MANAGE
from connector.directory.model import Document
from connector.errors import Conflict, Forbidden, NotFound, Taken
from connector.membership.domain_names import normal_domain
from connector.membership.model import Mode
from connector.membership.plan import Plan
from connector.provisioning import apply, facts, sync
from connector.provisioning.acting import OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.once import Once
from connector.provisioning.pages import Page, page_of
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id

RECORD_PREFIX = "_connector-challenge."


@dataclass(frozen=True, slots=True)
class Domain:
    """A claimed domain and the DNS TXT record (name and value) that proves it; `vouched` that an operator did instead."""

    domain: str
    verified: bool
    record_name: str
    record_value: str
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class Removal:
    """What removing a domain ends: with a verified one, linking by address. People linked already stay linked."""

    domain: str
    ends_linking: bool


def add(
    database: Database,
    organization_id: str,
    domain: str,
    verified: bool = False,
    *,
    actor: Actor = OPERATOR,
    once: Once | None = None,
) -> Domain:
    """Claim a domain; adding it again changes nothing but that `verified` (the operator vouches for it) makes it verified.

    Raises Invalid `domain_invalid`, Forbidden `vouching_is_operators`, Taken `domain_taken` when another organization has it
    verified, and what `acting.act` raises.
    """
    name = normal_domain(domain)

    def work(corridor: Corridor, standing: Standing) -> Domain:
        if verified and not actor.is_operator:
            raise _only_operators_vouch()
        row = _row(corridor, name)
        if row is None:
            return _claim(corridor, name, vouched=verified)
        if verified and row.verified_at is None:
            _verify(corridor, name, VOUCHED, vouched=True)
        vouched = row.vouched or (verified and row.verified_at is None)
        return replace(of_row(row), verified=verified or row.verified_at is not None, vouched=vouched)

    return act(database, organization_id, actor, MANAGE, "a domain was added by hand", work, once=once, by_link=True)


def _only_operators_vouch() -> Forbidden:
    return Forbidden(
        "vouching_is_operators",
        "That a domain is the organization's is vouched for by the operator of this installation alone.",
        expected="a claim, without verified",
        advice="Claim the domain, create the DNS record that the answer names, and have it verified.",
    )


def list_(
    database: Database, organization_id: str, *, limit: int = 200, after: str | None = None, actor: Actor = OPERATOR
) -> Page[Domain]:
    """Return a page of the organization's domains, oldest first. Raises what `acting.look` raises."""
    mine = (t.Domain.organization_id == organization_id, *([t.Domain.id > after] if after else []))

    def work(glance: Glance, standing: Standing) -> Page[Domain]:
        rows = list(glance.tx.execute(SELECTED.where(*mine).order_by(t.Domain.id).limit(limit + 1)))
        found = page_of(rows, limit, lambda row: str(row.id))
        return Page(tuple(map(of_row, found.items)), found.next)

    return look(database, organization_id, actor, MANAGE, work, by_link=True)


def remove(database: Database, organization_id: str, domain: str, *, preview: bool = False, actor: Actor = OPERATOR) -> Removal:
    """Give a domain up; no membership changes. With `preview` nothing is removed and the same is returned.

    Raises Invalid `domain_invalid`, NotFound `domain_not_found`, Conflict `last_domain` for the last verified one in `sso`, and
    what `acting.act` raises.
    """
    name = normal_domain(domain)

    def work(corridor: Corridor, standing: Standing) -> Removal:
        return _drop(corridor, name)

    return act(database, organization_id, actor, MANAGE, "a domain was given up by hand", work, exclusive=True, preview=preview)


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
    return Domain(row.name, row.verified_at is not None, RECORD_PREFIX + row.name, row.record_value, row.vouched)


VOUCHED = "an operator vouches for it"


def _claim(corridor: Corridor, name: str, *, vouched: bool) -> Domain:
    if vouched:
        _refuse_taken(corridor, name)
    row = {"id": new_id(), "organization_id": corridor.organization_id, "name": name, "created_at": corridor.now}
    proof = f"connector-verification={secrets.token_hex(16)}"
    verified = {"verified_at": corridor.now if vouched else None, "vouched": vouched}
    corridor.tx.execute(insert(t.Domain).values(**row, record_value=proof, **verified))
    because = [VOUCHED] if vouched else []
    apply.record(corridor, "domain.added", f"domain:{name}", None, {"verified": vouched}, because)
    return Domain(name, vouched, RECORD_PREFIX + name, proof, vouched)


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
    _refuse_taken(corridor, name)
    domain = t.Domain
    claimed = update(domain).where(domain.organization_id == corridor.organization_id, domain.name == name)
    corridor.tx.execute(claimed.values(verified_at=corridor.now, vouched=vouched))
    apply.record(corridor, "domain.verified", f"domain:{name}", {"verified": False}, {"verified": True}, [because])


def _refuse_taken(corridor: Corridor, name: str) -> None:
    """Whose a taken domain is is not said: organizations do not learn of each other."""
    domain = t.Domain
    others = (domain.name == name, domain.verified_at.is_not(None), domain.organization_id != corridor.organization_id)
    if corridor.tx.execute(select(domain.id).where(*others)).first():
        raise Taken(
            "domain_taken",
            "This domain is verified by another organization of this installation.",
            expected="a domain that nobody else has verified",
            advice="Ask the operator of this installation, who can see which one.",
        )


def _refuse_the_last(corridor: Corridor) -> None:
    verified = (t.Domain.organization_id == corridor.organization_id, t.Domain.verified_at.is_not(None))
    if corridor.tx.execute(select(func.count()).select_from(t.Domain).where(*verified)).scalar_one() == 1:
        raise Conflict(
            "last_domain",
            "This is the organization's last verified domain, and its members sign in through their identity provider.",
            expected="another verified domain, or membership by invitation",
            advice="Add and verify another domain first, or go back with `connector org mode ORG invitation`.",
        )
