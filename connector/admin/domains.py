"""DOMAINS: claimed, proved by a record in DNS that is looked for while one waits, and given up. A step of the wizard is
the same page within its steps."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response

from connector.admin import wizard
from connector.admin.forms import asked, made_once, text
from connector.admin.frame import PAGE, Visit, done, show, visited, visited_by_link
from connector.admin.plans import proposed
from connector.directory import domain_checks, domains
from connector.directory.domains import Domain
from connector.errors import ConnectorError
from connector.outbound import dns
from connector.web import refusals

blueprint = Blueprint("domains", __name__)

AT_ONCE = 3
"""Domains that are looked for in one look: DNS may take four seconds for each."""

SAID = {
    "claimed": "Now create the record below where the domain's DNS is managed.",
    "verified": "DNS has the record: the domain is verified.",
    "applied": "The domain is given up. Nobody is linked by an address in it any more; who is linked stays linked.",
}


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at DNS found: domains that are verified now, and by domain why others are not."""

    verified: tuple[str, ...] = ()
    refused: tuple[tuple[str, ConnectorError], ...] = ()


@blueprint.get("/admin/<o>/domains")
@visited_by_link
def list_(visit: Visit) -> Response:
    """All of them, with their records."""
    return _list(visit)


@blueprint.post("/admin/<o>/domains")
@visited_by_link
def claim(visit: Visit) -> Response:
    """Claim one."""
    try:
        _claim(visit)
    except ConnectorError as error:
        return _list(visit, error=error)
    return done(visit, "/domains", "claimed")


@blueprint.post("/admin/<o>/domains/check")
@visited_by_link
def check(visit: Visit) -> Response:
    """Look for the records of one, or of those that wait."""
    return _list(visit, looked=_look(visit))


@blueprint.post("/admin/<o>/domains/remove")
@visited
def remove(visit: Visit) -> Response:
    """Look at what giving one up would change."""
    return proposed(visit, "remove_domain", {"domain": text("domain")}, back="/domains")


@blueprint.get("/admin/<o>/connections/<c>/setup/domain")
@visited_by_link
def step(visit: Visit, c: str) -> Response:
    """The same within the wizard."""
    return _step(visit, c)


@blueprint.post("/admin/<o>/connections/<c>/setup/domain")
@visited_by_link
def claim_in_step(visit: Visit, c: str) -> Response:
    """Claim one within the wizard."""
    try:
        _claim(visit)
    except ConnectorError as error:
        return _step(visit, c, error=error)
    return wizard.led(visit, wizard.course(visit, c, "domain"), "domain", "claimed")


@blueprint.post("/admin/<o>/connections/<c>/setup/domain/check")
@visited_by_link
def check_in_step(visit: Visit, c: str) -> Response:
    """Look for records within the wizard."""
    return _step(visit, c, looked=_look(visit))


def _claim(visit: Visit) -> None:
    made_once(visit, lambda once: domains.add(visit.database, visit.here.id, text("domain"), actor=visit.actor, once=once))


def _look(visit: Visit) -> Looked:
    """Of the domain that the form names, or of the first that wait. What is found there is written; what is not, is told."""
    waiting = [text("domain")] if text("domain") else [each.domain for each in _known(visit) if not each.verified][:AT_ONCE]
    verified, refused = [], []
    for domain in waiting:
        try:
            verified.append(domain_checks.verify(visit.database, visit.here.id, domain, dns.txt, actor=visit.actor).domain)
        except ConnectorError as error:
            refused.append((domain, error))
    return Looked(tuple(verified), tuple(refused))


def _known(visit: Visit) -> tuple[Domain, ...]:
    return domains.list_(visit.database, visit.here.id, limit=PAGE, actor=visit.actor).items


def _list(visit: Visit, *, error: ConnectorError | None = None, looked: Looked | None = None) -> Response:
    page = domains.list_(visit.database, visit.here.id, limit=PAGE, after=asked("after"), actor=visit.actor)
    status = 200 if error is None else refusals.status_of(error)
    values = {"page": page, "error": error, "looked": looked, "typed": text("domain") if error else "", "root": "/domains"}
    return show(visit, "admin/domains.html", status=status, said=SAID, **values)


def _step(visit: Visit, c: str, *, error: ConnectorError | None = None, looked: Looked | None = None) -> Response:
    at = wizard.course(visit, c, "domain")
    page = domains.list_(visit.database, visit.here.id, limit=PAGE, actor=visit.actor)
    status = 200 if error is None else refusals.status_of(error)
    values = {"page": page, "error": error, "looked": looked, "typed": text("domain") if error else "", "root": at.tail("domain")}
    return wizard.page(visit, at, "admin/setup_domain.html", status=status, said=SAID, **values)
