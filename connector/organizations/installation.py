"""THE INSTALLATION: who may make organizations on it, and who runs it beside the operator at the command line.

No organization's audit trail is the place for this: changes of it go to the log, without anybody's name or address.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection, and_, delete, insert, select, update

from connector.accounts import persons
from connector.errors import Forbidden, NotEntitled, NotFound
from connector.provisioning.acting import OPERATOR, Actor
from connector.provisioning.corridor import lock_organization
from connector.provisioning.pages import Seen
from connector.storage import tables as t
from connector.storage.database import Database

Switch = Literal["on", "off"]
Founders = Literal["anyone", "super_admins"]

_log = logging.getLogger("connector.installation")


@dataclass(frozen=True, slots=True)
class Policy:
    """Whether new organizations can be made over HTTP at all (OH-7), and by whom (OH-18). The operator always can."""

    organizations: Switch = "on"
    creation: Founders = "anyone"


@dataclass(frozen=True, slots=True)
class SuperAdmin:
    """Somebody with powers over the whole installation, after a local sign-in."""

    user_id: str
    email: str | None
    name: str | None


def show(database: Database, *, actor: Actor = OPERATOR) -> Policy:
    """What holds. Raises NotFound `not_found` for whoever does not run the installation."""
    _need(actor)
    with database.read() as tx:
        return _read(tx)


def change(
    database: Database,
    *,
    organizations: Switch | None = None,
    creation: Founders | None = None,
    seen: Seen | None = None,
    actor: Actor = OPERATOR,
) -> Policy:
    """Set what is given. Returns what holds then. Raises NotFound `not_found` for whoever does not run the installation, and what
    `seen` raises."""
    _need(actor)
    wanted = {"organizations": organizations, "creation": creation}
    rows = [{"name": name, "value": value} for name, value in wanted.items() if value is not None]

    def work(tx: Connection) -> Policy:
        lock_organization(tx, "installation", exclusive=True)
        if seen is not None:
            seen(_read(tx))
        for row in rows:
            tx.execute(delete(t.InstallationPolicy).where(t.InstallationPolicy.name == row["name"]))
            tx.execute(insert(t.InstallationPolicy).values(**row))
        return _read(tx)

    policy = database.write(work)
    _log.info("the policy of the installation was set", extra={"fields": asdict(policy)})
    return policy


def closed_to(database: Database, *, actor: Actor) -> NotEntitled | Forbidden | None:
    """Why somebody may make no organization now, None when they may."""
    with database.read() as tx:
        try:
            need_creation(tx, actor)
        except (NotEntitled, Forbidden) as error:
            return error
    return None


def need_creation(tx: Connection, actor: Actor) -> None:
    """Whether somebody may make an organization now. Raises NotEntitled `not_entitled`, Forbidden `creation_restricted`."""
    if actor.runs_installation:
        return
    policy = _read(tx)
    if policy.organizations == "off":
        raise NotEntitled(
            "not_entitled",
            "This installation is not set up for new organizations.",
            expected="an installation with organizations switched on",
            advice="Whoever operates it switches them on: `connector installation set --organizations on`.",
        )
    if policy.creation == "super_admins":
        raise restricted("Here organizations are made by the installation's super admins.")


def restricted(detail: str) -> Forbidden:
    """What only whoever runs the installation does about new organizations."""
    return Forbidden(
        "creation_restricted", detail, expected="a super admin who signed in locally", advice="Ask one of them to do it for you."
    )


def super_admins(database: Database, *, actor: Actor = OPERATOR) -> tuple[SuperAdmin, ...]:
    """Return all super admins, oldest account first. Raises NotFound `not_found`."""
    _need(actor)
    with database.read() as tx:
        found = tx.execute(_NAMED.where(t.Person.super_admin).order_by(t.Person.id))
        return tuple(SuperAdmin(row.id, row.email, row.display_name) for row in found)


def add_super_admin(database: Database, email: str, *, actor: Actor = OPERATOR) -> SuperAdmin:
    """Give somebody the powers, by their verified address. The operator vouches for an address that nobody has yet.

    Raises Invalid `email_invalid`, NotFound `not_found`, `person_not_found`.
    """
    _need(actor)
    address = persons.read_email(email)

    def work(tx: Connection) -> SuperAdmin:
        vouched = actor.is_operator
        person_id = persons.find_or_make(tx, address, datetime.now(UTC)) if vouched else _holder(tx, address)
        tx.execute(update(t.Person).where(t.Person.id == person_id).values(super_admin=True))
        row = tx.execute(_NAMED.where(t.Person.id == person_id)).one()
        return SuperAdmin(row.id, row.email, row.display_name)

    named = database.write(work)
    _log.info("a super admin was named", extra={"fields": {"person": named.user_id}})
    return named


def remove_super_admin(database: Database, email: str, *, actor: Actor = OPERATOR) -> None:
    """Take the powers back; who has none stays without. The operator can always name another.

    Raises Invalid `email_invalid`, NotFound `not_found`, `person_not_found`.
    """
    _need(actor)
    address = persons.read_email(email)

    def work(tx: Connection) -> str:
        person_id = _holder(tx, address)
        tx.execute(update(t.Person).where(t.Person.id == person_id).values(super_admin=False))
        return person_id

    person_id = database.write(work)
    _log.info("a super admin was taken back", extra={"fields": {"person": person_id}})


_NAMED = select(t.Person.id, t.Address.email, t.Person.display_name).outerjoin(
    t.Address, and_(t.Address.person_id == t.Person.id, t.Address.is_primary)
)


def _read(tx: Connection) -> Policy:
    found = tx.execute(select(t.InstallationPolicy.name, t.InstallationPolicy.value))
    return Policy(**{row.name: row.value for row in found})


def _holder(tx: Connection, email: str) -> str:
    person_id = persons.find(tx, email)
    if person_id is None:
        advice = "They sign in once with this address; then it is theirs."
        raise NotFound("person_not_found", f"Nobody has the verified address {email}.", advice=advice)
    return person_id


def _need(actor: Actor) -> None:
    """For everybody else there is nothing here."""
    if not actor.runs_installation:
        raise NotFound("not_found", "There is nothing at this address.")
