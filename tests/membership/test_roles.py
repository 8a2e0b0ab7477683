"""The presets against ORGANIZATIONS.md part A and the rows it explains."""

from __future__ import annotations

import pytest

from connector.errors import Invalid
from connector.membership.model import Catalogue, Role
from connector.membership.roles import ASSIGN, PERMISSIONS, PRESETS, assignable, highest, role

PART_A = {
    # preset: (roles by rank, default, creator, {role: roles it may assign}, who may delete the organization)
    "openhands": (
        "owner admin member", "member", "owner",
        {"owner": "owner admin member", "admin": "admin member"}, "owner",
    ),
    "together": ("admin member", "member", "admin", {"admin": "admin member"}, "admin"),
    "apolo": ("admin manager user", "user", "admin", {"admin": "admin manager user", "manager": "manager user"}, "admin"),
    "onet": ("owner editor viewer guest", "viewer", "owner", {"owner": "owner editor viewer guest"}, "owner"),
    "oagents": (
        "owner admin member billing", "member", "owner",
        {"owner": "owner admin member billing", "admin": "admin member billing"}, "owner",
    ),
}  # fmt: skip


def names(text: str) -> list[str]:
    return text.split()


def test_there_are_five_presets() -> None:
    """The five reference systems, and no more."""
    assert sorted(PRESETS) == sorted(PART_A)


@pytest.mark.parametrize("name", PART_A)
def test_a_preset_is_its_line_of_part_a(name: str) -> None:
    """Roles by rank, default, creator, who may assign what, who deletes."""
    by_rank, default, creator, assigns, deletes = PART_A[name]
    preset = PRESETS[name]
    catalogue = preset.catalogue
    assert preset.name == name
    assert [each.name for each in sorted(catalogue.roles, key=lambda each: -each.rank)] == names(by_rank)
    assert (catalogue.default, preset.creator) == (default, creator)
    for each in catalogue.roles:
        assert assignable(catalogue, each.name) == frozenset(names(assigns.get(each.name, "")))
    assert [each.name for each in catalogue.roles if "org.delete" in each.permissions] == names(deletes)


@pytest.mark.parametrize("name", PART_A)
def test_every_preset_keeps_the_invariants(name: str) -> None:
    """One top role, above all, with every permission, the creator's; ranks and names unique; permissions known."""
    catalogue = PRESETS[name].catalogue
    tops = [each for each in catalogue.roles if each.top]
    assert len(tops) == 1
    assert tops[0].rank == max(each.rank for each in catalogue.roles)
    assert tops[0].permissions >= PERMISSIONS
    assert PRESETS[name].creator == tops[0].name
    assert len({each.rank for each in catalogue.roles}) == len({each.name for each in catalogue.roles}) == len(catalogue.roles)
    assert role(catalogue, catalogue.default) is not tops[0]
    for each in catalogue.roles:
        ceilings = {permission for permission in each.permissions if permission.startswith(ASSIGN)}
        assert each.permissions - ceilings <= PERMISSIONS
        assert all(role(catalogue, ceiling.removeprefix(ASSIGN)).rank <= each.rank for ceiling in ceilings)


ONLY_WITH = [
    # row, preset, permission, the roles that have it, highest first
    ("OH-11 admins invite", "openhands", "members.invite", "owner admin"),
    ("OH-11 admins add credits", "openhands", "credits.add", "owner admin"),
    ("OH-11 admins change LLM settings", "openhands", "settings.llm.write", "owner admin"),
    ("OH-11 only owners claim", "openhands", "claims.manage", "owner"),
    ("TG-15 members do not modify", "together", "resources.write_all", "admin"),
    ("TG-15 members use", "together", "resources.read_all", "admin member"),
    ("TG-20 members buy credits", "together", "credits.add", "admin member"),
    ("TG-20 members spend credits", "together", "credits.use", "admin member"),
    ("AP-5 users top up", "apolo", "credits.add", "admin manager user"),
    ("AP-14 users read participants", "apolo", "org.participants.read", "admin manager user"),
    ("AP-14 users create projects", "apolo", "projects.create", "admin manager user"),
    ("AP-15 managers see all projects", "apolo", "projects.read_all", "admin manager"),
    ("AP-15 managers set quotas", "apolo", "quotas.manage", "admin manager"),
    ("AP-11 only admins invite", "apolo", "members.invite", "admin"),
    ("ON-6 editors manage resources", "onet", "resources.write_all", "owner editor"),
    ("ON-6 editors do not bill", "onet", "billing.manage", "owner"),
    ("ON-6 editors do not set", "onet", "org.update", "owner"),
    ("ON-6 editors do not invite", "onet", "members.invite", "owner"),
    ("ON-7 viewers read", "onet", "resources.read_all", "owner editor viewer"),
    ("ON-8 guests do not see members", "onet", "org.participants.read", "owner editor viewer"),
    ("ON-14 guests do not audit", "onet", "audit.read", "owner"),
    ("OA-10 admins rename", "oagents", "org.update", "owner admin"),
    ("OA-14 admins are admin on every resource", "oagents", "resources.admin_all", "owner admin"),
    ("OA-16 billing pays", "oagents", "billing.manage", "owner billing"),
    ("OA-16 billing reads the audit log", "oagents", "audit.read", "owner admin billing"),
    ("OA-40 billing reads", "oagents", "resources.read_all", "owner billing"),
]


@pytest.mark.parametrize(("row", "preset", "permission", "having"), ONLY_WITH, ids=[line[0] for line in ONLY_WITH])
def test_a_permission_is_with_these_roles_only(row: str, preset: str, permission: str, having: str) -> None:
    """Row by row what the reference systems say of their roles."""
    catalogue = PRESETS[preset].catalogue
    assert [each.name for each in catalogue.roles if permission in each.permissions] == names(having), row


@pytest.mark.parametrize("name", PART_A)
def test_only_the_top_role_manages_sign_on(name: str) -> None:
    """DESIGN.md section 5: `sso.manage`, in every preset, is the top role's alone."""
    assert all(("sso.manage" in each.permissions) == each.top for each in PRESETS[name].catalogue.roles)


def test_each_role_of_apolo_expands_the_previous() -> None:
    """AP-13."""
    admin, manager, user = PRESETS["apolo"].catalogue.roles
    assert admin.permissions > manager.permissions > user.permissions


def test_flags_are_where_part_a_puts_them() -> None:
    """OA-16: billing owns nothing; ON-8: guests do not see the organization; nobody else is limited."""
    limited = {
        (name, each.name): (each.can_own, each.org_visible)
        for name, preset in PRESETS.items()
        for each in preset.catalogue.roles
        if not (each.can_own and each.org_visible)
    }
    assert limited == {("oagents", "billing"): (False, True), ("onet", "guest"): (True, False)}


def test_an_unknown_role_is_refused_by_naming_the_known_ones() -> None:
    """The refusal says what would have been right."""
    with pytest.raises(Invalid) as refused:
        role(PRESETS["onet"].catalogue, "admin")
    assert refused.value.code == "unknown_role"
    assert refused.value.expected == "one of: owner, editor, viewer, guest"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"billing", "member"}, "member"),  # OA-17
        ({"member", "owner", "admin"}, "owner"),
        ({"billing"}, "billing"),
        (set(), "member"),
        ({"forgotten"}, "member"),
        ({"forgotten", "billing"}, "billing"),
    ],
)
def test_the_highest_role_is_by_rank_and_else_the_default(given: set[str], expected: str) -> None:
    """A role below the default is still a role somebody was given: the default applies only when there is none."""
    assert highest(PRESETS["oagents"].catalogue, given) == expected


def test_a_role_without_a_ceiling_assigns_nothing() -> None:
    """A custom role may lack `role.assign` altogether."""
    catalogue = Catalogue((Role("boss", 2, top=True, permissions=frozenset({"role.assign:boss"})), Role("hand", 1)), "hand")
    assert assignable(catalogue, "hand") == frozenset()
    assert assignable(catalogue, "boss") == {"boss", "hand"}
