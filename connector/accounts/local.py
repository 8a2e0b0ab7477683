"""LOCAL sign-in through the installation-wide OpenID provider: who somebody is there becomes a person here.

The operator chose this provider for everybody, so its word that an address is verified counts as much as a mailed link. From then
on the subject alone decides, whatever address it is told with.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from connector.accounts import persons, sessions
from connector.accounts.sessions import Proof, Visitor
from connector.errors import Forbidden
from connector.storage import tables as t


def enter(
    tx: Connection,
    issuer: str,
    subject: str,
    email: str | None,
    email_verified: bool | None,
    name: str | None,
    visitor: Visitor,
    now: datetime,
) -> str:
    """Sign the visitor in as whom the provider verified, inside the transaction that spends the request; return their token.

    A subject seen for the first time is linked to who has the address verified, else to a new person who then has. Raises Invalid
    `email_invalid`, Forbidden `email_missing`, `email_unverified`.
    """
    identity = t.LocalIdentity
    known = select(identity.person_id).where(identity.issuer == issuer, identity.subject == subject)
    person_id = tx.execute(known).scalar_one_or_none()
    if person_id is None:
        person_id = persons.find_or_make(tx, _proved(email, email_verified), now, name)
        row = {"issuer": issuer, "subject": subject, "person_id": person_id, "created_at": now}
        tx.execute(insert(identity).values(**row))
    return sessions.open(tx, person_id, Proof("oidc_local"), visitor, now)


def _proved(email: str | None, verified: bool | None) -> str:
    if not email:
        raise Forbidden(
            "email_missing",
            "The provider did not tell an e-mail address.",
            expected="the claim email, which the scope email asks for",
            advice="Let the provider release the address, or sign in with an e-mail link.",
        )
    if verified is not True:
        raise Forbidden(
            "email_unverified",
            "The provider does not say that the e-mail address is verified.",
            expected="the claim email_verified with the value true",
            advice="Verify the address at the provider, or sign in with an e-mail link.",
        )
    return persons.read_email(email)
