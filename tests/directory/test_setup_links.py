"""Set-up links: whoever holds one prepares connections of one organization, and does nothing else, whoever made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select, update

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
from connector.directory.setup_links import NewSetupLink, SetupVisit
from connector.errors import Conflict, ConnectorError, Invalid
from connector.membership.opening import Authentication
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
from connector.provisioning.once import Once, Replayed
from connector.provisioning.relay import relay
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.accounts.people import acme_in_sso, demote, holder, leave, suspend
from tests.directory import homes
from tests.directory.homes import BASE
from tests.support.racing import race
from tests.support.statements import statements

SEALER = Sealer(["a key of this test"])
OWNER = "owner@acme.example"
ADDRESS = "192.0.2.7"


def now() -> datetime:
    """The moment of the call: verbs judge a link by the clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Site:
    """acme, in sso through the connection `live`, with a draft beside it, and its owner, who made a set-up link."""

    database: Database
    organization: str
    live: str
    draft: str
    owner: Actor

    def link(self, **given: object) -> NewSetupLink:
        """A new link, by default the owner's."""
        made: Callable[..., NewSetupLink] = partial(setup_links.create, self.database, self.organization, base_url=BASE)
        return made(**{"name": "IT of Acme", "actor": self.owner, **given})

    def opened(self, made: NewSetupLink, at: datetime | None = None) -> SetupVisit | None:
        """Who holds a link, None when it opens nothing."""
        return setup_links.find(self.database, token_of(made), at or now(), address=ADDRESS)

    def it(self) -> Actor:
        """The IT person, by a new link."""
        visit = self.opened(self.link())
        assert visit is not None
        return visit.actor

    def audited(self) -> list[str]:
        """What the audit trail tells, oldest first."""
        return [row.action for row in homes.read(self.database, t.AuditEntry.id, t.AuditEntry.action)]


def token_of(made: NewSetupLink) -> str:
    """The secret in the address of a link."""
    return made.url.removeprefix(f"{BASE}/setup/")


@pytest.fixture
def acme(database: Database) -> Site:
    """The organization; its owner uses an organization's key, which opens it in either mode."""
    home, owner = acme_in_sso(database)
    draft = connections.create(database, home.organization, "New", "entra", base_url=BASE).id
    key = (Authentication("organization_key", home.organization),)
    return Site(database, home.organization, home.connection, draft, Actor(OWNER, owner, key))


def refusal(verb: Callable[[], object]) -> str:
    """The code with which something is refused, "" when it is not."""
    try:
        verb()
    except ConnectorError as refused:
        return refused.code
    return ""


# ------------------------------------------------------------------------------------------------------- making and ending


def test_a_link_is_shown_once_and_only_its_hash_is_kept(acme: Site) -> None:
    """256 bits behind a prefix that says what it is; a week by default; one audit entry, without the secret."""
    before = acme.audited()
    made = acme.link(now=this_second())
    token = token_of(made)
    assert token.startswith("cnt_setup_")
    assert (len(token), made.expires_at) == (53, this_second() + timedelta(days=7))
    [view] = setup_links.list_(acme.database, acme.organization, now=this_second(), actor=acme.owner).items
    assert (view.id, view.name, view.hint, view.created_by, view.state) == (made.id, "IT of Acme", token[-4:], OWNER, "live")
    assert acme.audited() == [*before, "setup_link.created"]
    kept = str(homes.read(acme.database, *t.SetupLink.__table__.columns)) + str(homes.read(acme.database, t.AuditEntry.after))
    assert token[10:] not in kept + repr(made)


def this_second() -> datetime:
    """A moment of this second, as both databases keep it."""
    return now().replace(microsecond=0)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"days": 0}, "expiry_invalid"),
        ({"days": 31}, "expiry_invalid"),
        ({"name": "x" * 101}, "name_invalid"),
        ({"name": "a\nb"}, "name_invalid"),
        ({"name": "إدارة Acme", "days": 30}, ""),
        ({"name": ""}, ""),
    ],
)
def test_a_link_lives_a_month_at_most_and_its_name_is_one_line(acme: Site, given: Mapping[str, object], code: str) -> None:
    """Each row: what is asked, and how it is refused."""
    assert refusal(lambda: acme.link(**given)) == code


def test_five_links_at_most_live_at_once_also_when_two_are_made_together(acme: Site) -> None:
    """A dead one makes room."""
    made = [acme.link() for _ in range(4)]
    fifth, refused = race([acme.link, acme.link])
    assert (len(fifth), refused) == (1, ["setup_link_limit"])
    with pytest.raises(Conflict, match="5 set-up links"):
        acme.link()
    setup_links.revoke(acme.database, acme.organization, made[0].id, actor=acme.owner)
    acme.link()


def test_a_link_is_made_by_who_may_manage_sso_and_by_no_link(acme: Site) -> None:
    """A key that is limited to other scopes makes none either; the operator does."""
    assert refusal(lambda: acme.link(actor=replace(acme.owner, scopes=frozenset({"org.read"})))) == "scope_missing"
    assert refusal(lambda: acme.link(actor=acme.it())) == "beyond_set_up"
    visit = acme.opened(acme.link(actor=OPERATOR, name=""))
    assert visit is not None
    assert (visit.actor.name, visit.actor.is_operator) == ("set-up link of operator", False)
    demote(acme.database, acme.organization, str(acme.owner.person_id))
    assert refusal(acme.link) == "permission_missing"


def test_a_request_that_is_sent_again_makes_one_link(acme: Site) -> None:
    """What is answered again is the same address."""
    once = Once("1", "the same", SEALER, lambda made: made.url)
    first = acme.link(once=once)
    with pytest.raises(Replayed) as again:
        acme.link(once=once)
    assert again.value.text == first.url


# ------------------------------------------------------------------------------------------------------------ when it opens


def test_a_link_opens_its_organization_until_it_expires(acme: Site) -> None:
    """It says whose it is, what it is called and when it ends."""
    made = acme.link(days=1)
    visit = acme.opened(made)
    assert visit is not None
    assert (visit.organization_id, visit.slug, visit.link_name) == (acme.organization, "acme", "IT of Acme")
    assert (visit.actor.name, visit.actor.address) == (f"set-up link IT of Acme of {OWNER}", ADDRESS)
    assert acme.opened(made, made.expires_at - timedelta(seconds=1)) is not None
    assert acme.opened(made, made.expires_at) is None


ENDS: Mapping[str, Callable[[Site, str], object]] = {
    "revoked": lambda acme, link: setup_links.revoke(acme.database, acme.organization, link, actor=acme.owner),
    "its maker suspended": lambda acme, _: suspend(acme.database, acme.organization, str(acme.owner.person_id)),
    "its maker demoted": lambda acme, _: demote(acme.database, acme.organization, str(acme.owner.person_id)),
    "its maker gone": lambda acme, _: leave(acme.database, acme.organization, str(acme.owner.person_id)),
    "expired": lambda acme, _: put_all(acme, expires_at=now()),
    "its organization deleted": lambda acme, _: deletion.remove(acme.database, acme.organization),
}


def put_all(acme: Site, **values: datetime) -> None:
    """Every link as if it had been made otherwise."""
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.SetupLink).values(values))


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_link_is_dead_at_once(acme: Site, end: Callable[[Site, str], object]) -> None:
    """For whoever opens it, and in the corridor for a request that was under way."""
    made = acme.link()
    visit = acme.opened(made)
    assert visit is not None
    end(acme, made.id)
    assert acme.opened(made) is None
    before = acme.audited()
    used = partial(domains.add, acme.database, acme.organization, "acme.org", actor=visit.actor)
    assert refusal(used) in ("setup_link_unknown", "organization_not_found")
    assert acme.audited() == before


def test_a_link_sleeps_while_its_maker_may_not_and_wakes_up_with_them(acme: Site) -> None:
    """As an organization's key does; it counts as one of the five meanwhile."""
    made = acme.link()
    demote(acme.database, acme.organization, str(acme.owner.person_id))
    [view] = setup_links.list_(acme.database, acme.organization).items
    assert (view.state, acme.opened(made)) == ("dormant", None)
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.Membership).values(role="owner"))
    assert acme.opened(made) is not None


def test_who_tries_links_that_nobody_made_is_slowed_down_by_address(acme: Site) -> None:
    """Refused alike, known prefix or not; who has a live one is not held up."""
    made = acme.link()
    tried = [refusal(partial(setup_links.visit, acme.database, f"{kind}x", ADDRESS, now())) for kind in ("", "cnt_setup_")]
    assert tried == ["setup_link_unknown"] * 2
    at = now()
    told = [refusal(partial(setup_links.visit, acme.database, "x", ADDRESS, at)) for _ in range(60)]
    assert told[-1] == "too_many_requests"
    assert setup_links.visit(acme.database, token_of(made), ADDRESS, at).link_id == made.id
    assert refusal(partial(setup_links.visit, acme.database, "x", "192.0.2.8", at)) == "setup_link_unknown"


def test_it_is_found_with_one_statement_and_noted_once_a_minute(acme: Site) -> None:
    """Cheap enough for every request."""
    made, at = acme.link(), this_second()
    acme.opened(made, at)
    with statements(acme.database.engine) as sent:
        acme.opened(made, at + timedelta(seconds=59))
    assert len([each for each in sent if "setup_link" in each]) == 1
    [view] = setup_links.list_(acme.database, acme.organization).items
    assert view.last_used_at == at
    acme.opened(made, at + timedelta(minutes=1))
    [view] = setup_links.list_(acme.database, acme.organization).items
    assert view.last_used_at == at + timedelta(minutes=1)


def test_dead_links_are_forgotten_after_a_month(acme: Site) -> None:
    """Revoked ones and expired ones; those that live stay."""
    for each in (acme.link(), acme.link(days=1)):
        setup_links.revoke(acme.database, acme.organization, each.id)
    old, stays = acme.link(days=1), acme.link(days=30)
    setup_links.sweep(acme.database, now() + timedelta(days=29))
    assert homes.read(acme.database, func.count(t.SetupLink.id)) == [(4,)]
    setup_links.sweep(acme.database, now() + timedelta(days=31, hours=1))
    assert [row.id for row in homes.read(acme.database, t.SetupLink.id)] == [stays.id]
    assert old.id != stays.id


# ---------------------------------------------------------------------------------------------------------- what it may do

Verb = Callable[[Site, Actor], object]

RULE = {"group": "Engineering", "team": "engineering"}


def proposed(kind: str, **given: object) -> Verb:
    """Look at a plan."""
    return lambda acme, it: plans.propose(acme.database, acme.organization, kind, given, actor=it)


def done(kind: str, **given: object) -> Verb:
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


def about(connection: str, kind: str, *, do: bool, **given: object) -> Verb:
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
    "show one in force": on("live", connections.show, base_url=BASE),
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


def test_every_verb_of_plans_is_in_one_of_the_tables() -> None:
    """So that a new one is judged here: what a link carries out, what it looks at, and what it does not."""
    said = {kind: verb.by_link for kind, verb in plans.VERBS.items() if verb.by_link}
    assert said == {"activate": "looks", "add_rule": "does", "remove_rule": "does"}
    never = {"mode", "directory", "disable", "delete_connection", "policy", "roles", "restore", "rules", "remove_domain"}
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
