"""Domains are proved by a TXT record in DNS, and looked at daily from then on.

A record that is gone costs nothing for two weeks, in which the owners are warned. Then the domain is a mere claim again: nobody
is linked by an address in it any more, and another organization may prove it. Nobody's access changes; who is linked stays so,
even if it was the last one. That DNS does not answer is no sign that a record is gone. Domains that an operator vouched for are
not looked at.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from connector.directory import domains
from connector.directory.connections import MANAGE
from connector.directory.domains import RECORD_PREFIX, Domain
from connector.errors import Conflict, ConnectorError, NotFound, Upstream
from connector.membership.domain_names import normal_domain
from connector.outbound.dns import Answer
from connector.provisioning import apply
from connector.provisioning.acting import OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance, Origin, enter
from connector.provisioning.setting import is_there
from connector.storage import tables as t
from connector.storage.database import Database

LookUp = Callable[[str], Answer]
"""Asks DNS for the TXT records of a name: `outbound.dns.txt`."""

DAILY = timedelta(days=1)
WARNED_EVERY = timedelta(days=7)
PATIENCE = timedelta(days=14)
"""How long a record may be gone before the domain loses its power."""

_SOME = 50  # domains of one round
_CHECKED = Origin("system", "the daily look at DNS found it")


def verify(database: Database, organization_id: str, domain: str, look_up: LookUp, *, actor: Actor = OPERATOR) -> Domain:
    """Verify a claimed domain by its record in DNS. One that is verified by an operator's word stays so, without a look.

    Raises Invalid `domain_invalid`, NotFound `domain_not_found`, Conflict `domain_unproved` when DNS has no such record, Upstream
    `dns_failed` when it does not say, Taken `domain_taken`, and what `acting.act` raises.
    """
    name = normal_domain(domain)

    def claim(glance: Glance, standing: Standing) -> Any:
        return _claimed(glance, name)

    def prove(corridor: Corridor, standing: Standing) -> Domain:
        return domains.proved(corridor, name)

    claimed = look(database, organization_id, actor, MANAGE, claim, by_link=True)
    if claimed.vouched:
        return domains.of_row(claimed)
    answer = look_up(RECORD_PREFIX + name)
    if not _proves(answer, claimed.record_value):
        raise _unproved(answer, name, claimed.record_value)
    return act(database, organization_id, actor, MANAGE, "a domain was verified by hand", prove, by_link=True)


def _claimed(glance: Glance, name: str) -> Any:
    row = t.Domain
    mine = domains.SELECTED.where(row.organization_id == glance.organization_id, row.name == name)
    found = glance.tx.execute(mine).one_or_none()
    if found is None:
        advice = f"Claim it first: `connector domain add ORG {name}`."
        raise NotFound("domain_not_found", "The organization has no such domain.", advice=advice)
    return found


def _proves(answer: Answer, expected: str) -> bool:
    """Some panels keep the quotes that people type around a value."""
    return any(value.strip().strip('"').strip() == expected for value in answer.values)


def _unproved(answer: Answer, name: str, value: str) -> ConnectorError:
    record = f"{RECORD_PREFIX}{name}"
    if answer.state == "failed":
        advice = "Try again in some minutes; see whether the domain's name servers answer, and whether this machine reaches DNS."
        return Upstream("dns_failed", f"DNS {answer.reason}, asked for {record}.", expected="an answer from DNS", advice=advice)
    arrived = {
        "no_name": f"DNS has no name {record}.",
        "no_record": f"DNS has the name {record}, but no TXT record at it.",
        "found": f"DNS has TXT records at {record}, but none with the right value.",
    }[answer.state]
    if any("connector-verification" in each for each in answer.values):
        arrived = f"DNS has a TXT record of connector at {record}, but of another claim: its value is another one."
    return Conflict(
        "domain_unproved",
        arrived,
        expected=f"a TXT record at {record} with the value {value}",
        advice="Create it where the domain's DNS is managed. Many panels add the domain themselves: give them the name"
        f" {RECORD_PREFIX.rstrip('.')} then. A new record may take an hour to be seen.",
    )


# ------------------------------------------------------------------------------------------------------------------- every day


def recheck(database: Database, look_up: LookUp, now: datetime, *, seconds: float = 5.0) -> int:
    """Look at domains that were not looked at for a day, for about `seconds`; returns how many. Raises Unavailable."""
    until = time.monotonic() + seconds
    row = t.Domain
    due = or_(row.checked_at.is_(None), row.checked_at <= now - DAILY)
    found = select(row.id, row.organization_id, row.name, row.record_value).where(
        row.verified_at.is_not(None), ~row.vouched, due, is_there(row.organization_id)
    )
    with database.read() as tx:
        rows = tx.execute(found.order_by(row.checked_at, row.id).limit(_SOME)).all()
    for checked, each in enumerate(rows):
        if time.monotonic() >= until:
            return checked
        _recheck(database, each, look_up(RECORD_PREFIX + each.name), now)
    return len(rows)


def _recheck(database: Database, row: Any, answer: Answer, now: datetime) -> None:
    looked: dict[str, Any] = {"checked_at": now}
    if _proves(answer, row.record_value):
        looked["missing_since"] = None
    elif answer.state != "failed":
        enter(database, row.organization_id, _CHECKED, lambda corridor: _missed(corridor, row.id, now), exclusive=True)
        return
    database.write(lambda tx: tx.execute(update(t.Domain).where(t.Domain.id == row.id).values(looked)))


def _missed(corridor: Corridor, domain_id: str, now: datetime) -> None:
    """The record is gone: warn, at once and weekly; in the end the domain is a claim again."""
    domain = t.Domain
    here = (domain.id == domain_id, domain.verified_at.is_not(None), ~domain.vouched)
    row = corridor.tx.execute(select(domain.name, domain.missing_since).where(*here).with_for_update()).one_or_none()
    if row is None:  # removed, or vouched for meanwhile
        return
    since = row.missing_since or now
    lapsed = now - since >= PATIENCE
    values: dict[str, Any] = {"verified_at": None, "missing_since": None} if lapsed else {"missing_since": since}
    corridor.tx.execute(update(domain).where(domain.id == domain_id).values(checked_at=now, **values))
    once = f"{domain_id}:{since.isoformat()}"
    if lapsed:
        _tell_lapsed(corridor, row.name, since, once)
    else:
        _warn(corridor, row.name, since, f"{once}:{(now - since) // WARNED_EVERY}")


def _warn(corridor: Corridor, name: str, since: datetime, once: str) -> None:
    ends = since + PATIENCE
    told = {"missing_since": since.isoformat(), "ends_at": ends.isoformat()}
    because = [
        f"DNS no longer has the record {RECORD_PREFIX}{name} that proves {name}: put it back. `connector domain list` shows it",
        f"without it nobody is linked by an address at {name} from {ends:%Y-%m-%d} on; who is linked stays linked",
    ]
    apply.alert(corridor, "domain.missing", f"domain:{name}", told, once=f"domain_missing:{once}", because=because)


def _tell_lapsed(corridor: Corridor, name: str, since: datetime, once: str) -> None:
    told = {"missing_since": since.isoformat()}
    because = [
        f"DNS has not had the record {RECORD_PREFIX}{name} for 14 days: {name} is no longer verified, and nobody is linked by an"
        " address in it",
        f"nobody's access changed. To verify it again, put the record back, then `connector domain verify ORG {name}`",
    ]
    apply.alert(corridor, "domain.lapsed", f"domain:{name}", told, once=f"domain_lapsed:{once}", because=because)
