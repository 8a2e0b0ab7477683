"""Plans: look first, then apply what was looked at.

`propose` runs a verb as a preview and stores its input and what would change for 24 hours; `apply_stored` runs the same verb
again under the lock, and keeps the result only if every change was in the stored plan. Verbs are named here, so that a stored
plan can find the one it came from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Literal

from sqlalchemy import ColumnElement, func, select, update

from connector.directory import activation, domains, mode, policy, restore, rules, states, trial_record
from connector.directory.connections import reachable
from connector.directory.model import Document
from connector.directory.plan_lines import Lines, packed, unpacked
from connector.directory.rule_views import not_found
from connector.errors import Conflict, NotFound
from connector.membership.model import AccessChange
from connector.membership.plan import Plan
from connector.organizations import catalogue
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act, beyond_set_up, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.sync import Outcome
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.writes import insert_rows

LIFE = timedelta(hours=24)

MANAGE = "sso.manage"

QUICK = 2_000
"""People of whom a preview takes but a moment."""


@dataclass(frozen=True, slots=True)
class Verb:
    """What a plan can be of: what runs, what the audit trail calls it, the permission that it takes, and what is asked of a
    person beside that: not of the operator, who vouches for it. `by_link` says what a set-up link may with it: look at the plan
    for a draft, carry it out, or nothing."""

    run: Callable[[Corridor, Document], Outcome]
    sentence: str
    permission: str = MANAGE
    asked: Callable[[Corridor, Document, Actor], None] | None = None
    by_link: Literal["", "looks", "does"] = ""


VERBS: Mapping[str, Verb] = {
    "activate": Verb(activation.activate, "the connection was activated", asked=trial_record.need_trial, by_link="looks"),
    "mode": Verb(mode.switch, "the membership mode was switched", asked=mode.asked),
    "directory": Verb(states.set_directory, "the state of the directory was changed"),
    "disable": Verb(states.disable, "the connection was disabled"),
    "delete_connection": Verb(states.remove, "the connection was deleted"),
    "policy": Verb(policy.set_, "the policy of roles was changed"),
    "roles": Verb(catalogue.replace, "the roles were changed", "org.update", catalogue.need_top),
    "restore": Verb(restore.restore, "people were restored after a burst"),
    "rules": Verb(rules.replace_all, "the rules were reconciled"),
    "add_rule": Verb(rules.add, "a rule was added", by_link="does"),
    "order_rules": Verb(rules.order, "the order of the rules was changed"),
    "remove_rule": Verb(rules.remove, "a rule was removed", by_link="does"),
    "remove_domain": Verb(domains.give_up, "a domain was given up"),
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
            "What would change now is not what the stored plan said; nothing was applied.",
            expected="the changes of the stored plan, or fewer",
            advice=f"Look at the new plan, and apply that one. Its digest is {plan.digest}.",
        )
        self.plan = plan


def propose(database: Database, organization_id: str, kind: str, given: Document, *, actor: Actor = OPERATOR) -> PlanView:
    """Compute a plan, store it with its input, change nothing else. Raises what the verb raises."""
    began = monotonic()
    outcome = _run(database, organization_id, kind, given, actor, preview=True)
    view = _view(outcome, _digest(kind, given, outcome.plan), applied=False)
    return _store(database, organization_id, kind, given, view, actor, monotonic() - began)


def preview(database: Database, organization_id: str, kind: str, given: Document, *, actor: Actor = OPERATOR) -> PlanView:
    """Compute a plan and keep nothing, not even the plan: for what is still being edited. Raises what the verb raises."""
    outcome = _run(database, organization_id, kind, given, actor, preview=True)
    return _view(outcome, "", applied=False)


def would_give(database: Database, organization_id: str, given: Document, *, actor: Actor = OPERATOR) -> tuple[AccessChange, ...]:
    """What a rule (`given` as of `add_rule`) would give if its connection went live now; nothing is kept. Raises what `rules.add`
    and `activation.activate` raise, but asks for no test sign-in: nothing goes live."""

    def work(corridor: Corridor, standing: Standing) -> tuple[AccessChange, ...]:
        if actor.setup_link is not None:
            reachable(corridor, standing, _connection_of(corridor, "add_rule", given))
        rules.add(corridor, given)
        outcome = activation.activate(corridor, {"connection": given["connection"]})
        mine = f"rule {given['id']} "
        return tuple(each for each in outcome.plan.access if any(mine in why for why in each.because))

    verb = VERBS["add_rule"]
    what = (verb.permission, verb.sentence, work)
    return act(database, organization_id, actor, *what, exclusive=True, preview=True, by_link=bool(verb.by_link))


def is_quick(database: Database, organization_id: str, *, actor: Actor = OPERATOR) -> bool:
    """Whether a preview takes but a moment: it looks at everybody, and meanwhile the organization waits for it."""
    total = t.DirectoryTotal
    pushed = select(func.coalesce(func.sum(total.total), 0)).where(total.organization_id == organization_id, total.kind == "User")
    beyond = select(t.Membership.id).where(t.Membership.organization_id == organization_id).offset(QUICK).limit(1)

    def work(glance: Glance, _: Standing) -> bool:
        return glance.tx.execute(pushed).scalar_one() <= QUICK and glance.tx.execute(beyond).first() is None

    return look(database, organization_id, actor, MEMBER, work, by_link=True)


def anew(database: Database, organization_id: str, digest: str, *, actor: Actor = OPERATOR) -> PlanView:
    """Compute a stored plan again, also one whose time is over, and store what comes of it now. Raises what `stored_in` and the
    verb raise."""

    def work(glance: Glance, standing: Standing) -> Stored:
        return stored_in(glance, standing, digest)

    stored = look(database, organization_id, actor, MEMBER, work, by_link=True)
    return propose(database, organization_id, stored.kind, stored.given, actor=actor)


def carry_out(database: Database, organization_id: str, kind: str, given: Document, *, actor: Actor = OPERATOR) -> PlanView:
    """Run a verb and keep what it does. Raises what the verb raises."""
    outcome = _run(database, organization_id, kind, given, actor)
    return _view(outcome, _digest(kind, given, outcome.plan), applied=True)


def show(database: Database, organization_id: str, digest: str, *, actor: Actor = OPERATOR) -> PlanView:
    """A stored plan, as it was when it was looked at. Raises NotFound `plan_not_found`."""
    stored = _stored(database, organization_id, digest, actor)
    return PlanView(digest, False, stored.summary, stored.lines.changes(), stored.withheld, stored.notes)


def lines(database: Database, organization_id: str, digest: str, *, actor: Actor = OPERATOR) -> Lines:
    """The lines of a stored plan, of which some are to be read. Raises as `show`."""
    return _stored(database, organization_id, digest, actor).lines


def apply_stored(database: Database, organization_id: str, digest: str, *, actor: Actor = OPERATOR) -> PlanView:
    """Apply a stored plan, computed afresh. Raises NotFound `plan_not_found`, PlanChanged `plan_changed`, and what the verb
    raises."""
    stored = _stored(database, organization_id, digest, actor)

    def compare(outcome: Outcome) -> None:
        if not outcome.plan.is_within(stored.lines.compared()):
            raise _Moved

    try:
        outcome = _run(database, organization_id, stored.kind, stored.given, actor, digest=digest, then=compare)
    except _Moved:
        raise PlanChanged(propose(database, organization_id, stored.kind, stored.given, actor=actor)) from None
    return _view(outcome, digest, applied=True)


class _Moved(Exception):
    """Rolls the transaction back."""


def _run(
    database: Database,
    organization_id: str,
    kind: str,
    given: Document,
    actor: Actor,
    *,
    preview: bool = False,
    digest: str = "",
    then: Callable[[Outcome], None] | None = None,
) -> Outcome:
    """Run a verb for somebody, alone in the organization: that of the plan that waits under `digest`, where one is given. `then`
    looks at what came of it before it is kept."""
    verb = VERBS[kind]
    by_link = verb.by_link == "does" or (preview and verb.by_link == "looks")

    def work(corridor: Corridor, standing: Standing) -> Outcome:
        if actor.setup_link is not None:
            reachable(corridor, standing, _connection_of(corridor, kind, given))
        elif verb.asked is not None and not actor.is_operator:
            verb.asked(corridor, given, actor)
        if digest:
            _mark_applied(corridor, digest, actor)
        outcome = verb.run(corridor, given)
        if then is not None:
            then(outcome)
        return outcome

    return act(
        database,
        organization_id,
        actor,
        verb.permission,
        verb.sentence,
        work,
        exclusive=True,
        preview=preview,
        by_link=by_link,
    )


def _mark_applied(corridor: Corridor, digest: str, actor: Actor) -> None:
    """Take a plan that waits: of two who apply it at once the second finds it taken. Raises NotFound `plan_not_found`."""
    plan = t.StoredPlan
    waiting = (plan.organization_id == corridor.organization_id, plan.digest == digest, *_waits(corridor.now))
    taken = corridor.tx.execute(update(plan).where(*waiting).values(applied_at=corridor.now, applied_by=actor.name))
    if taken.rowcount != 1:
        raise _not_waiting(digest)


def _waits(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return t.StoredPlan.applied_at.is_(None), t.StoredPlan.expires_at > now


def _connection_of(reader: Corridor | Glance, kind: str, given: Document) -> str:
    """The connection that a plan open to links is of. A rule that is removed says it by itself, whatever is named beside. Raises
    NotFound `rule_not_found`."""
    if kind != "remove_rule":
        return str(given["connection"])
    rule = t.Rule
    mine = (rule.id == str(given.get("id")), rule.organization_id == reader.organization_id)
    found = reader.tx.execute(select(rule.connection_id).where(*mine)).scalar_one_or_none()
    if found is None:
        raise not_found(str(given.get("id")))
    return found


def _digest(kind: str, given: Document, plan: Plan) -> str:
    """The digest of a plan covers its changes to access. Without any, what is asked tells one plan from another."""
    return plan.digest if plan.lines else _of_words(kind, given, "")


def _of_words(kind: str, given: Document, digest: str) -> str:
    return hashlib.sha256(json.dumps([kind, given, digest], sort_keys=True).encode()).hexdigest()


def _store(
    database: Database, organization_id: str, kind: str, given: Document, view: PlanView, actor: Actor, took: float
) -> PlanView:
    """Keep the plan, and return it with the digest it waits under. Where another verb that changes the same for the same people
    waits under it, what is asked tells them apart: nobody applies what they have not looked at."""
    told = {"summary": view.summary, "withheld": list(view.withheld), "notes": list(view.notes)}
    changes = {**told, "took": took, "lines": packed(view.changes)}
    asked = {"kind": kind, "input": dict(given), "changes": changes}

    def work(corridor: Corridor, _: Standing) -> PlanView:
        taken = _is_anothers(corridor, view.digest, kind, given)
        kept = replace(view, digest=_of_words(kind, given, view.digest)) if taken else view
        key = {"organization_id": organization_id, "digest": kept.digest}
        corridor.delete(t.StoredPlan, [key])
        times = {"created_at": corridor.now, "expires_at": corridor.now + LIFE}
        insert_rows(corridor.tx, t.StoredPlan, [{**key, **asked, **times}])
        return kept

    verb = VERBS[kind]
    what = (verb.permission, verb.sentence, work)
    return act(database, organization_id, actor, *what, exclusive=True, by_link=bool(verb.by_link))


def _is_anothers(corridor: Corridor, digest: str, kind: str, given: Document) -> bool:
    """Whether something else than this waits under a digest."""
    plan = t.StoredPlan
    waiting = (plan.organization_id == corridor.organization_id, plan.digest == digest, *_waits(corridor.now))
    row = corridor.tx.execute(select(plan.kind, plan.input).where(*waiting)).first()
    return row is not None and _of_words(row.kind, row.input, digest) != _of_words(kind, given, digest)


@dataclass(frozen=True, slots=True)
class Stored:
    """A plan that was looked at: its input, what it said, how many seconds it took to compute, and what became of it."""

    digest: str
    kind: str
    given: Document
    summary: dict[str, int]
    lines: Lines
    withheld: tuple[str, ...]
    notes: tuple[str, ...]
    took: float
    created_at: datetime
    expires_at: datetime
    applied_at: datetime | None
    applied_by: str | None

    @property
    def waits(self) -> bool:
        """Whether it can be applied still."""
        return self.applied_at is None and self.expires_at > datetime.now(UTC)


def stored_in(glance: Glance, standing: Standing, digest: str) -> Stored:
    """The plan kept under a digest, past or not, for somebody who may apply it: to others it is not told whether there is one.

    Raises NotFound `plan_not_found`, Forbidden `permission_missing`, `beyond_set_up`.
    """
    plan = t.StoredPlan
    mine = (plan.organization_id == glance.organization_id, plan.digest == digest)
    columns = (plan.kind, plan.input, plan.changes, plan.created_at, plan.expires_at, plan.applied_at, plan.applied_by)
    row = glance.tx.execute(select(*columns).where(*mine)).one_or_none()
    standing.need(MANAGE if row is None else VERBS[row.kind].permission)
    if row is None:
        raise _not_waiting(digest)
    if standing.actor.setup_link is not None:
        _need_open(glance, standing, row.kind, row.input)
    said = row.changes
    told = (said["summary"], unpacked(said["lines"]), tuple(said["withheld"]), tuple(said["notes"]), said["took"])
    return Stored(digest, row.kind, row.input, *told, row.created_at, row.expires_at, row.applied_at, row.applied_by)


def _stored(database: Database, organization_id: str, digest: str, actor: Actor) -> Stored:
    """The plan that waits under a digest."""

    def work(glance: Glance, standing: Standing) -> Stored:
        return stored_in(glance, standing, digest)

    found = look(database, organization_id, actor, MEMBER, work, by_link=True)
    if not found.waits:
        raise _not_waiting(digest)
    return found


def _not_waiting(digest: str) -> NotFound:
    return NotFound(
        "plan_not_found",
        f"No plan {digest[:12]}… is waiting in this organization.",
        expected="a digest printed within the last 24 hours",
        advice="`connector plan ORG` prints and stores a new one.",
    )


def _need_open(glance: Glance, standing: Standing, kind: str, given: Document) -> None:
    """Whether a set-up link may look at a plan that waits. Raises Forbidden `beyond_set_up`, NotFound as `reachable`."""
    if not VERBS[kind].by_link:
        raise beyond_set_up("A set-up link does not open this plan.")
    reachable(glance, standing, _connection_of(glance, kind, given))


def _view(outcome: Outcome, digest: str, *, applied: bool) -> PlanView:
    plan = outcome.plan
    withheld = tuple(f"{part.subject.email or part.subject.key}: the last owner stays" for part in outcome.withheld)
    return PlanView(digest, applied, asdict(plan.summary), plan.access, withheld, outcome.notes)
