"""The settings of an organization: read by whoever goes by them, shown, and changed namespace by namespace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from connector.accounts.alerts import HEADINGS
from connector.errors import NotFound
from connector.membership import settings as model
from connector.membership.settings import NAMESPACES, Auth, General, Notifications, Preferences, Settings
from connector.provisioning import apply
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.pages import Seen
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot


@dataclass(frozen=True, slots=True)
class ActiveConnection:
    """A way in through an identity provider."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class AuthView:
    """What is set about signing in, and beside it what is decided elsewhere: mode, connections and the policy of roles."""

    session_hours: int | None
    member_may_leave: bool
    mode: str
    active_connections: tuple[ActiveConnection, ...]
    role_strategy: str
    top_by_rules: bool
    entry_gate: bool
    default_role: str


@dataclass(frozen=True, slots=True)
class SettingsView:
    """All namespaces as they are shown."""

    general: General
    preferences: Preferences
    notifications: Notifications
    auth: AuthView


NamespaceView = General | Preferences | Notifications | AuthView


_READ = Hot(
    select(t.OrganizationSetting.namespace, t.OrganizationSetting.document).where(
        t.OrganizationSetting.organization_id == bindparam("organization")
    )
)


def read(tx: Connection, organization_id: str) -> Settings:
    """What an organization has set, with the defaults of everything else: one statement."""
    return model.settings_of({row.namespace: row.document for row in _READ.all(tx, {"organization": organization_id})})


def show(database: Database, organization_id: str, *, actor: Actor = OPERATOR) -> SettingsView:
    """Return all namespaces. Raises what `acting.look` raises."""

    def work(glance: Glance, _: Standing) -> SettingsView:
        return _view(glance.tx, organization_id)

    return look(database, organization_id, actor, MEMBER, work)


def show_one(database: Database, organization_id: str, namespace: str, *, actor: Actor = OPERATOR) -> NamespaceView:
    """Return one namespace. Raises NotFound `settings_not_found`, and what `acting.look` raises."""
    _known(namespace)
    return _one(show(database, organization_id, actor=actor), namespace)


def replace(
    database: Database,
    organization_id: str,
    namespace: str,
    given: Mapping[str, Any],
    *,
    actor: Actor = OPERATOR,
    seen: Seen | None = None,
) -> NamespaceView:
    """Set a namespace as a whole: what is not given goes back to its default. Returns it as it is then.

    Raises NotFound `settings_not_found`; Invalid `settings_unknown`, `settings_invalid`; what `seen` and `acting.act` raise.
    """
    return _write(database, organization_id, namespace, given, actor, seen, keep=False)


def change(
    database: Database,
    organization_id: str,
    namespace: str,
    given: Mapping[str, Any],
    *,
    actor: Actor = OPERATOR,
    seen: Seen | None = None,
) -> NamespaceView:
    """Set some of a namespace; the rest stays. Returns and raises as `replace`."""
    return _write(database, organization_id, namespace, given, actor, seen, keep=True)


def _write(
    database: Database,
    organization_id: str,
    namespace: str,
    given: Mapping[str, Any],
    actor: Actor,
    seen: Seen | None,
    *,
    keep: bool,
) -> NamespaceView:
    _known(namespace)

    def work(corridor: Corridor, _: Standing) -> NamespaceView:
        before = _view(corridor.tx, organization_id)
        if seen is not None:
            seen(_one(before, namespace))
        was = model.document(getattr(read(corridor.tx, organization_id), namespace))
        said = {**was, **given} if keep else given
        _store(corridor, namespace, was, model.document(model.read(NAMESPACES[namespace], said, HEADINGS)))
        return _one(_view(corridor.tx, organization_id), namespace)

    # Alone: two who replace the same settings at once would each tell the other's change as theirs.
    sentence = f"changed the settings {namespace}"
    return act(database, organization_id, actor, f"settings.{namespace}.write", sentence, work, exclusive=True)


def _store(corridor: Corridor, namespace: str, was: Mapping[str, Any], becomes: dict[str, Any]) -> None:
    changed = sorted(name for name in becomes if becomes[name] != was[name])
    if not changed:
        return
    row = {"organization_id": corridor.organization_id, "namespace": namespace}
    corridor.delete(t.OrganizationSetting, [row])
    corridor.flush()
    corridor.insert(t.OrganizationSetting, [{**row, "document": becomes, "updated_at": corridor.now}])
    before, after = ({name: each[name] for name in changed} for each in (was, becomes))
    apply.record(corridor, "settings.changed", f"settings:{namespace}", before, after)


def _known(namespace: str) -> None:
    if namespace not in NAMESPACES:
        expected = f"one of: {', '.join(NAMESPACES)}"
        raise NotFound("settings_not_found", "There are no settings of this name.", expected=expected)


def _view(tx: Connection, organization_id: str) -> SettingsView:
    said = read(tx, organization_id)
    return SettingsView(said.general, said.preferences, said.notifications, _auth(tx, organization_id, said.auth))


def _auth(tx: Connection, organization_id: str, auth: Auth) -> AuthView:
    org, connection = t.Organization, t.Connection
    decided = select(org.membership_mode, org.role_strategy, org.top_by_rules, org.entry_gate, org.default_role)
    row = tx.execute(decided.where(org.id == organization_id)).one()
    active = select(connection.id, connection.name).where(
        connection.organization_id == organization_id, connection.state == "active"
    )
    ways = tuple(ActiveConnection(*each) for each in tx.execute(active.order_by(connection.id)))
    policy = (row.role_strategy, row.top_by_rules, row.entry_gate, row.default_role)
    return AuthView(auth.session_hours, auth.member_may_leave, row.membership_mode, ways, *policy)


def _one(view: SettingsView, namespace: str) -> NamespaceView:
    chosen: NamespaceView = getattr(view, namespace)
    return chosen
