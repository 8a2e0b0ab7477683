"""ADDING somebody who has an account, without an invitation: they handed over their user name (AP-2). The operator, to whom
accounts are no secret, names them by a verified address as well."""

from __future__ import annotations

from sqlalchemy import Connection, and_, select

from connector.accounts import persons
from connector.errors import Conflict, NotFound
from connector.membership import roles
from connector.membership.fold import fold
from connector.membership.model import ROLE, Assignment, Because, Change, Give, Join, Mode, Subject
from connector.organizations import single_org
from connector.organizations.member_views import MemberView, find, view
from connector.provisioning import facts, sync
from connector.provisioning.acting import OPERATOR, Actor, Standing, act
from connector.provisioning.corridor import Corridor
from connector.storage import tables as t
from connector.storage.database import Database

ADDS = "members.invite"


def add(
    database: Database,
    organization_id: str,
    *,
    username: str | None = None,
    email: str | None = None,
    role: str | None = None,
    actor: Actor = OPERATOR,
) -> MemberView:
    """Make somebody a member with a role, or with the organization's default: by their user name, or by a verified address.

    Raises NotFound `person_not_found`; Invalid `email_invalid`, `unknown_role`; Forbidden `role_above`; Conflict
    `membership_mode`, `already_member`, `single_org`; and what `acting.act` raises.
    """
    address = None if email is None else persons.read_email(email)

    def work(corridor: Corridor, standing: Standing) -> MemberView:
        _refuse_sso(corridor)
        catalogue = facts.setting(corridor).catalogue
        given = roles.role(catalogue, role or catalogue.default).name
        standing.need_assignable(given)
        person_id = _by_email(corridor.tx, address) if address is not None else _by_username(corridor.tx, username or "")
        _refuse_member(corridor, person_id)
        single_org.refuse(corridor, person_id)
        _join(corridor, person_id, given)
        return view(corridor, find(corridor, person_id))

    return act(database, organization_id, actor, ADDS, "somebody was added by hand", work)


def _join(corridor: Corridor, person_id: str, role: str) -> None:
    because = Because("added by hand")
    changes: tuple[Change, ...] = (Join(because), Give(Assignment(ROLE, role, "manual"), because))
    name, email = _called(corridor.tx, person_id)
    entry = facts.stranger(Subject(f"person:{person_id}", email), person_id, name)
    sync.settle(corridor, [entry], lambda _: changes)


def _refuse_sso(corridor: Corridor) -> None:
    if corridor.mode is Mode.SSO:
        raise Conflict(
            "membership_mode",
            "Members of this organization come through its identity provider, and are not added by hand.",
            expected="an organization in invitation mode",
            advice="Add them at the identity provider.",
        )


def _refuse_member(corridor: Corridor, person_id: str) -> None:
    mine = (t.Membership.organization_id == corridor.organization_id, t.Membership.person_id == person_id)
    if corridor.tx.execute(select(t.Membership.id).where(*mine)).first():
        raise Conflict(
            "already_member",
            "This person is a member of the organization already.",
            expected="somebody who is no member",
            advice="The list of members shows who is; one who is suspended is let in again there.",
        )


def _by_username(tx: Connection, username: str) -> str:
    found = tx.execute(select(t.Person.id).where(t.Person.username_key == fold(username))).scalar_one_or_none()
    if found is None:
        raise NotFound(
            "person_not_found",
            "Nobody here has this user name.",
            expected="a user name as its owner tells it: they choose it at PATCH /api/me",
            advice="Invite their address instead: whoever opens the mail joins.",
        )
    return found


def _by_email(tx: Connection, email: str) -> str:
    found = persons.find(tx, email)
    if found is None:
        raise NotFound(
            "person_not_found",
            "Nobody here has this address verified.",
            expected="the verified address of somebody who has an account",
            advice="Invite the address instead: whoever opens the mail joins.",
        )
    return found


def _called(tx: Connection, person_id: str) -> tuple[str | None, str | None]:
    primary = and_(t.Address.person_id == t.Person.id, t.Address.is_primary)
    chosen = select(t.Person.display_name, t.Address.email).outerjoin(t.Address, primary).where(t.Person.id == person_id)
    name, email = tx.execute(chosen).one()
    return name, email
