"""ACTING: somebody asks for something inside an organization, and whether they may is judged where it happens.

A role is looked up at every request and never kept in a session or a key (a change of it takes effect at once), in the
transaction that makes the change, behind the organization's lock: whoever was demoted, suspended or signed in by what no longer
opens the organization is refused however early the request was sent.

For whom the organization does not open it does not exist: nobody learns from a refusal which organizations there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import bindparam, exists, select

from connector.errors import Forbidden, NotFound
from connector.membership import roles
from connector.membership.model import Catalogue, Role
from connector.membership.opening import Authentication, OrganizationAccess, opens, powers_over_installation
from connector.provisioning import once as kept
from connector.provisioning import setup_link
from connector.provisioning.corridor import Corridor, Glance, Origin, enter
from connector.provisioning.once import Once
from connector.provisioning.setting import Setting, read_setting
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot

Result = TypeVar("Result")

MEMBER = "org.read"
"""What every role of every catalogue holds: to be a member is enough."""

OF_PROJECT = frozenset({"org.read", "resources.read_all", "resources.write_all"})
"""What a project's key may do, inside its project."""

OF_SUPER_ADMIN = frozenset({"org.read", "members.invite"})
"""What a super admin may do in an organization they do not belong to."""

OF_SETUP_LINK = frozenset({"org.read", setup_link.PERMISSION})
"""What a set-up link may, of the verbs that are open to one."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. `name` is what they are called; without `person_id` it is the operator, who may do everything. With a key, `key`
    are its last letters, which the audit trail tells as well.

    `authentications` is how a person showed who they are, `scopes` and `project_id` what their key is limited to (no scopes: not
    at all); `super_admin` that they are one, which counts only after a local sign-in. With `setup_link`, the id of one, it is
    whoever holds that link, and `person_id` is who made it and answers for it.
    """

    name: str
    person_id: str | None = None
    authentications: tuple[Authentication, ...] = ()
    scopes: frozenset[str] = frozenset()
    project_id: str | None = None
    super_admin: bool = False
    address: str | None = None
    key: str = ""
    setup_link: str | None = None

    @property
    def is_operator(self) -> bool:
        """Whether it is somebody at the command line of the installation."""
        return self.person_id is None and self.setup_link is None

    @property
    def runs_installation(self) -> bool:
        """Whether powers over the whole installation may be used: by the operator, and by a super admin signed in locally."""
        return self.is_operator or (self.super_admin and powers_over_installation(self.authentications))

    def origin(self, sentence: str) -> Origin:
        """What is written beside a change of theirs."""
        called = f"{self.name} (key …{self.key})" if self.key else self.name
        return Origin(called, sentence, self.address, self.person_id)

    def need_scope(self, permission: str) -> None:
        """Raises Forbidden `scope_missing` when their key is limited to other things."""
        if self.scopes and permission not in self.scopes:
            raise Forbidden(
                "scope_missing",
                f"This key is not for {permission}.",
                expected=f"a key without scopes, or with {permission} among them",
                advice="Make another key.",
            )


OPERATOR = Actor("operator")


def called(email: str | None, name: str | None, person_id: str) -> str:
    """What the audit trail calls a person. A name is what they, or an identity provider, like it to be: it never stands alone,
    where it could be taken for the operator, a connection or somebody's address."""
    if email:
        return email
    return f"{name} (no address)" if name else f"person:{person_id}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What an actor is in an organization at this moment. The operator, a super admin from outside, a project's key and a set-up
    link have no membership and no role; `assignable` are the roles they may give and take."""

    actor: Actor
    membership_id: str | None
    role: Role | None
    permissions: frozenset[str]
    assignable: frozenset[str]

    def may(self, permission: str) -> bool:
        """Whether they hold a permission, and their key is not limited to others."""
        return permission in self.permissions and (not self.actor.scopes or permission in self.actor.scopes)

    def is_oneself(self, who: str | None) -> bool:
        """Whether a person or membership, by id, is the member who asks. A project's key is nobody, whoever made it."""
        return self.membership_id is not None and who in (self.actor.person_id, self.membership_id)

    def need(self, permission: str) -> None:
        """Raises Forbidden `permission_missing`, `scope_missing`."""
        if permission not in self.permissions:
            called = f"The role {self.role.name}" if self.role else "This key"
            raise Forbidden(
                "permission_missing",
                f"{called} does not hold {permission}.",
                expected=f"a role that holds {permission}",
                advice="Ask somebody with more rights in this organization: its members list shows who has which role.",
            )
        self.actor.need_scope(permission)

    def need_assignable(self, *names: str) -> None:
        """Whether they may give and take these roles. Raises Forbidden `role_above`, Invalid `unknown_role` elsewhere."""
        above = next((name for name in names if name not in self.assignable), None)
        if above is not None:
            raise Forbidden(
                "role_above",
                f"The role {above} is above what you may give or take.",
                expected=f"one of: {', '.join(sorted(self.assignable)) or 'no role at all'}",
                advice=f"Ask somebody who may assign {above}.",
            )


def act(
    database: Database,
    organization_id: str,
    actor: Actor,
    permission: str,
    sentence: str,
    work: Callable[[Corridor, Standing], Result],
    *,
    exclusive: bool = False,
    preview: bool = False,
    once: Once | None = None,
    by_link: bool = False,
) -> Result:
    """Run `work` in the corridor of an organization for somebody who holds `permission` there. To a set-up link only what says
    `by_link` is open.

    With `once` the result is kept for the same request sent again, in the same transaction. Raises NotFound
    `organization_not_found` for whom the organization does not open, `setup_link_unknown`; Forbidden `permission_missing`,
    `scope_missing`, `beyond_set_up`; and what `once.find`, `corridor.enter` and `work` raise.
    """

    def inside(corridor: Corridor) -> Result:
        standing = stand(corridor, corridor.entered, actor, by_link=by_link)
        standing.need(permission)
        if once is not None:
            kept.find(corridor.tx, once, corridor.now)
        result = work(corridor, standing)
        if once is not None:
            kept.keep(corridor.tx, once, result, corridor.now)
        return result

    return enter(database, organization_id, actor.origin(sentence), inside, exclusive=exclusive, preview=preview)


def look(
    database: Database,
    organization_id: str,
    actor: Actor,
    permission: str,
    work: Callable[[Glance, Standing], Result],
    *,
    by_link: bool = False,
) -> Result:
    """The same for reading, without locks. Raises NotFound `organization_not_found`, `setup_link_unknown`; Forbidden
    `permission_missing`, `scope_missing`, `beyond_set_up`; and what `work` raises."""
    with database.read() as tx:
        glance = Glance(tx, organization_id)
        setting = read_setting(tx, organization_id)
        if setting is None:
            raise _closed()
        standing = stand(glance, setting, actor, by_link=by_link)
        standing.need(permission)
        return work(glance, standing)


_SUSPENDED = exists().where(t.Suspension.membership_id == t.Membership.id)
_MINE = Hot(
    select(t.Membership.id, t.Membership.role, _SUSPENDED.label("suspended")).where(
        t.Membership.organization_id == bindparam("organization"), t.Membership.person_id == bindparam("person")
    )
)


def stand(reader: Corridor | Glance, setting: Setting, actor: Actor, *, by_link: bool = False) -> Standing:
    """What the actor is here now. Raises NotFound `organization_not_found` when the organization does not open to them, and as
    `_of_link`."""
    if actor.setup_link is not None:
        return _of_link(reader, actor, actor.setup_link, open_to_it=by_link)
    everything = frozenset(role.name for role in setting.catalogue.roles)
    if actor.person_id is None:
        return Standing(actor, None, None, roles.all_permissions(setting.catalogue), everything)
    if actor.project_id is not None:
        return _of_project(reader, actor)
    mine = reader.read(_MINE, {"organization": reader.organization_id, "person": actor.person_id})
    access = OrganizationAccess(reader.organization_id, setting.mode, bool(mine) and not mine[0].suspended)
    if opens(actor.authentications, access) is not None:
        return _member(actor, setting.catalogue, mine[0])
    if actor.runs_installation:
        return Standing(actor, None, None, OF_SUPER_ADMIN, everything)
    raise _closed()


def _of_project(reader: Corridor | Glance, actor: Actor) -> Standing:
    """A project's key opens its organization as far as that project goes, whoever made it and whatever became of them."""
    if all(each.organization_id != reader.organization_id for each in actor.authentications):
        raise _closed()
    return Standing(actor, None, None, OF_PROJECT, frozenset())


def _of_link(reader: Corridor | Glance, actor: Actor, link_id: str, *, open_to_it: bool) -> Standing:
    """A set-up link opens its own organization, in either mode, and there nothing but what is open to one. Raises NotFound
    `setup_link_unknown`, Forbidden `beyond_set_up`."""
    setup_link.need_live(reader, link_id, datetime.now(UTC))
    if not open_to_it:
        raise beyond_set_up("A set-up link does not open this: with one, connections are prepared.")
    return Standing(actor, None, None, OF_SETUP_LINK, frozenset())


def beyond_set_up(detail: str) -> Forbidden:
    """The refusal of what nobody does by a set-up link."""
    return Forbidden(
        "beyond_set_up",
        detail,
        expected="somebody who is signed in and may manage SSO",
        advice="Tell whoever sent you the link: they look at what you prepared, and put it in force.",
    )


def _member(actor: Actor, catalogue: Catalogue, row: Any) -> Standing:
    role = roles.role(catalogue, row.role)
    return Standing(actor, row.id, role, role.permissions, roles.assignable(catalogue, role.name))


def _closed() -> NotFound:
    return NotFound(
        "organization_not_found",
        "There is no such organization, or it does not open to you by how you signed in.",
        advice="GET /api/me says which organizations there are for you, and what opens them.",
    )
