"""People, organizations and sessions as the tests of this room begin, made without the verbs under test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from connector.accounts import sessions
from connector.accounts.sessions import Proof, Session, Visitor
from connector.directory import domains
from connector.organizations import organizations
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.directory import homes
from tests.directory.homes import Home

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
HERE = Visitor("192.0.2.1", "Mozilla/5.0 (X11; Linux x86_64)")
LINK = Proof("email_link")


def later(*, now: datetime = NOW, **passed: float) -> datetime:
    """The moment this much after the beginning: `later(hours=2)`."""
    return now + timedelta(**passed)


def person(database: Database, email: str, *, verified: bool = True) -> str:
    """A person with this primary address; returns the id."""
    made = new_id()
    address = {"email": email, "email_key": email.lower(), "verified": verified, "is_primary": True, "created_at": NOW}
    with database.engine.begin() as tx:
        tx.execute(insert(t.Person).values(id=made, display_name="Ada", created_by=None, created_at=NOW))
        tx.execute(insert(t.Address).values(id=new_id(), person_id=made, **address))
    return made


def holder(database: Database, email: str) -> str:
    """The id of the person who has this address verified."""
    with database.read() as tx:
        address = t.Address
        return tx.execute(select(address.person_id).where(address.email_key == email, address.verified)).scalar_one()


def acme_in_sso(database: Database) -> tuple[Home, str]:
    """An organization in sso with an active connection and the verified domain acme.example, and its owner's person id."""
    home = homes.make(database)
    domains.add(database, home.organization, "acme.example", verified=True)
    homes.put(database, home, mode="sso", state="active")
    return home, holder(database, "owner@acme.example")


def through(home: Home, **said: str | datetime) -> Proof:
    """Signed in through the organization's connection."""
    return Proof("saml", home.organization, home.connection, **said)  # type: ignore[arg-type]


def sign_in(database: Database, who: str, proof: Proof = LINK, *, token: str | None = None, now: datetime = NOW) -> str:
    """Sign somebody in from a browser that carries this token; returns the new one."""
    visitor = Visitor(HERE.address, HERE.agent, token)

    def work(tx: Connection) -> str:
        return sessions.open(tx, who, proof, visitor, now)

    return database.write(work)


def found(database: Database, token: str | None, now: datetime = NOW) -> Session:
    """The live session of a token; fails when there is none."""
    session = sessions.find(database, token, now)
    assert session is not None
    return session


def methods(session: Session) -> set[str]:
    """How the person of a session signed in."""
    return {each.method for each in session.authentications}


def suspend(database: Database, organization: str, who: str) -> None:
    """An admin suspends a member, without anything else that the verb does."""
    member = t.Membership
    with database.engine.begin() as tx:
        mine = select(member.id).where(member.organization_id == organization, member.person_id == who)
        row = {"membership_id": tx.execute(mine).scalar_one(), "cause": "admin", "organization_id": organization}
        tx.execute(insert(t.Suspension).values(**row, connection_id=None, origin="", created_at=NOW))


def leave(database: Database, organization: str, who: str) -> None:
    """A member leaves, without anything else that the verb does."""
    with database.engine.begin() as tx:
        mine = (t.Membership.organization_id == organization, t.Membership.person_id == who)
        tx.execute(delete(t.Membership).where(*mine))


def demote(database: Database, organization: str, who: str) -> None:
    """A member's effective role becomes that of everybody."""
    with database.engine.begin() as tx:
        mine = (t.Membership.organization_id == organization, t.Membership.person_id == who)
        tx.execute(update(t.Membership).where(*mine).values(role="member"))


def organization(database: Database, slug: str, owner: str = "") -> str:
    """An organization by invitation; returns the id."""
    return organizations.create(database, slug, slug.title(), owner or f"owner@{slug}.example").id
