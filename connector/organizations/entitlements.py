"""ENTITLEMENTS: what an organization may use beside the common ground. Switched by the operator and by super admins only.

Everything is on until somebody switches it off: on one's own server nobody pays (OH-7, TG-6, TG-18).
"""

from __future__ import annotations

from sqlalchemy import bindparam, select

from connector.errors import Forbidden, Invalid
from connector.provisioning import apply
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot

NAMES = ("invitations", "projects")
"""`invitations`: people may be invited; `projects`: there may be more than the default one."""

_SWITCHED = Hot(
    select(t.Entitlement.name, t.Entitlement.enabled).where(t.Entitlement.organization_id == bindparam("organization"))
)


def need(reader: Corridor | Glance, name: str) -> None:
    """Raises Forbidden `not_enabled` when the organization may not use `name`, one of NAMES."""
    if not _read(reader)[name]:
        raise Forbidden(
            "not_enabled",
            f"This organization may not use {name}.",
            expected=f"an organization for which {name} is switched on",
            advice="Ask whoever operates this installation to switch it on.",
        )


def show(database: Database, organization_id: str, *, actor: Actor = OPERATOR) -> dict[str, bool]:
    """What the organization is entitled to, by name. For every member. Raises what `acting.look` raises."""
    return look(database, organization_id, actor, MEMBER, lambda glance, standing: _read(glance))


def switch(database: Database, organization_id: str, switches: dict[str, bool], *, actor: Actor = OPERATOR) -> dict[str, bool]:
    """Switch some of NAMES on or off; the others stay. Returns all.

    Raises Invalid `entitlement_unknown`, Forbidden `permission_missing` for whoever does not run the installation, and what
    `acting.act` raises.
    """

    def work(corridor: Corridor, standing: Standing) -> dict[str, bool]:
        _need_installation(actor)
        before = _read(corridor)
        after = before | switches
        if after != before:
            _write(corridor, switches)
            apply.record(corridor, "entitlements.changed", "entitlements", *_difference(before, after))
        return after

    _check(switches)
    return act(database, organization_id, actor, MEMBER, "entitlements were switched", work, exclusive=True)


def _read(reader: Corridor | Glance) -> dict[str, bool]:
    found = {row.name: bool(row.enabled) for row in reader.read(_SWITCHED, {"organization": reader.organization_id})}
    return {name: found.get(name, True) for name in NAMES}


def _write(corridor: Corridor, switches: dict[str, bool]) -> None:
    home = {"organization_id": corridor.organization_id}
    corridor.delete(t.Entitlement, [{**home, "name": name} for name in switches])
    corridor.insert(t.Entitlement, [{**home, "name": name, "enabled": enabled} for name, enabled in switches.items()])


def _difference(before: dict[str, bool], after: dict[str, bool]) -> tuple[dict[str, bool], dict[str, bool]]:
    changed = [name for name in before if before[name] != after[name]]
    return {name: before[name] for name in changed}, {name: after[name] for name in changed}


def _check(switches: dict[str, bool]) -> None:
    unknown = next((name for name in switches if name not in NAMES), None)
    if unknown is not None:
        raise Invalid(
            "entitlement_unknown", f"There is nothing called {unknown} to switch.", expected="one of " + ", ".join(NAMES)
        )


def _need_installation(actor: Actor) -> None:
    if not actor.runs_installation:
        raise Forbidden(
            "permission_missing",
            "What an organization may use is switched by whoever operates this installation.",
            expected="the operator, or a super admin who signed in locally",
        )
