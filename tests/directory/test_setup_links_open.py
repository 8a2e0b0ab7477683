"""Set-up links: whoever holds one prepares connections of one organization, and does nothing else, whoever made it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, update

import connector
from connector.accounts import keys as made_keys
from connector.accounts import recovery
from connector.accounts.alerts import mail_owners
from connector.directory import (
    checkup,
    clients,
    connections,
    domain_checks,
    domains,
    known_groups,
    linking,
    log,
    mode,
    plans,
    policy,
    rule_views,
    setup_links,
    tokens,
    traces,
    trial_record,
)
from connector.directory.model import Json
from connector.errors import Invalid
from connector.organizations import (
    break_glass,
    catalogue,
    deletion,
    entitlements,
    invitations,
    keys,
    member_list,
    members,
    organizations,
    projects,
    settings,
    teams,
)
from connector.organizations import here as organization_here
from connector.outbound.dns import Answer
from connector.provisioning import history
from connector.provisioning.acting import OPERATOR, Actor
from connector.provisioning.relay import relay
from connector.storage import tables as t
from connector.storage.database import Database
from tests.accounts.people import holder
from tests.directory import homes
from tests.directory.homes import BASE
from tests.directory.linked import ADDRESS, OWNER, SEALER, Site, now, refusal, site, token_of


@pytest.fixture
def acme(database: Database) -> Site:
    """In sso through the connection `live`, with a draft beside it."""
    return site(database)


Verb = Callable[[Site, Actor], object]

RULE = {"group": "Engineering", "team": "engineering"}


def proposed(kind: str, **given: Json) -> Verb:
    """Look at a plan."""
    return lambda acme, it: plans.propose(acme.database, acme.organization, kind, given, actor=it)


def done(kind: str, **given: Json) -> Verb:
    """Carry a verb of plans out."""
    return lambda acme, it: plans.carry_out(acme.database, acme.organization, kind, given, actor=it)


def on(connection: str, verb: Callable[..., object], *words: object, **given: object) -> Verb:
    """A verb about the connection `draft` or `live`."""
    return lambda acme, it: verb(acme.database, acme.organization, getattr(acme, connection), *words, actor=it, **given)


def here(verb: Callable[..., object], *words: object, **given: object) -> Verb:
    """A verb about the organization."""
    return lambda acme, it: verb(acme.database, acme.organization, *words, actor=it, **given)


def added(connection: str) -> Verb:
    """A rule of the connection `draft` or `live` is added."""
    return lambda acme, it: done("add_rule", **{**RULE, "id": "new", "connection": getattr(acme, connection)})(acme, it)


def about(connection: str, kind: str, *, do: bool, **given: Json) -> Verb:
    """A plan about the connection `draft` or `live`."""
    how = done if do else proposed
    return lambda acme, it: how(kind, connection=getattr(acme, connection), **given)(acme, it)


def looked_at(acme: Site, it: Actor) -> object:
    """Would signing in through the draft work?"""
    return checkup.look_at(acme.database, SEALER, acme.organization, acme.draft, base_url=BASE, now=now(), actor=it)


def answered(name: str) -> Answer:
    """DNS has nothing."""
    return Answer("no_name")


OF_CONNECTION: Mapping[str, Callable[[str], Verb]] = {
    "show": lambda which: on(which, connections.show, base_url=BASE),
    "set": lambda which: on(which, connections.set_, name="Other", base_url=BASE),
    "token": lambda which: on(which, tokens.create),
    "tokens": lambda which: on(which, tokens.list_),
    "client": lambda which: on(which, clients.create, base_url=BASE),
    "clients": lambda which: on(which, clients.list_),
    "test link": lambda which: on(which, trial_record.make_link, BASE),
    "groups": lambda which: on(which, known_groups.list_, limit=5),
    "rules": lambda which: on(which, rule_views.list_),
    "log": lambda which: on(which, log.list_, limit=5),
    "traces": lambda which: on(which, traces.list_),
    "add a rule": added,
    "plan a rule": lambda which: about(which, "add_rule", do=False, id="planned", everyone=True, role="admin"),
    "plan of activation": lambda which: about(which, "activate", do=False),
    "ready": lambda which: on(which, setup_links.ready),
}
"""What a link may with a draft, and with no connection that is in force."""

MAY: Mapping[str, Verb] = {
    **{f"{name} of a draft": verb("draft") for name, verb in OF_CONNECTION.items()},
    "make a connection": here(connections.create, "Third", "okta", base_url=BASE),
    "list connections": here(connections.list_, base_url=BASE),
    "check up": looked_at,
    "add a domain": here(domains.add, "acme.org"),
    "list domains": here(domains.list_),
    "see roles": here(catalogue.show),
    "see the mode": here(mode.show),
    "see where one is": here(organization_here.show),
}

MAY_NOT: Mapping[str, Verb] = {
    **{f"{name} of one in force": verb("live") for name, verb in OF_CONNECTION.items()},
    "go live": about("draft", "activate", do=True),
    "switch the mode": done("mode", mode="invitation"),
    "plan to switch the mode": proposed("mode", mode="invitation"),
    "switch to sso": about("draft", "mode", do=True, mode="sso"),
    "disable": about("draft", "disable", do=True),
    "disable the one in force": about("live", "disable", do=True),
    "delete a draft": about("draft", "delete_connection", do=True),
    "delete the one in force": about("live", "delete_connection", do=True),
    "plan to delete": about("live", "delete_connection", do=False),
    "a directory live": about("draft", "directory", do=True, directory="live"),
    "restore people": about("live", "restore", do=True, since="2026-11-21T00:00:00+00:00"),
    "replace all rules": done("rules", rules=[]),
    "reconcile": done("rules"),
    "change the policy": done("policy", entry_gate=True),
    "replace roles": done("roles", roles=[]),
    "plan roles": proposed("roles", roles=[]),
    "give up a domain": done("remove_domain", domain="acme.example"),
    "remove a domain": here(domains.remove, "acme.example"),
    "vouch for a domain": here(domains.add, "other.example", verified=True),
    "all groups at once": here(known_groups.list_, limit=5),
    "all rules at once": here(rule_views.list_),
    "see the policy": here(policy.show),
    "make a set-up link": here(setup_links.create, base_url=BASE),
    "list set-up links": here(setup_links.list_),
    "link a member": here(linking.link, OWNER, "user"),
    "list members": here(member_list.show, OWNER),
    "suspend": here(members.suspend, OWNER),
    "remove somebody": here(members.remove, OWNER, block=True),
    "break-glass owners": here(break_glass.list_),
    "name a break-glass owner": here(break_glass.add, OWNER),
    "recovery codes": lambda acme, it: recovery.codes(acme.database, acme.organization, OWNER, actor=it),
    "make a key": here(keys.create),
    "list keys": here(keys.list_, limit=5),
    "make a team": here(teams.create, "Mine"),
    "make a project": here(projects.create, "Mine"),
    "see settings": here(settings.show),
    "see entitlements": here(entitlements.show),
    "read the audit trail": here(history.audit_page, limit=5),
    "invite": lambda acme, it: invitations.invite(acme.database, SEALER, BASE, acme.organization, "a@b.example", actor=it),
    "see the organization": here(organizations.show),
    "delete the organization": here(deletion.remove),
}
OTHERWISE = {"vouch for a domain": "vouching_is_operators"}
"""What is refused for a reason of its own."""


def test_whoever_holds_a_link_does_the_work_of_the_wizard(acme: Site) -> None:
    """Each verb of MAY; what changes something is told once, as done by the link and its maker."""
    it = acme.it()
    for name, verb in MAY.items():
        before = len(acme.audited())
        assert refusal(partial(verb, acme, it)) == "", name
        told = history.audit(acme.database, acme.organization)[before:]
        assert len(told) <= 1, name
        assert {(each.actor, each.address) for each in told} <= {(it.name, ADDRESS)}, name
    assert it.name == f"set-up link IT of Acme of {OWNER}"


def test_everything_else_is_refused_in_the_corridor_and_changes_nothing(acme: Site) -> None:
    """Each verb of MAY_NOT, by the owner's link and by the operator's, who may all of it themselves."""
    by_operator = acme.opened(acme.link(actor=OPERATOR))
    assert by_operator is not None
    holders = (acme.it(), by_operator.actor)
    before = acme.audited()
    for name, verb in MAY_NOT.items():
        for it in holders:
            assert refusal(partial(verb, acme, it)) == OTHERWISE.get(name, "beyond_set_up"), name
    assert acme.audited() == before


OPEN = {
    "connections": {"create", "set_", "show", "list_", "may_manage"},
    "tokens": {"create", "list_", "revoke"},
    "clients": {"create", "list_", "revoke"},
    "domains": {"add", "list_"},
    "domain_checks": {"verify"},
    "trial_record": {"make_link"},
    "checkup": {"look_at"},
    "progress": {"show", "of_page"},
    "known_groups": {"list_"},
    "rule_views": {"list_", "show"},
    "log": {"list_"},
    "traces": {"list_"},
    "plan_pages": {"show"},
    "plans": {"_run", "_store", "_stored", "anew", "is_quick", "would_give"},
    "mode": {"show"},
    "catalogue": {"show"},
    "here": {"show"},
    "setup_links": {"ready"},
}
"""Every function whose verb says `by_link`, by its module: nothing becomes open to links without being looked at here."""


def test_nothing_else_is_open_to_a_link() -> None:
    """Read from the source."""
    rooms = Path(connector.__file__).parent
    found: dict[str, set[str]] = {}
    for file in sorted(rooms.rglob("*.py")):
        if file.name == "acting.py" or "by_link=" not in (text := file.read_text()):
            continue
        for function in ast.parse(text).body:
            calls = (each for each in ast.walk(function) if isinstance(each, ast.Call))
            named = {call.func.id for call in calls if isinstance(call.func, ast.Name) and _is_open(call)}
            if isinstance(function, ast.FunctionDef) and named & {"act", "look"}:
                found.setdefault(file.stem, set()).add(function.name)
    assert found == OPEN


def _is_open(call: ast.Call) -> bool:
    return any(each.arg == "by_link" for each in call.keywords)


def test_every_verb_of_plans_is_in_one_of_the_tables() -> None:
    """So that a new one is judged here: what a link carries out, what it looks at, and what it does not."""
    said = {kind: verb.by_link for kind, verb in plans.VERBS.items() if verb.by_link}
    assert said == {"activate": "looks", "add_rule": "does", "remove_rule": "does"}
    never = {
        "mode",
        "directory",
        "disable",
        "delete_connection",
        "policy",
        "roles",
        "restore",
        "rules",
        "order_rules",
        "remove_domain",
    }
    assert set(plans.VERBS) == {*said, *never}


def test_rules_of_drafts_are_removed_again_and_those_in_force_stay(acme: Site) -> None:
    """By the id of the rule: it is looked up whose it is, whatever connection is named beside it."""
    it = acme.it()
    for which in ("draft", "live"):
        done("add_rule", **{**RULE, "id": which, "connection": getattr(acme, which)})(acme, OPERATOR)
    assert refusal(partial(done("remove_rule", id="live"), acme, it)) == "beyond_set_up"
    assert refusal(partial(about("draft", "remove_rule", do=True, id="live"), acme, it)) == "beyond_set_up"
    assert refusal(partial(done("remove_rule", id="nothing"), acme, it)) == "rule_not_found"
    done("remove_rule", id="draft")(acme, it)
    assert [row.id for row in homes.read(acme.database, t.Rule.id)] == ["live"]


def test_a_plan_is_looked_at_and_applied_by_who_may(acme: Site) -> None:
    """The link stores the plan of going live and never applies it, nor looks at a plan of something else."""
    it = acme.it()
    digest = plans.propose(acme.database, acme.organization, "activate", {"connection": acme.draft}, actor=it).digest
    assert plans.show(acme.database, acme.organization, digest, actor=it).digest == digest
    assert refusal(partial(plans.apply_stored, acme.database, acme.organization, digest, actor=it)) == "beyond_set_up"
    other = plans.propose(acme.database, acme.organization, "policy", {"entry_gate": True}).digest
    assert refusal(partial(plans.show, acme.database, acme.organization, other, actor=it)) == "beyond_set_up"
    assert refusal(partial(plans.show, acme.database, acme.organization, "f" * 64, actor=it)) == "plan_not_found"
    given = {**RULE, "id": "planned", "connection": acme.draft}
    rule = plans.propose(acme.database, acme.organization, "add_rule", given, actor=it).digest
    assert plans.apply_stored(acme.database, acme.organization, rule, actor=it).applied


def test_a_draft_that_went_live_meanwhile_is_out_of_reach(acme: Site) -> None:
    """The state of the connection is read where the change is made."""
    it = acme.it()
    tokens.create(acme.database, acme.organization, acme.draft, actor=it)
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.Connection).where(t.Connection.id == acme.draft).values(state="active"))
    assert refusal(partial(tokens.create, acme.database, acme.organization, acme.draft, actor=it)) == "beyond_set_up"


def test_a_link_has_domains_looked_for_in_dns(acme: Site) -> None:
    """What DNS says decides, not who asks."""
    it = acme.it()
    claimed = domains.add(acme.database, acme.organization, "acme.org", actor=it)
    look = partial(domain_checks.verify, acme.database, acme.organization, "acme.org", actor=it)
    assert refusal(partial(look, answered)) == "domain_unproved"
    assert look(lambda name: Answer("found", (claimed.record_value,))).verified


def test_a_link_opens_no_other_organization_and_nothing_of_one(acme: Site) -> None:
    """Not by its own actor, and not by the id of something that stands there."""
    it, bell = acme.it(), homes.make(acme.database, "bell")
    assert refusal(partial(domains.add, acme.database, bell.organization, "bell.org", actor=it)) == "setup_link_unknown"
    assert refusal(partial(tokens.create, acme.database, acme.organization, bell.connection, actor=it)) == "connection_not_found"
    made = acme.link()
    revoked = partial(setup_links.revoke, acme.database, bell.organization, made.id)
    assert refusal(revoked) == "setup_link_not_found"
    assert acme.opened(made) is not None


def test_owners_are_told_once_a_day_that_a_draft_is_ready(acme: Site) -> None:
    """By an alert, which becomes a mail with its own heading."""
    it = acme.it()
    ready = partial(setup_links.ready, acme.database, acme.organization, acme.draft)
    assert (ready(actor=it), ready(actor=it), ready(actor=acme.owner)) == (True, False, False)
    with acme.database.read() as tx:
        [event] = tx.execute(select(t.OutboxEvent.payload).where(t.OutboxEvent.kind == "connection.ready")).all()
    assert event.payload == {"target": f"connection:{acme.draft}", "name": "New", "by": it.name}
    relay(acme.database, lambda tx, events: mail_owners(tx, SEALER, BASE, events, now()))
    [mail] = homes.read(acme.database, t.OutgoingMail.recipient, t.OutgoingMail.subject)
    assert tuple(mail) == (OWNER, "A connection is ready to go live (acme)")


def test_a_key_of_the_same_token_is_none(acme: Site) -> None:
    """A link is no API key, and a key no link."""
    made = acme.link()
    assert made_keys.find(acme.database, token_of(made), now()) is None
    key = made_keys.create(acme.database, OWNER, now(), organization_id=acme.organization).key
    assert setup_links.find(acme.database, key, now()) is None
    assert holder(acme.database, OWNER) == acme.owner.person_id
    with pytest.raises(Invalid):
        acme.link(days=400)
