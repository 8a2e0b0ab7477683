"""Plans: look first, then apply what was looked at.

`propose` runs a verb as a preview and stores its input and its access changes for 24 hours; `apply_stored` runs the same verb
again under the lock, and keeps the result only if every change was in the stored plan. Verbs are named here, so that a stored
plan can find the one it came from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from connector.directory import activation, domains, restore, rules
from connector.directory.model import Document
from connector.errors import Conflict, NotFound
from connector.membership.model import AccessChange
from connector.membership.plan import Plan
from connector.provisioning.corridor import OPERATOR, Corridor, Origin, enter
from connector.provisioning.sync import Outcome
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.writes import insert_rows

LIFE = timedelta(hours=24)

Verb = Callable[[Corridor, Document], Outcome]

VERBS: Mapping[str, Verb] = {
    "activate": activation.activate,
    "directory": activation.set_directory,
    "disable": activation.disable,
    "delete_connection": activation.remove,
    "restore": restore.restore,
    "rules": rules.replace_all,
    "add_rule": rules.add,
    "remove_rule": rules.remove,
    "remove_domain": domains.give_up,
}

SENTENCES: Mapping[str, str] = {
    "activate": "the connection was activated",
    "directory": "the state of the directory was changed",
    "disable": "the connection was disabled",
    "delete_connection": "the connection was deleted",
    "restore": "people were restored after a burst",
    "rules": "the rules were reconciled",
    "add_rule": "a rule was added",
    "remove_rule": "a rule was removed",
    "remove_domain": "a domain was given up",
}


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan for people and programs: what changes for whom, and whether it was applied. `withheld` names what was held back,
    `notes` say what else happens to the organization."""

    digest: str
    applied: bool
    summary: dict[str, int]
    changes: tuple[AccessChange, ...]
    withheld: tuple[str, ...]
    notes: tuple[str, ...]


class PlanChanged(Conflict):
    """The world moved since the plan was looked at: nothing was applied; `plan` is the new one."""

    def __init__(self, plan: PlanView) -> None:
        super().__init__(
            "plan_changed",
            "what would change now is not what the stored plan said; nothing was applied",
            expected="the changes of the stored plan, or fewer",
            advice=f"Look at the new plan and apply it: --digest {plan.digest}",
        )
        self.plan = plan


def propose(database: Database, organization_id: str, kind: str, given: Document) -> PlanView:
    """Compute a plan, store it with its input, change nothing else."""
    outcome = enter(database, organization_id, _origin(kind), lambda c: VERBS[kind](c, given), exclusive=True, preview=True)
    view = _view(outcome, _digest(kind, given, outcome.plan), applied=False)
    _store(database, organization_id, kind, given, view.digest, outcome.plan)
    return view


def carry_out(database: Database, organization_id: str, kind: str, given: Document) -> PlanView:
    """Run a verb and keep what it does."""
    outcome = enter(database, organization_id, _origin(kind), lambda c: VERBS[kind](c, given), exclusive=True)
    return _view(outcome, _digest(kind, given, outcome.plan), applied=True)


def apply_stored(database: Database, organization_id: str, digest: str) -> PlanView:
    """Apply a stored plan, computed afresh. Raises NotFound `plan_not_found` and PlanChanged `plan_changed`."""
    stored = _stored(database, organization_id, digest)

    def work(corridor: Corridor) -> Outcome:
        outcome = VERBS[stored.kind](corridor, stored.input)
        if not outcome.plan.is_within([tuple(line) for line in stored.changes]):
            raise _Moved
        mine = (t.StoredPlan.organization_id == organization_id, t.StoredPlan.digest == digest)
        corridor.tx.execute(delete(t.StoredPlan).where(*mine))
        return outcome

    try:
        outcome = enter(database, organization_id, _origin(stored.kind), work, exclusive=True)
    except _Moved:
        raise PlanChanged(propose(database, organization_id, stored.kind, stored.input)) from None
    return _view(outcome, digest, applied=True)


class _Moved(Exception):
    """Rolls the transaction back."""


def _origin(kind: str) -> Origin:
    return Origin(OPERATOR, SENTENCES[kind])


def _digest(kind: str, given: Document, plan: Plan) -> str:
    """The digest of a plan covers its changes to access. Without any, what is asked tells one plan from another."""
    if plan.lines:
        return plan.digest
    return hashlib.sha256(json.dumps([kind, given], sort_keys=True).encode()).hexdigest()


def _store(database: Database, organization_id: str, kind: str, given: Document, digest: str, plan: Plan) -> None:
    def work(corridor: Corridor) -> None:
        key = (t.StoredPlan.organization_id == organization_id, t.StoredPlan.digest == digest)
        corridor.tx.execute(delete(t.StoredPlan).where(*key))
        row = {"organization_id": organization_id, "digest": digest, "kind": kind, "input": dict(given)}
        times = {"created_at": corridor.now, "expires_at": corridor.now + LIFE}
        insert_rows(corridor.tx, t.StoredPlan, [{**row, "changes": [list(line) for line in plan.lines], **times}])

    enter(database, organization_id, _origin(kind), work, exclusive=True)


def _stored(database: Database, organization_id: str, digest: str) -> Any:
    plan = t.StoredPlan

    def work(corridor: Corridor) -> Any:
        mine = (plan.organization_id == organization_id, plan.digest == digest, plan.expires_at > corridor.now)
        return corridor.tx.execute(select(plan).where(*mine)).one_or_none()

    found = enter(database, organization_id, Origin(OPERATOR, ""), work)
    if found is None:
        raise NotFound(
            "plan_not_found",
            f"No plan {digest[:12]}… is waiting in this organization.",
            expected="a digest printed within the last 24 hours",
            advice="`connector plan ORG` prints and stores a new one.",
        )
    return found


def _view(outcome: Outcome, digest: str, *, applied: bool) -> PlanView:
    plan = outcome.plan
    withheld = tuple(f"{part.subject.email or part.subject.key}: the last owner stays" for part in outcome.withheld)
    return PlanView(digest, applied, asdict(plan.summary), plan.access, withheld, outcome.notes)
