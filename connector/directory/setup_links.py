"""SET-UP LINKS: a customer's IT person prepares connections of one organization, without an account.

Whoever manages SSO makes the link (`create`; its address is shown once) and may revoke it. Whoever holds it opens it:

    visit(database, token, address, now) -> SetupVisit      the organization, and the `actor` with which all verbs are called

What a link is open to say the verbs themselves (`by_link` of `acting.act`, `connections.reachable`, `plans.Verb.by_link`), and
judge it in their own transaction:

- connections: make and set drafts, with tokens, clients, test links; see the logs, traces, groups and rules of drafts
- rules of drafts: add and remove them; look at the plan of activating a draft
- domains: claim them and have them looked for in DNS
- `ready`: tell the owners that a draft can go live

Everything else is Forbidden `beyond_set_up`. A link counts while its maker holds `sso.manage` and is an active member
(`provisioning/setup_link.py`); changes by it are told as those of "set-up link NAME of MAKER".
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update

from connector.accounts import throttle
from connector.accounts.secret import hashed, new_token
from connector.directory.connections import MANAGE, reachable
from connector.errors import Conflict, Invalid, NotFound
from connector.provisioning import apply, setup_link
from connector.provisioning.acting import OPERATOR, Actor, Standing, act, called, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.once import Once
from connector.provisioning.pages import Page, page_of
from connector.provisioning.setup_link import SELECTED, State, state_of
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id

PREFIX = "cnt_setup_"
"""So that people, and scanners of public code, recognise what they have found."""

DAYS = 7
LONGEST = 30
LIVE_AT_ONCE = 5
LONGEST_NAME = 100

TOUCH = timedelta(minutes=1)
"""How exact "last used" is."""

KEPT = timedelta(days=30)
"""How long a dead link is listed."""

_LINK = t.SetupLink


@dataclass(frozen=True, slots=True)
class NewSetupLink:
    """A link just made: the only time that `url` is seen."""

    id: str
    name: str
    url: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SetupLinkView:
    """A link as it is listed; `hint` are its last letters, `created_by` what its maker is called, None for the operator. A
    dormant one waits until its maker is active and may manage SSO again."""

    id: str
    name: str
    hint: str
    created_by: str | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    state: State


@dataclass(frozen=True, slots=True)
class SetupVisit:
    """Somebody who holds a live link: the organization that it opens, and who they are for its verbs."""

    link_id: str
    link_name: str
    expires_at: datetime
    organization_id: str
    slug: str
    organization_name: str
    actor: Actor


# ------------------------------------------------------------------------------------------------------------------ making


def create(
    database: Database,
    organization_id: str,
    *,
    base_url: str,
    name: str = "",
    days: int = DAYS,
    now: datetime | None = None,
    actor: Actor = OPERATOR,
    once: Once | None = None,
) -> NewSetupLink:
    """Make a link that lives for `days`, for whoever `name` says ("IT of Acme").

    Raises Invalid `expiry_invalid`, `name_invalid`, Conflict `setup_link_limit` when five are live already, and what `acting.act`
    raises.
    """
    if not 1 <= days <= LONGEST:
        raise Invalid("expiry_invalid", "A set-up link cannot live that long.", expected=f"1 to {LONGEST} days")
    moment, token = now or datetime.now(UTC), new_token(PREFIX)
    made = NewSetupLink(new_id(), _clean(name), f"{base_url}/setup/{token}", moment + timedelta(days=days))

    def work(corridor: Corridor, standing: Standing) -> NewSetupLink:
        _refuse_a_sixth(corridor, moment)
        home = {"organization_id": organization_id, "membership_id": standing.membership_id}
        secret = {"token_hash": hashed(token), "hint": token[-4:]}
        times = {"created_at": moment, "expires_at": made.expires_at, "last_used_at": None, "revoked_at": None}
        corridor.tx.execute(insert(_LINK).values(id=made.id, name=made.name, **home, **secret, **times))
        told = {"name": made.name, "expires_at": made.expires_at.isoformat()}
        apply.record(corridor, "setup_link.created", f"setup_link:{made.id}", None, told)
        return made

    return act(database, organization_id, actor, MANAGE, "a set-up link was made by hand", work, exclusive=True, once=once)


def _clean(name: str) -> str:
    clean = name.strip()
    if len(clean) > LONGEST_NAME or any(unicodedata.category(letter) in ("Cc", "Cs") for letter in clean):
        expected = f"at most {LONGEST_NAME} characters on one line, in any script"
        raise Invalid("name_invalid", "This name cannot be used.", expected=expected)
    return clean


def _refuse_a_sixth(corridor: Corridor, now: datetime) -> None:
    """Under the exclusive lock: two at once cannot both be the fifth. Dormant ones count, for they may wake up."""
    mine = (_LINK.organization_id == corridor.organization_id, _LINK.revoked_at.is_(None), _LINK.expires_at > now)
    if corridor.tx.execute(select(func.count()).select_from(_LINK).where(*mine)).scalar_one() >= LIVE_AT_ONCE:
        raise Conflict(
            "setup_link_limit",
            f"{LIVE_AT_ONCE} set-up links of this organization are live already.",
            expected=f"at most {LIVE_AT_ONCE}",
            advice="Revoke those that are no longer needed: their list shows when each was last used.",
        )


def list_(
    database: Database,
    organization_id: str,
    *,
    now: datetime | None = None,
    limit: int = 200,
    after: str | None = None,
    actor: Actor = OPERATOR,
) -> Page[SetupLinkView]:
    """Return a page of the organization's links, oldest first, those that died within 30 days too. Raises what `acting.look`
    raises."""
    moment = now or datetime.now(UTC)
    mine = (_LINK.organization_id == organization_id, *([_LINK.id > after] if after else []))
    chosen = SELECTED.where(*mine).order_by(_LINK.id).limit(limit + 1)

    def work(glance: Glance, standing: Standing) -> Page[SetupLinkView]:
        found = [_view(row, moment) for row in glance.tx.execute(chosen)]
        return page_of(found, limit, lambda view: view.id)

    return look(database, organization_id, actor, MANAGE, work)


def _view(row: Any, now: datetime) -> SetupLinkView:
    times = (row.created_at, row.expires_at, row.last_used_at)
    return SetupLinkView(row.id, row.name, row.hint, _maker(row), *times, state_of(row, now))


def _maker(row: Any) -> str | None:
    return None if row.person_id is None else called(row.email, row.display_name, row.person_id)


def revoke(database: Database, organization_id: str, link_id: str, *, actor: Actor = OPERATOR) -> None:
    """End a link at once; a dead one stays dead. Raises NotFound `setup_link_not_found`, and what `acting.act` raises."""

    def work(corridor: Corridor, standing: Standing) -> None:
        mine = (_LINK.id == link_id, _LINK.organization_id == organization_id)
        row = corridor.tx.execute(select(_LINK.name, _LINK.revoked_at).where(*mine)).one_or_none()
        if row is None:
            raise _not_found()
        live = update(_LINK).where(*mine, _LINK.revoked_at.is_(None)).values(revoked_at=corridor.now)
        if corridor.tx.execute(live).rowcount:
            apply.record(corridor, "setup_link.revoked", f"setup_link:{link_id}", {"name": row.name}, None)

    act(database, organization_id, actor, MANAGE, "a set-up link was revoked by hand", work, exclusive=True)


def organization_of(database: Database, link_id: str) -> str:
    """The organization of a link, for commands, which are given its id alone. Raises NotFound `setup_link_not_found`."""
    with database.read() as tx:
        found = tx.execute(select(_LINK.organization_id).where(_LINK.id == link_id)).scalar_one_or_none()
    if found is None:
        raise _not_found()
    return found


def _not_found() -> NotFound:
    return NotFound(
        "setup_link_not_found",
        "There is no such set-up link.",
        advice="`connector setup-link list ORG`, or GET of the same list, has the ids.",
    )


# ------------------------------------------------------------------------------------------------------------------- using


def visit(database: Database, token: str, address: str, now: datetime) -> SetupVisit:
    """Who opens a link, from which address. Raises NotFound `setup_link_unknown`, TooMany `too_many_requests` for an address from
    which too many were tried that are none."""
    found = find(database, token, now, address=address)
    if found is None:
        throttle.spend(database, "unknown_setup_link", address, now)
        raise setup_link.unknown()
    return found


def find(database: Database, token: str, now: datetime, *, address: str | None = None) -> SetupVisit | None:
    """Return who holds a link, and note that it was used; None when it opens nothing (any more)."""
    row = setup_link.by_hash(database, hashed(token), now) if token.startswith(PREFIX) else None
    if row is None:
        return None
    if row.last_used_at is None or now - row.last_used_at >= TOUCH:
        _touch(database, row.id, now)
    home = (row.organization_id, row.slug, row.organization_name)
    return SetupVisit(row.id, row.name, row.expires_at, *home, _actor(row, address))


def _actor(row: Any, address: str | None) -> Actor:
    what = f"set-up link {row.name}" if row.name else "set-up link"
    return Actor(f"{what} of {_maker(row) or OPERATOR.name}", row.person_id, address=address, setup_link=row.id)


def _touch(database: Database, link_id: str, now: datetime) -> None:
    """Never waits for somebody else's lock, and never fails the request."""
    stale = or_(_LINK.last_used_at.is_(None), _LINK.last_used_at <= now - TOUCH)
    free = select(_LINK.id).where(_LINK.id == link_id, stale).with_for_update(skip_locked=True)
    database.write_unless_busy(lambda tx: tx.execute(update(_LINK).where(_LINK.id.in_(free)).values(last_used_at=now)))


def ready(database: Database, organization_id: str, connection_id: str, *, actor: Actor) -> bool:
    """Tell the owners that a connection is prepared and can go live; once a day. True when they are told now.

    Raises NotFound `connection_not_found`, and what `connections.reachable` and `acting.act` raise.
    """

    def work(corridor: Corridor, standing: Standing) -> bool:
        reachable(corridor, standing, connection_id)
        name = corridor.tx.execute(select(t.Connection.name).where(t.Connection.id == connection_id)).scalar_one()
        told = f"{actor.name} has prepared {name} and asks you to look at its plan and take it live"
        once = f"connection_ready:{connection_id}:{corridor.now.date()}"
        payload = {"name": name, "by": actor.name}
        return apply.alert(corridor, "connection.ready", f"connection:{connection_id}", payload, once=once, because=[told])

    return act(database, organization_id, actor, MANAGE, "somebody said that a connection is ready", work, by_link=True)


def sweep(database: Database, now: datetime) -> None:
    """Forget links that died 30 days ago."""
    dead = or_(_LINK.expires_at <= now - KEPT, _LINK.revoked_at <= now - KEPT)
    database.write(lambda tx: tx.execute(delete(_LINK).where(dead)))
