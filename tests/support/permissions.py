"""WHO MAY WHAT over HTTP: what each operation inside an organization asks of a role, as the declarations say it and, where the
verbs look closer, as it is said here. docs/permissions.md is made of it, and tests/api/test_permissions.py holds it against the
program, cell by cell.

A cell is about somebody who has the role and nothing else: no team, no project, no resource of their own, nothing asked about
themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connector.api import routes as routes  # so that all operations are declared
from connector.api.operation import OPERATIONS, Operation
from connector.membership.model import Role
from connector.membership.roles import ASSIGN, PRESETS, Preset

MISSING = (403, "permission_missing")


@dataclass(frozen=True, slots=True)
class Need:
    """What an operation asks for, in `words`, which roles have it, and how the others are refused: status and code."""

    words: str
    may: Callable[[Role], bool]
    refused: frozenset[tuple[int, str]] = frozenset({MISSING})


def holds(*permissions: str, words: str = "", hidden: str = "") -> Need:
    """Any of these permissions. Who has none is refused, or is told that there is nothing by that name (`hidden`)."""
    told = words or " or ".join(f"`{each}`" for each in permissions)
    refused = frozenset({MISSING, (404, hidden)} if hidden else {MISSING})
    return Need(told, lambda role: bool(role.permissions.intersection(permissions)), refused)


_OTHERS = "{}; for oneself nothing but `org.read`"
_RUN_PROJECT = holds(
    "resources.admin_all", "org.update", words="admin of the project, or `resources.admin_all` or `org.update`",
    hidden="project_not_found",
)  # fmt: skip
_SEE_PROJECT = holds("projects.read_all", words="to be in the project, or `projects.read_all`", hidden="project_not_found")
_WRITE = holds(
    "resources.write_all", "resources.admin_all", words="write on it, by whatever gives it", hidden="resource_not_found",
)  # fmt: skip
_ADMIN = holds("resources.admin_all", words="admin on it, by whatever gives it", hidden="resource_not_found")
_NOBODY = Need("to run the installation", lambda role: False, frozenset({MISSING, (404, "organization_not_found")}))

CLOSER: Mapping[str, Need] = MappingProxyType(
    {
        "show_member": holds("org.participants.read", words=_OTHERS.format("`org.participants.read`")),
        "ask_access": holds("org.participants.read", words=_OTHERS.format("`org.participants.read`")),
        "explain_member": holds("members.manage", words=_OTHERS.format("`members.manage`")),
        "remove_member": holds("members.manage", words=_OTHERS.format("`members.manage`, up to the own ceiling")),
        "set_role": Need(
            "a ceiling (`role.assign:`) that both roles lie under",
            lambda role: any(each.startswith(ASSIGN) for each in role.permissions),
        ),
        "replace_roles": Need("`org.update` and the top role", lambda role: role.top),
        "delete_key": holds("members.manage", words=_OTHERS.format("`members.manage`"), hidden="key_not_found"),
        "list_resources": holds("resources.read_all", "resources.admin_all"),
        "create_resource": Need(
            "`resources.create` and a role that may own; or admin or member of the project",
            lambda role: role.can_own and "resources.create" in role.permissions,
            frozenset({MISSING, (403, "cannot_own")}),
        ),
        "show_resource": Need(
            "read on it, by whatever gives it: here everybody was granted that, which does not reach guests",
            lambda role: role.org_visible,
            frozenset({(404, "resource_not_found")}),
        ),
        "rename_resource": _WRITE,
        "delete_resource": _ADMIN,
        "show_project": _SEE_PROJECT,
        "list_project_members": _SEE_PROJECT,
        "rename_project": _RUN_PROJECT,
        "delete_project": _RUN_PROJECT,
        "put_project_member": _RUN_PROJECT,
        "remove_project_member": _RUN_PROJECT,
        "create_project_key": _RUN_PROJECT,
        "list_project_keys": _RUN_PROJECT,
        "delete_project_key": _RUN_PROJECT,
        "switch_entitlements": _NOBODY,
        "restore_organization": _NOBODY,
    }
)
"""Operations whose verbs look closer than at one permission."""

TEAM = ("rename_team", "put_team_member", "remove_team_member", "put_team_grant", "remove_team_grant")
"""What a maintainer of the team may do too."""


def inside() -> list[Operation]:
    """The operations inside an organization."""
    return [each for each in OPERATIONS if each.path.startswith("/api/orgs/<o>")]


def need(operation: Operation) -> Need:
    """What an operation asks of a role."""
    closer = CLOSER.get(operation.id)
    if closer is not None:
        return closer
    assert operation.permission is not None, f"{operation.id} asks for nothing"
    words = f"maintainer of the team, or `{operation.permission}`" if operation.id in TEAM else ""
    return holds(operation.permission, words=words)


def roles_of(preset: Preset) -> list[Role]:
    """The roles of a preset, lowest first."""
    return sorted(preset.catalogue.roles, key=lambda role: role.rank)


# -------------------------------------------------------------------------------------------------------------------- page

_INTRODUCTION = """\
# Who may what

<!-- Generated from the operations and the presets: python -m tests.docs.regenerate -->

One row for each operation inside an organization, one column for each [preset](organizations.md#presets) of roles. A cell
lists the roles that may, by their role alone: somebody who is in no team and no project, has made nothing, and asks about nobody
but others. `all` are all of them, `-` is none.

- What is asked for is looked up at every request. A role that was taken away is gone with the very next one.
- An API key may what its holder may, or less: its scopes are permissions. A key of a project reads and writes what stands in it.
- The operator at the command line may everything. A super admin, signed in locally, may see an organization they do not belong
  to and invite to it.
- Whoever may not is answered 403 `permission_missing`, or 404 where they may not know that there is such a thing. For whom the
  organization does not open everything in it is 404 `organization_not_found`.
"""


def page() -> str:
    """docs/permissions.md as it has to be."""
    tags = dict.fromkeys(each.tag for each in sorted(inside(), key=lambda each: each.tag))
    return "\n".join((_INTRODUCTION, *(_section(tag) for tag in tags)))


def _section(tag: str) -> str:
    heads = ("operation", "asks for", *PRESETS)
    rows = [_row(each) for each in inside() if each.tag == tag]
    return "\n".join((f"## {tag}", "", f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads), *rows, ""))


def _row(operation: Operation) -> str:
    asked = need(operation)
    path = operation.path.removeprefix("/api/orgs/<o>").replace("<", "{").replace(">", "}") or "/"
    cells = [_cell(asked, preset) for preset in PRESETS.values()]
    return f"| {operation.method} `{path}` | {asked.words} | {' | '.join(cells)} |"


def _cell(asked: Need, preset: Preset) -> str:
    every = roles_of(preset)
    may = [role.name for role in every if asked.may(role)]
    return "all" if len(may) == len(every) else ", ".join(reversed(may)) or "-"
