"""THE CATALOGUE: the roles of an organization as they are shown, and replaced by others as a plan.

What always holds: exactly one role is the top one, it outranks all others and holds every permission; every role holds
`org.read`; nobody may assign a role above their own. Whoever is left out cannot be: a role that somebody has stays.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update

from connector.errors import Conflict, Forbidden, Invalid
from connector.membership import roles
from connector.membership.model import Catalogue, Role
from connector.membership.plan import Plan
from connector.membership.roles import ASSIGN, PERMISSIONS
from connector.organizations.organization_rows import role_row
from connector.provisioning import apply, facts, sync
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, look, stand
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.reevaluate import effective_roles
from connector.provisioning.sync import Outcome
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import among

AT_MOST = 50
HIGHEST = 10_000
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,38}")


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role: what it outranks, what it may, whether its holders may own things, and see more than their projects."""

    name: str
    rank: int
    top: bool
    can_own: bool
    org_visible: bool
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CatalogueView:
    """The roles of an organization, highest first, and the one that holds when nothing was given."""

    default_role: str
    roles: tuple[RoleView, ...]


def show(database: Database, organization_id: str, *, actor: Actor = OPERATOR) -> CatalogueView:
    """The roles of an organization, for every member. Raises what `acting.look` raises."""

    def work(glance: Glance, _: Standing) -> CatalogueView:
        return view(facts.setting(glance).catalogue)

    return look(database, organization_id, actor, MEMBER, work, by_link=True)


def view(catalogue: Catalogue) -> CatalogueView:
    """A catalogue as it is shown."""
    ranked = sorted(catalogue.roles, key=lambda role: -role.rank)
    return CatalogueView(catalogue.default, tuple(_view(role) for role in ranked))


def _view(role: Role) -> RoleView:
    return RoleView(role.name, role.rank, role.top, role.can_own, role.org_visible, tuple(sorted(role.permissions)))


def replace(corridor: Corridor, given: Mapping[str, Any]) -> Outcome:
    """A verb of plans: the catalogue becomes `given["roles"]` (as RoleView; what is left out as `_role` says) with
    `given["default_role"]`, and everybody has what their rows come to in it. Where these were made by changing others,
    `given["instead_of"]` (as `document`) are those: what somebody else changed meanwhile is not taken back unseen.

    Raises Invalid `roles_invalid`, `unknown_permission`, `unknown_role`; Conflict `roles_changed`, `no_top_role`, `role_in_use`,
    `break_glass`, `last_owner`.
    """
    corridor.need_exclusive()
    before = facts.setting(corridor).catalogue
    _refuse_changed(before, given)
    after = read(given, before.default)
    _refuse_used(corridor, _without(before, after))
    _refuse_break_glass(corridor, after)
    _write(corridor, before, after)
    _record(corridor, before, after)
    outcome = _settled(corridor, before)
    _forget(corridor, _without(before, after))
    return outcome


def document(found: CatalogueView) -> dict[str, Any]:
    """A catalogue as `replace` takes it."""
    listed = [{**dataclasses.asdict(each), "permissions": list(each.permissions)} for each in found.roles]
    return {"default_role": found.default_role, "roles": listed}


def _refuse_changed(before: Catalogue, given: Mapping[str, Any]) -> None:
    if given.get("instead_of") not in (None, document(view(before))):
        raise Conflict(
            "roles_changed",
            "The roles were changed by somebody else meanwhile; nothing was applied.",
            expected="roles as they were when these were made out of them",
            advice="Open the role again, and change it as it is now.",
        )


def need_top(corridor: Corridor, given: Mapping[str, Any], actor: Actor) -> None:
    """What is asked of a person who replaces the catalogue: to hold its top role. Raises Forbidden `permission_missing`."""
    role = stand(corridor, corridor.entered, actor).role
    if role is None or not role.top:
        raise Forbidden(
            "permission_missing",
            "What roles may is decided by those who hold the highest.",
            expected=f"the role {roles.top(corridor.entered.catalogue).name}",
        )


def _settled(corridor: Corridor, before: Catalogue) -> Outcome:
    """Everybody gets what their rows come to now. Where another role is the top one, rules may give what they might not before,
    and the other way round. Raises Conflict `last_owner`."""
    others = effective_roles(corridor, "the roles of the organization were changed")
    after = facts.setting(corridor).catalogue
    ruled = sync.everyone(corridor) if roles.top(before).name != roles.top(after).name else Outcome(Plan((), after))
    if not facts.other_top_holders(corridor, after, ()):
        raise Conflict(
            "last_owner",
            f"Nobody active would hold the top role {roles.top(after).name}.",
            expected="at least one active holder of the top role at all times",
            advice="Give somebody that role first, then make it the top one.",
        )
    return Outcome(Plan(ruled.plan.parts, after, others), ruled.withheld)


# ---------------------------------------------------------------------------------------------------------------- reading


def read(given: Mapping[str, Any], default: str) -> Catalogue:
    """Return the catalogue that is asked for, with the default role of today where none is. Raises as `replace`."""
    listed = given.get("roles")
    if not isinstance(listed, Sequence) or not 1 <= len(listed) <= AT_MOST:
        raise _invalid(f"A catalogue has 1 to {AT_MOST} roles.")
    found = [_role(each) for each in listed]
    tops = [role for role in found if role.top]
    if len(tops) != 1:
        raise Conflict(
            "no_top_role",
            f"{len(tops)} roles are said to be the top one.",
            expected="exactly one role with top, whose holders can never all be gone",
        )
    _check(found, tops[0])
    full = tuple(_with_everything(role) if role.top else role for role in found)
    catalogue = Catalogue(full, given.get("default_role") or default)
    if roles.role(catalogue, catalogue.default).top:
        raise _invalid("The top role cannot be what everybody has by default.")
    return catalogue


def _with_everything(top: Role) -> Role:
    return dataclasses.replace(top, permissions=top.permissions | PERMISSIONS | {f"{ASSIGN}{top.name}"})


def _role(given: Mapping[str, Any]) -> Role:
    """One role; without more it may own things, sees the organization, and holds `org.read`."""
    name, rank = given.get("name"), given.get("rank")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _invalid("The name of a role has 1 to 39 lower-case letters, digits, hyphens and underscores, a letter first.")
    if not isinstance(rank, int) or not 1 <= rank <= HIGHEST:
        raise _invalid(f"The rank of {name} is a whole number from 1 to {HIGHEST}.")
    held = frozenset(given.get("permissions") or ()) | {MEMBER}
    flags = (given.get("can_own", True), given.get("org_visible", True))
    return Role(name, rank, bool(given.get("top")), held, *map(bool, flags))


def _check(found: Sequence[Role], top: Role) -> None:
    if len({role.name for role in found}) < len(found) or len({role.rank for role in found}) < len(found):
        raise _invalid("Two roles have the same name or the same rank.")
    if top.rank < max(role.rank for role in found) or not (top.can_own and top.org_visible):
        raise _invalid("The top role has the highest rank, may own things and sees the organization.")
    ranks = {role.name: role.rank for role in found}
    for role in found:
        for permission in sorted(role.permissions):
            _check_permission(role, permission, ranks)


def _check_permission(role: Role, permission: str, ranks: Mapping[str, int]) -> None:
    if permission in PERMISSIONS:
        return
    ceiling = permission.removeprefix(ASSIGN)
    if ceiling == permission or ceiling not in ranks:
        raise Invalid(
            "unknown_permission",
            f"The role {role.name} is to hold a permission that there is not.",
            expected=f"{', '.join(sorted(PERMISSIONS))}, or {ASSIGN} with the name of a role",
        )
    if ranks[ceiling] > role.rank:
        raise _invalid(f"The role {role.name} would assign {ceiling}, which outranks it.")


def _invalid(detail: str) -> Invalid:
    return Invalid("roles_invalid", detail, expected="a catalogue of roles as GET tells it")


# ---------------------------------------------------------------------------------------------------------------- writing


def _without(before: Catalogue, after: Catalogue) -> list[str]:
    """The names of the roles that are left out."""
    return sorted({role.name for role in before.roles} - {role.name for role in after.roles})


def _refuse_used(corridor: Corridor, gone: Sequence[str]) -> None:
    """A role that somebody was given, is invited to or would be given by a rule stays until they are not."""
    row, invitation, rule = t.Assignment, t.Invitation, t.Rule
    uses: dict[str, tuple[Any, Any, Any]] = {
        "member": (row, row.level, row.target_kind == "role"),
        "invitation": (invitation, invitation.role, invitation.status == "pending"),
        "rule": (rule, rule.level, rule.target_kind == "role"),
    }
    for called, (table, name, which) in uses.items():
        mine = (table.organization_id == corridor.organization_id, which, among(name, gone))
        found = corridor.tx.execute(select(name, func.count()).select_from(table).where(*mine).group_by(name)).first()
        if found is not None:
            held = f"{found[1]} {called}s still hold it" if found[1] > 1 else f"1 {called} still holds it"
            raise Conflict(
                "role_in_use",
                f"The role {found[0]} is left out, and {held}.",
                expected="roles that nobody holds to be left out",
                advice="Give another role first, or keep this one.",
            )


def _refuse_break_glass(corridor: Corridor, after: Catalogue) -> None:
    row, top = t.Assignment, roles.top(after).name
    mine = (row.organization_id == corridor.organization_id, row.source == "break_glass", row.level != top)
    if corridor.tx.execute(select(row.membership_id).where(*mine).limit(1)).first():
        raise Conflict(
            "break_glass",
            "Break-glass owners hold the top role of today, and would not hold the new one.",
            expected="the top role of today, or no break-glass owners",
            advice="Take break-glass back, change the roles, and name them again.",
        )


def _write(corridor: Corridor, before: Catalogue, after: Catalogue) -> None:
    """Ranks are unique: those of today make way first."""
    home, known = corridor.organization_id, {role.name for role in before.roles}
    mine = t.Role.organization_id == home
    corridor.tx.execute(update(t.Role).where(mine).values(rank=-t.Role.rank))
    rows = [role_row(home, role) for role in after.roles]
    corridor.update(t.Role, [row for row in rows if row["name"] in known], keys=("organization_id", "name"))
    corridor.insert(t.Role, [row for row in rows if row["name"] not in known])
    chosen = update(t.Organization).where(t.Organization.id == home)
    corridor.tx.execute(chosen.values(default_role=after.default))


def _forget(corridor: Corridor, gone: Sequence[str]) -> None:
    """The roles that are left out, with the invitations that were answered long ago: the audit trail has those."""
    kept: tuple[tuple[Any, Any], ...] = ((t.Invitation, t.Invitation.role), (t.Role, t.Role.name))
    for table, name in kept:
        corridor.tx.execute(delete(table).where(table.organization_id == corridor.organization_id, among(name, gone)))


def _record(corridor: Corridor, before: Catalogue, after: Catalogue) -> None:
    """What is different, role by role."""
    was, becomes = _told(before), _told(after)
    names = sorted(name for name in was | becomes if was.get(name) != becomes.get(name))
    if names:
        old, new = ({name: told.get(name) for name in names} for told in (was, becomes))
        apply.record(corridor, "roles.changed", "roles", old, new)


def _told(catalogue: Catalogue) -> dict[str, Any]:
    told: dict[str, Any] = {role.name: dataclasses.asdict(_view(role)) for role in catalogue.roles}
    return told | {"default_role": catalogue.default}
