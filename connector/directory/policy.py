"""The policy of roles: how an organization reads its rules, and whose role is the default. It is changed by a plan."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, select, update

from connector.directory.model import Document
from connector.errors import Conflict, Invalid
from connector.membership import roles
from connector.membership.guard import refuse_last_owner
from connector.membership.plan import Plan
from connector.provisioning import apply, sync
from connector.provisioning.acting import OPERATOR, Actor, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.reevaluate import effective_roles
from connector.storage import tables as t
from connector.storage.database import Database

STRATEGIES = ("highest", "ordered")


@dataclass(frozen=True, slots=True)
class PolicyView:
    """`role_strategy`: whether the highest role of all matching rules counts, or that of the first one (`ordered`).
    `top_by_rules`: whether rules may give the top role. `entry_gate`: whether somebody whom no rule matches stays outside.
    `default_role`: the role of members to whom nothing gives one."""

    role_strategy: str
    top_by_rules: bool
    entry_gate: bool
    default_role: str


_FIELDS = (t.Organization.role_strategy, t.Organization.top_by_rules, t.Organization.entry_gate, t.Organization.default_role)


def show(database: Database, organization_id: str, *, actor: Actor = OPERATOR) -> PolicyView:
    """The policy as it is. Needs `sso.manage`."""
    return look(database, organization_id, actor, "sso.manage", lambda glance, _: _read(glance))


def _read(reader: Glance | Corridor) -> PolicyView:
    row = reader.tx.execute(select(*_FIELDS).where(t.Organization.id == reader.organization_id)).one()
    return PolicyView(row.role_strategy, bool(row.top_by_rules), bool(row.entry_gate), row.default_role)


def set_(corridor: Corridor, given: Document) -> sync.Outcome:
    """Change what is given of the policy, and bring everybody in line.

    Raises Invalid `strategy_invalid`, `unknown_role`, Conflict `top_role_by_default`, `top_needs_two`, `last_owner`.
    """
    corridor.need_exclusive()
    before, catalogue = asdict(_read(corridor)), corridor.entered.catalogue
    wanted: dict[str, Any] = {name: given[name] for name in before if given.get(name) is not None and given[name] != before[name]}
    if not wanted:
        return sync.Outcome(Plan((), catalogue))
    _check(corridor, wanted)
    corridor.tx.execute(update(t.Organization).where(t.Organization.id == corridor.organization_id).values(**wanted))
    apply.record(corridor, "organization.policy_changed", "organization", {name: before[name] for name in wanted}, wanted)
    others = effective_roles(corridor, "the policy of roles was changed")
    if wanted.keys() == {"default_role"}:  # what people are given does not depend on it, only what they have without it
        return sync.Outcome(Plan((), catalogue, others))
    outcome = sync.everyone(corridor)
    refuse_last_owner(outcome.withheld, 0, catalogue)
    return sync.Outcome(Plan(outcome.plan.parts, outcome.plan.catalogue, others))


def _check(corridor: Corridor, wanted: dict[str, Any]) -> None:
    catalogue = corridor.entered.catalogue
    if wanted.get("role_strategy", "highest") not in STRATEGIES:
        raise Invalid(
            "strategy_invalid", f'"{wanted["role_strategy"]}" is no strategy.', expected=f"one of {', '.join(STRATEGIES)}"
        )
    if "default_role" in wanted and roles.role(catalogue, wanted["default_role"]).top:
        raise Conflict(
            "top_role_by_default",
            f"The role {wanted['default_role']} is not given to everybody to whom nothing else gives one.",
            expected="a role below the top one",
            advice="Give it by hand to those who need it.",
        )
    if wanted.get("top_by_rules"):
        _need_two(corridor, roles.top(catalogue).name)


def _need_two(corridor: Corridor, top: str) -> None:
    """Rules may give the top role only where they cannot take it from everybody: two hold it by something else, and who turns
    this on is one of them."""
    holders = corridor.tx.execute(_by_hand(corridor.organization_id, top)).scalars().all()
    person = corridor.origin.person_id
    if len(holders) >= 2 and (person is None or person in holders):
        return
    raise Conflict(
        "top_needs_two",
        f"Active holders of the role {top} whom no rule made one: {len(holders)}"
        + ("." if person is None or person in holders else ", and you are none of them."),
        expected=f"two who hold {top} by hand, the one who asks among them",
        advice=f"Give {top} to somebody else by hand first.",
    )


def _by_hand(organization_id: str, top: str) -> Any:
    member, row = t.Membership, t.Assignment
    given: ColumnElement[bool] = exists().where(
        row.membership_id == member.id, row.target_kind == "role", row.level == top, row.rule_id.is_(None)
    )
    out = exists().where(t.Suspension.membership_id == member.id)
    return select(member.person_id).where(member.organization_id == organization_id, given, ~out)
