"""Every operation inside an organization, called by every role of every preset: who may is answered, who may not is refused.

The table is docs/permissions.md; `tests/support/permissions.py` has it as values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select, update

from connector.api.operation import Operation
from connector.api.samples import sample
from connector.membership.roles import PRESETS, Preset
from connector.storage import tables as t
from tests.api.cast import Cast
from tests.api.furnished import Furnished, furnish
from tests.support import permissions
from tests.support.api import Answer, Api, Client

QUERIES: Mapping[str, Mapping[str, Any]] = {"delete_connection": {"withdraw": "true"}, "remove_rule": {"withdraw": "true"}}
"""What an operation does not go without."""

BODIES: Mapping[str, Mapping[str, Any]] = {
    "create_domain": {"domain": "other.example"},
    "create_resource": {"kind": "agent", "name": "Reader"},
}
"""Where the example of the document asks for more than the permission."""


def order(operation: Operation) -> tuple[bool, bool, bool, int]:
    """What reads first, what takes away last, what is inside a thing before the thing, the organization at the very end."""
    going = operation.method == "DELETE"
    return operation.id == "delete_organization", going, operation.changes, -len(operation.path) if going else 0


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_who_may_what(api: Api, preset: Preset) -> None:
    """Each cell of the table once, the lowest role first: nobody refused has changed anything for those who come after."""
    here, clients = furnished(api, preset)
    wrong = []
    for operation in sorted(permissions.inside(), key=order):
        need = permissions.need(operation)
        for role in permissions.roles_of(preset):
            answer = send(clients[role.name], operation, here, preset)
            code = answer.json["code"] if answer.status >= 400 else ""
            good = answer.status != 403 if need.may(role) else (answer.status, code) in need.refused
            if not good:
                wrong.append(f"{role.name} {operation.id}: {answer.status} {code}, may: {need.may(role)}")
    assert wrong == []


def furnished(api: Api, preset: Preset) -> tuple[Furnished, dict[str, Client]]:
    """An organization with one of everything, and somebody of each role, the founder for the highest."""
    here = furnish(api, preset.name)
    with api.database.engine.begin() as tx:
        tx.execute(update(t.Person).values(super_admin=False))
        acme = tx.execute(select(t.Organization.id).where(t.Organization.slug == "acme")).scalar_one()
    people = Cast(api, acme, "acme")
    roles = (role.name for role in preset.catalogue.roles if not role.top)
    clients = {name: people.add(f"as-{name}", name) for name in roles}
    top = next(role.name for role in preset.catalogue.roles if role.top)
    return here, clients | {top: here.owner}


def send(client: Client, operation: Operation, here: Furnished, preset: Preset) -> Answer:
    """Send what the operation takes, about things that are there."""
    path = operation.path
    for name, thing in here.named(operation.id, operation.variables).items():
        path = path.replace(f"<{name}>", thing)
    body = sample(operation.body) if operation.body else None
    body = BODIES.get(operation.id, body)
    if operation.id == "set_role":
        body = {"role": preset.catalogue.default}
    if operation.id == "change_organization":
        body = {"display_name": "Acme"}
    return client.send(operation.method, path, body, **QUERIES.get(operation.id, {}))


def test_the_table_names_operations_that_there_are() -> None:
    """Nothing is looked at closer that is there no more."""
    known = {each.id for each in permissions.inside()}
    assert {*permissions.CLOSER, *permissions.TEAM, *QUERIES, *BODIES} <= known
