"""The membership mode: how an organization gets its members, and the switch between the two (DESIGN section 5)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from connector.directory import activation, going_back, trial_record
from connector.directory.model import Document
from connector.errors import Invalid
from connector.membership.model import Mode
from connector.membership.plan import Plan
from connector.provisioning import facts, sync
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Corridor, Glance
from connector.storage import tables as t
from connector.storage.database import Database


@dataclass(frozen=True, slots=True)
class ModeView:
    """How members come. In `sso` through `connections` (the ids of those active); `authority` says who decides groups, role and
    status there: `directory` while one is live or paused, else `claims`; null in `invitation`."""

    mode: str
    authority: str | None
    connections: tuple[str, ...]


def show(database: Database, organization_id: str, *, actor: Actor = OPERATOR) -> ModeView:
    """The mode as it is. Every member may know it."""

    def work(glance: Glance, _: Standing) -> ModeView:
        setting = facts.setting(glance)
        active = select(t.Connection.id).where(t.Connection.organization_id == organization_id, t.Connection.state == "active")
        through = tuple(glance.tx.execute(active.order_by(t.Connection.id)).scalars())
        authority = "directory" if setting.authority else "claims"
        return ModeView(setting.mode.value, authority if setting.mode is Mode.SSO else None, through)

    return look(database, organization_id, actor, MEMBER, work, by_link=True)


def switch(corridor: Corridor, given: Document) -> sync.Outcome:
    """Turn the organization to `given["mode"]`; to `sso` by activating `given["connection"]`. As it is already: nothing.

    Raises Invalid `mode_invalid`, `connection_needed`, and what `activation.activate` raises.
    """
    corridor.need_exclusive()
    wanted = _wanted(given)
    if wanted is Mode.SSO and given.get("connection"):
        return activation.activate(corridor, given)
    if wanted is corridor.mode:
        return sync.Outcome(Plan((), corridor.entered.catalogue))
    if wanted is Mode.INVITATION:
        return going_back.go_back(corridor)
    raise Invalid(
        "connection_needed",
        "It was not said which connection members come through.",
        expected="the id of a connection of this organization",
        advice="Name the connection that is to be activated.",
    )


def asked(corridor: Corridor, given: Document, actor: Actor) -> None:
    """What is asked of the person who switches: to `sso` a test sign-in, back a way in that is left to them then."""
    if _wanted(given) is Mode.SSO:
        if given.get("connection"):
            trial_record.need_trial(corridor, given, actor)
    elif corridor.mode is Mode.SSO:
        going_back.need_local(corridor, actor)


def _wanted(given: Document) -> Mode:
    said = str(given.get("mode"))
    if said not in tuple(Mode):
        raise Invalid("mode_invalid", f'"{said}" is no membership mode.', expected="invitation or sso")
    return Mode(said)
