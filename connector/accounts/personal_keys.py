"""Keys of a person's own, which open what a local sign-in of theirs opens."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from connector.accounts import keys
from connector.accounts.keys import KeyView, NewKey
from connector.errors import Forbidden
from connector.membership.opening import holds_local
from connector.provisioning import once as kept
from connector.provisioning.acting import Actor
from connector.provisioning.once import Once
from connector.provisioning.pages import Page
from connector.storage import tables as t
from connector.storage.database import Database


def create(
    database: Database,
    person_id: str,
    now: datetime,
    *,
    name: str = "",
    scopes: Collection[str] = (),
    actor: Actor,
    once: Once | None = None,
) -> NewKey:
    """Make a key for whoever asks, to whom what is their own opens, and who signed in locally: so does what the key opens.

    Raises Invalid `scope_unknown`, `name_invalid`; Forbidden `scope_missing`, `local_sign_in_needed`; what `once.find` raises.
    """
    if not holds_local(actor.authentications):
        raise Forbidden(
            "local_sign_in_needed",
            "A key of your own opens what a local sign-in opens, and you signed in through an organization's identity provider.",
            expected="a session that holds a local sign-in",
            advice="Ask for a sign-in link by e-mail at /login, or make a key of the organization.",
        )
    wished = keys.wish(actor, name, scopes)

    def work(tx: Connection) -> NewKey:
        if once is not None:
            kept.find(tx, once, now)
        made = keys.insert_personal(tx, wished, person_id, now)
        if once is not None:
            kept.keep(tx, once, made, now)
        return made

    return database.write(work)


def list_(database: Database, person_id: str, *, limit: int, after: str | None = None) -> Page[KeyView]:
    """Somebody's own keys, oldest first, dead ones too."""
    with database.read() as tx:
        return keys.page(tx, t.Key.person_id == person_id, t.Key.organization_id.is_(None), limit=limit, after=after)


def revoke(database: Database, person_id: str, key_id: str, now: datetime, *, actor: Actor) -> None:
    """End one of somebody's own keys at once; a dead one stays dead. Raises NotFound `key_not_found`, and what
    `keys.need_to_end` raises."""

    def work(tx: Connection) -> None:
        mine = (t.Key.id == key_id, t.Key.person_id == person_id, t.Key.organization_id.is_(None))
        found = tx.execute(select(t.Key.scopes).where(*mine)).first()
        if found is None:
            raise keys.not_found()
        keys.need_to_end(actor, found.scopes)
        keys.end_personal(tx, key_id, now)

    database.write(work)
