"""Roles as data: the five presets of ORGANIZATIONS.md part A, and who may assign what.

A permission `role.assign:<max>` is a ceiling: its holder assigns roles up to `<max>` and touches nobody above it. Permissions add
up from role to role where a system says so; the top role of every preset holds them all. Ranks leave room for roles of one's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connector.errors import Invalid
from connector.membership.kinds import COMMON, HOSTING, Kind
from connector.membership.model import Catalogue, Role

ASSIGN = "role.assign:"

PERMISSIONS = frozenset(
    {
        "org.read", "org.participants.read", "org.update", "org.delete",
        "members.manage", "members.invite", "teams.manage",
        "projects.create", "projects.read_all",
        "resources.create", "resources.read_all", "resources.write_all", "resources.admin_all",
        "quotas.manage", "billing.manage", "credits.add", "credits.use",
        "settings.general.write", "settings.preferences.write", "settings.notifications.write", "settings.auth.write",
        "settings.llm.write", "claims.manage", "audit.read", "sso.manage",
    }
)  # fmt: skip
"""Every permission there is, but the ceilings, which name roles of a catalogue."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What an organization starts with: its catalogue and its kinds of resources. `creator` is the role of the person who makes
    it. With `default_project` everybody is a member of a project that is there from the start (TG-17); with `single_org` people
    belong to this organization only (TG-2)."""

    name: str
    catalogue: Catalogue
    creator: str
    kinds: tuple[Kind, ...] = COMMON
    default_project: bool = False
    single_org: bool = False


_SEES_PEOPLE = frozenset({"org.read", "org.participants.read"})
_RUNS_MEMBERS = frozenset({"members.manage", "members.invite", "teams.manage", "org.update", "audit.read"})
_SETS_EVERYDAY = frozenset({"settings.general.write", "settings.preferences.write", "settings.notifications.write"})
_SEES_PROJECTS = frozenset({"projects.create", "projects.read_all"})


def _openhands() -> Preset:
    """OH-11: admins invite, elevate to admin, add credits and change LLM settings; only owners make owners, claim and delete."""
    member = _SEES_PEOPLE | {"resources.create", "credits.use"}
    admin = member | _RUNS_MEMBERS | _SETS_EVERYDAY | _SEES_PROJECTS
    admin |= {f"{ASSIGN}admin", "credits.add", "settings.llm.write", "resources.admin_all", "quotas.manage"}
    top = _top("owner", 30, ceilings=("admin", "owner"))
    roles = (top, Role("admin", 20, permissions=admin), Role("member", 10, permissions=member))
    return Preset("openhands", Catalogue(roles, default="member"), creator="owner")


def _together() -> Preset:
    """TG-15 and TG-20: members use resources and do not modify them, and buy and spend credits together."""
    member = _SEES_PEOPLE | {"resources.read_all", "credits.add", "credits.use"}
    roles = (_top("admin", 20, ceilings=("admin",)), Role("member", 10, permissions=member))
    return Preset("together", Catalogue(roles, default="member"), creator="admin", default_project=True, single_org=True)


def _apolo() -> Preset:
    """AP-13 to AP-16: each role expands the one below; managers see all projects, set quotas and promote up to manager."""
    user = _SEES_PEOPLE | {"projects.create", "credits.add", "credits.use"}
    manager = user | {"projects.read_all", "resources.read_all", "quotas.manage", f"{ASSIGN}manager"}
    top = _top("admin", 30, ceilings=("manager", "admin"))
    roles = (top, Role("manager", 20, permissions=manager), Role("user", 10, permissions=user))
    return Preset("apolo", Catalogue(roles, default="user"), creator="admin")


def _onet() -> Preset:
    """ON-5 to ON-8: editors manage resources and nothing else, viewers read them, guests see the projects they were given."""
    guest = frozenset({"org.read"})
    viewer = _SEES_PEOPLE | {"projects.read_all", "resources.read_all"}
    roles = (
        _top("owner", 40, ceilings=("owner",)),
        Role("editor", 30, permissions=viewer | {"resources.create", "resources.write_all"}),
        Role("viewer", 20, permissions=viewer),
        Role("guest", 10, permissions=guest, org_visible=False),
    )
    return Preset("onet", Catalogue(roles, default="viewer"), creator="owner", kinds=COMMON + HOSTING)


def _oagents() -> Preset:
    """OA-12 to OA-18: admins run members, teams and resources up to admin; billing pays, reads the audit log and owns nothing."""
    member = _SEES_PEOPLE | {"resources.create", "credits.use"}
    admin = member | _RUNS_MEMBERS | _SETS_EVERYDAY | _SEES_PROJECTS | {f"{ASSIGN}admin", "resources.admin_all", "quotas.manage"}
    billing = frozenset({"org.read", "resources.read_all", "billing.manage", "credits.add", "audit.read"})
    roles = (
        _top("owner", 40, ceilings=("admin", "owner")),
        Role("admin", 30, permissions=admin),
        Role("member", 20, permissions=member),
        Role("billing", 10, permissions=billing, can_own=False),
    )
    return Preset("oagents", Catalogue(roles, default="member"), creator="owner")


def _top(name: str, rank: int, *, ceilings: Iterable[str]) -> Role:
    return Role(name, rank, top=True, permissions=PERMISSIONS | {f"{ASSIGN}{ceiling}" for ceiling in ceilings})


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {preset.name: preset for preset in (_openhands(), _together(), _apolo(), _onet(), _oagents())}
)


def all_permissions(catalogue: Catalogue) -> frozenset[str]:
    """Every permission there is in an organization, the ceilings of its roles among them."""
    return PERMISSIONS.union(*(each.permissions for each in catalogue.roles))


def role(catalogue: Catalogue, name: str) -> Role:
    """Return the role called `name`. Raises Invalid `unknown_role`, naming the roles there are, highest first."""
    for candidate in catalogue.roles:
        if candidate.name == name:
            return candidate
    known = ", ".join(known.name for known in sorted(catalogue.roles, key=lambda known: -known.rank))
    raise Invalid("unknown_role", f'This organization has no role "{name}".', expected=f"one of: {known}")


def top(catalogue: Catalogue) -> Role:
    """Return the one role that can never be without an active holder."""
    return next(candidate for candidate in catalogue.roles if candidate.top)


def highest(catalogue: Catalogue, names: Collection[str]) -> str:
    """Return the name of highest rank. Names the catalogue does not know count for nothing; with none left the default holds."""
    best: Role | None = None
    for candidate in catalogue.roles:
        if candidate.name in names and (best is None or candidate.rank > best.rank):
            best = candidate
    return best.name if best else catalogue.default


def assignable(catalogue: Catalogue, actor_role: str) -> frozenset[str]:
    """Return the roles a holder of `actor_role` may give and take: those up to the highest of its ceilings.

    Both the old and the new role of the person concerned must be in it. Raises Invalid `unknown_role`.
    """
    permissions = role(catalogue, actor_role).permissions
    ceilings = {name.removeprefix(ASSIGN) for name in permissions if name.startswith(ASSIGN)}
    ranks = [candidate.rank for candidate in catalogue.roles if candidate.name in ceilings]
    return frozenset(candidate.name for candidate in catalogue.roles if ranks and candidate.rank <= max(ranks))
