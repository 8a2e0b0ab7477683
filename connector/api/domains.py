"""Domains over HTTP: claimed, proved by DNS, and given up."""

from __future__ import annotations

from pydantic import Field

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.api.plans import DryRun, PlanAnswer, planned
from connector.directory import domain_checks, domains
from connector.directory.connections import MANAGE
from connector.directory.domains import Domain
from connector.outbound import dns
from connector.provisioning.pages import Page

_TAG = "Domains"
_NAMED = {"domain_invalid": 400}
_FOUND = _NAMED | {"domain_not_found": 404}


class NewDomain(Body):
    """The domain that is claimed. That it is the organization's is proved by DNS; vouching for it is the operator's alone."""

    domain: str = Field(max_length=400, examples=["acme.example"])
    verified: bool = False


@operation(
    "POST",
    "/api/orgs/<o>/domains",
    tag=_TAG,
    summary="Claim a domain",
    permission=MANAGE,
    body=NewDomain,
    answer=Domain,
    status=201,
    errors=_NAMED | {"vouching_is_operators": 403, "domain_taken": 409},
    idempotent=True,
)
def create(call: Call, o: str, body: NewDomain) -> Domain:
    """Answers with the DNS record that proves it. Claiming it again changes nothing."""
    home = call.organization(o)
    return domains.add(call.database, home, body.domain, body.verified, actor=call.actor, once=call.once)


@operation(
    "GET",
    "/api/orgs/<o>/domains",
    tag=_TAG,
    summary="List domains",
    permission=MANAGE,
    query=Listing,
    answer=Page[Domain],
)
def list_(call: Call, o: str, query: Listing) -> Page[Domain]:
    """Oldest first, with the DNS records that prove them."""
    return domains.list_(call.database, call.organization(o), limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "POST",
    "/api/orgs/<o>/domains/<d>/verify",
    tag=_TAG,
    summary="Verify a domain",
    permission=MANAGE,
    answer=Domain,
    errors=_FOUND | {"domain_unproved": 409, "domain_taken": 409, "dns_failed": 424},
)
def verify(call: Call, o: str, d: str) -> Domain:
    """Asks DNS for the record now. From then on it is looked at daily."""
    return domain_checks.verify(call.database, call.organization(o), d, dns.txt, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>/domains/<d>",
    tag=_TAG,
    summary="Give a domain up",
    permission=MANAGE,
    query=DryRun,
    answer=PlanAnswer,
    errors=_FOUND | {"last_domain": 409},
)
def delete(call: Call, o: str, d: str, query: DryRun) -> PlanAnswer:
    """Nobody is linked by an address in it any more; who is linked stays linked."""
    return planned(call, o, "remove_domain", {"domain": d}, query)
