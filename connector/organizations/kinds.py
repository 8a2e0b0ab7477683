"""Kinds of resources that an organization knows: those of its preset, and its own."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import exists, select

from connector.errors import Conflict, Invalid, NotFound, Unprocessable
from connector.membership.kinds import Kind
from connector.organizations.places import Reader
from connector.provisioning import apply
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.storage import tables as t
from connector.storage.database import Database

LIMIT = 200
"""Kinds an organization may have."""

MANAGES = "resources.admin_all"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")


def list_(database: Database, organization_id: str, *, actor: Actor = OPERATOR) -> tuple[Kind, ...]:
    """All kinds, by name. For every member. Raises what `look` raises."""

    def work(glance: Glance, _: Standing) -> tuple[Kind, ...]:
        found = _select(glance).order_by(t.ResourceKind.name)
        return tuple(_kind(row) for row in glance.tx.execute(found))

    return look(database, organization_id, actor, MEMBER, work)


def put(database: Database, organization_id: str, kind: Kind, *, actor: Actor = OPERATOR) -> Kind:
    """Add a kind, or change what is known of one. Whose it is (`visibility`) stays while there are resources of it.

    Raises Invalid `kind_invalid`, Conflict `kind_in_use`, `too_many_kinds`, and what `act` raises.
    """
    if not _NAME.fullmatch(kind.name):
        expected = "1 to 50 lower-case letters, digits and underscores, a letter first"
        raise Invalid("kind_invalid", "A kind cannot be called that.", expected=expected)

    def work(corridor: Corridor, _: Standing) -> Kind:
        old = find(corridor, kind.name)
        if old == kind:
            return kind
        if old is None:
            _refuse_many(corridor)
        elif old.visibility != kind.visibility:
            _refuse_used(corridor, kind.name, "whose its resources are cannot change")
        _write(corridor, old, kind)
        return kind

    return act(database, organization_id, actor, MANAGES, f"set up the kind {kind.name}", work, exclusive=True)


def delete(database: Database, organization_id: str, name: str, *, actor: Actor = OPERATOR) -> None:
    """Forget a kind. Raises NotFound `kind_not_found`, Conflict `kind_in_use`, and what `act` raises."""

    def work(corridor: Corridor, _: Standing) -> None:
        old = find(corridor, name)
        if old is None:
            raise NotFound("kind_not_found", "This organization knows no such kind.", expected="one of its resource kinds")
        _refuse_used(corridor, name, "it cannot go")
        corridor.delete(t.ResourceKind, [{"organization_id": corridor.organization_id, "name": name}])
        apply.record(corridor, "kind.deleted", f"kind:{name}", _told(old), None)

    act(database, organization_id, actor, MANAGES, f"removed the kind {name}", work, exclusive=True)


def find(reader: Reader, name: str) -> Kind | None:
    """What the organization knows of a kind; None when it does not know it."""
    row = reader.tx.execute(_select(reader).where(t.ResourceKind.name == name)).first()
    return None if row is None else _kind(row)


def need(reader: Reader, name: str) -> Kind:
    """The same. Raises Unprocessable `kind_unknown`."""
    kind = find(reader, name)
    if kind is None:
        raise Unprocessable(
            "kind_unknown",
            "This organization knows no resources of this kind.",
            expected="one of the kinds at /api/orgs/{o}/resource-kinds",
            advice="Add the kind first.",
        )
    return kind


def _select(reader: Reader) -> Any:
    kind = t.ResourceKind
    columns = (kind.name, kind.enforced, kind.visibility, kind.in_project)
    return select(*columns).where(kind.organization_id == reader.organization_id)


def _kind(row: Any) -> Kind:
    return Kind(row.name, bool(row.enforced), row.visibility, bool(row.in_project))


def _told(kind: Kind) -> dict[str, Any]:
    return {"enforced": kind.enforced, "visibility": kind.visibility, "in_project": kind.in_project}


def _write(corridor: Corridor, old: Kind | None, kind: Kind) -> None:
    row = {"organization_id": corridor.organization_id, "name": kind.name, **_told(kind)}
    if old is None:
        corridor.insert(t.ResourceKind, [row])
        apply.record(corridor, "kind.created", f"kind:{kind.name}", None, _told(kind))
    else:
        corridor.update(t.ResourceKind, [row], keys=("organization_id", "name"))
        apply.record(corridor, "kind.changed", f"kind:{kind.name}", _told(old), _told(kind))


def _refuse_used(corridor: Corridor, name: str, consequence: str) -> None:
    used = exists().where(t.Resource.organization_id == corridor.organization_id, t.Resource.kind == name)
    if corridor.tx.execute(select(used)).scalar_one():
        raise Conflict(
            "kind_in_use",
            f"There are resources of the kind {name}, so {consequence}.",
            expected="a kind without resources",
            advice="Delete them first, or add another kind.",
        )


def _refuse_many(corridor: Corridor) -> None:
    if len(corridor.tx.execute(_select(corridor)).all()) >= LIMIT:
        raise Conflict("too_many_kinds", f"This organization has {LIMIT} kinds already.", advice="Remove one that nobody needs.")
