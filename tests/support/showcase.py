"""A furnished installation: two organizations as they look after three weeks, for browser tests and pictures.

Acme Robotics lives with Okta: a live directory with sixty people, rules, teams, projects, people who were suspended, blocked and
refused, a token and a certificate that end soon. Globex takes people in by invitation and has not answered all. `MIRA` owns the
one and belongs to the other. Everything is made by the verbs, on the days that it is said to have happened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import time_machine

from connector.accounts import persons, profile, recovery
from connector.accounts.secret import new_token
from connector.accounts.sessions import Proof, Visitor
from connector.directory import (
    access,
    clients,
    connections,
    domains,
    log,
    rule_views,
    setup_links,
    sign_in,
    sign_on,
    tokens,
    traces,
)
from connector.directory.certificates import read_certificate
from connector.directory.model import Client
from connector.directory.sign_on_model import Certificate, SamlSide
from connector.directory.traces import Stage
from connector.errors import ConnectorError
from connector.membership.identity import Profile, SubjectId, VerifiedIdentity
from connector.membership.opening import Authentication
from connector.organizations import (
    break_glass,
    grants,
    invitations,
    joining,
    keys,
    members,
    organizations,
    projects,
    resources,
    teams,
)
from connector.provisioning.acting import Actor
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.web.house import House
from idp_fixtures.keys import key_pair
from tests.support.cast import EVERYBODY, SALES, Employee, employees
from tests.support.world import World

_TODAY = datetime.now(UTC).date()
FOUNDER, MIRA, MEMBER, INVITED = "ada@acme.example", "mira@acme.example", "tom@globex.example", "noor@globex.example"
NOBODY = "nobody@initech.example"
PERSON = "p05"
ISSUER = "https://acme.okta.example/exk1abcd"
ADDRESS = "203.0.113.24"
AGENT = "Okta SCIM Client 1.0.0"

RULES: tuple[dict[str, Any], ...] = (
    {"group": "Platform Admins", "role": "admin"},
    {"group": "Engineering", "team": "engineering"},
    {"group": "Platform Admins", "team": "engineering:maintainer"},
    {"group": SALES, "team": "sales"},
    {"pattern": "proj-*", "project": "{1}"},
    {"attribute": "title=Engineering Manager", "team": "leads"},
)


@dataclass(frozen=True)
class Showcase:
    """What was furnished: ids and secrets to make paths of. `person` is somebody with much to explain, `plan` the digest of
    one that was looked at and not applied, `link`, `invitation` and `set_up` are paths of links."""

    acme: str
    okta: str
    entra: str
    globex: str
    person: str
    founder: str
    rule: str
    plan: str
    token: str
    client: str
    certificate: str
    link: str
    invitation: str
    set_up: str

    @property
    def through_okta(self) -> Proof:
        """How members of Acme sign in."""
        return Proof("saml", self.acme, self.okta)


def furnish(house: House) -> Showcase:
    """Fill an empty installation."""
    with _days_ago(21):
        world, token = _founded(house)
    with _days_ago(20):
        users = _pushed(world)
    with _days_ago(19):
        _live(world)
    with _days_ago(14):
        _signed_in(house, world, range(0, 48, 3))
    with _days_ago(9):
        set_up = _made_by_hand(house, world)
    with _days_ago(3):
        _an_eventful_day(house, world, users)
    with _days_ago(1):
        _refusals(house, world)
        entra = _the_next_provider(house, world)
        globex, invitation = _globex(house)
    _heard(world, token)
    person = persons.holder(house.database, f"{PERSON}@acme.example")
    plan = world.propose("add_rule", id=new_id(), connection=world.connection, group=SALES, team="engineering").digest
    initech = organizations.create(house.database, "initech", "Initech", "bill@initech.example", base_url=house.settings.base_url)
    link = str(initech.sign_in_url).removeprefix(house.settings.base_url)
    founder = persons.holder(house.database, FOUNDER)
    rule = rule_views.list_(house.database, world.organization, world.connection).items[0].id
    made = clients.create(house.database, world.organization, world.connection, base_url=house.settings.base_url).client_id
    ids = (world.organization, world.connection, entra, globex, person, founder, rule, plan, world.client.token_id, made)
    return Showcase(*ids, _certificate("acme okta", 6).fingerprint, link, invitation, set_up)


@contextmanager
def _days_ago(days: int) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) - timedelta(days=days)):
        yield


# -------------------------------------------------------------------------------------------------------------------- Acme


def _founded(house: House) -> tuple[World, str]:
    """The organization, its domains, and a connection to Okta that nobody signs in through yet; and the token it pushes with."""
    database, url = house.database, house.settings.base_url
    acme = organizations.create(database, "acme", "Acme Robotics", FOUNDER).id
    founder = database.write(lambda tx: persons.find_or_make(tx, FOUNDER, datetime.now(UTC)))
    profile.change(database, founder, {"name": "Ada Marchetti"})
    domains.add(database, acme, "acme.example", verified=True)
    domains.add(database, acme, "acme-robotics.example")
    okta = connections.create(database, acme, "Okta", "okta", base_url=url).id
    sign_on.configure_saml(database, okta, _okta(), metadata_url=f"{ISSUER}/metadata")
    tokens.create(database, acme, okta)
    token = tokens.create(database, acme, okta, days=26)
    return World(database, acme, okta, Client(okta, acme, token.id, AGENT, ADDRESS)), token.token


def _heard(world: World, token: str) -> None:
    """Okta asks for something, with its token."""
    access.authenticate(world.database, world.connection, f"Bearer {token}", agent=AGENT, address=ADDRESS)


def _okta() -> SamlSide:
    """The identity provider, one of whose certificates ends in six days."""
    return SamlSide(ISSUER, f"{ISSUER}/sso/saml", "post", (_certificate("acme okta", 6), _certificate("acme okta next", 700)))


def _certificate(name: str, days: int) -> Certificate:
    """The certificate of this name, good until so many days from today, whatever day is played."""
    until = datetime.combine(_TODAY + timedelta(days=days), time(12), UTC)
    return read_certificate(key_pair(name, not_after=until).certificate)


def _pushed(world: World) -> dict[str, str]:
    """Everybody and every group; returns the SCIM id of each login."""
    everybody = (Employee("mira", "Mira Sandoval", (EVERYBODY, "Engineering")), *employees())
    users = {each.login: _push(world, each) for each in everybody}
    for name in sorted({name for each in everybody for name in each.groups}):
        inside = [users[each.login] for each in everybody if name in each.groups]
        world.group(name, *inside, external_id=f"00g-{name[:20]}")
    world.group("Beta testers", users["p04"], users["p08"])
    return users


def _push(world: World, each: Employee) -> str:
    first, _, last = each.name.partition(" ")
    said: dict[str, Any] = {
        "displayName": each.name,
        "name": {"givenName": first, "familyName": last or first},
        "title": "Engineer",
    }
    return world.create(each.login, **said, externalId=f"00u-{each.login}")


def _live(world: World) -> None:
    """Rules, the plan, the switch; then Mira becomes an owner beside the founder, who keeps the recovery codes."""
    for rule in RULES:
        world.rule(**rule)
    world.activate()
    world.owner("mira")
    recovery.codes(world.database, world.organization, FOUNDER)


def _signed_in(house: House, world: World, numbers: Iterable[int]) -> None:
    """Some of them come through Okta."""
    for login in ("mira", *(f"p{number:02}" for number in numbers)):
        _come(house, world, login)


def _come(house: House, world: World, login: str) -> None:
    """Somebody signs in through Okta. Raises what refuses them."""
    how = sign_on.load(house.database, house.sealer, world.connection, house.settings.base_url)
    now, email = datetime.now(UTC), f"{login}@acme.example"
    subject = SubjectId(ISSUER, "persistent", f"00u-{login}")
    said = Profile(email, user_name=email, display_name=None, external_id=f"00u-{login}")
    until = now + timedelta(minutes=5)
    identity = VerifiedIdentity(world.connection, "saml", subject, said, {"email": (email,)}, f"_{login}{now:%s}", until)
    sign_in.sign_in(house.database, house.sealer, how, identity, None, Visitor(ADDRESS, "Firefox/140.0"), now)


def _mira(world: World) -> Actor:
    """Mira, as the verbs see her."""
    person = persons.holder(world.database, MIRA)
    through_okta = Authentication("saml", world.organization, world.connection, connection_active=True)
    return Actor(MIRA, person, (through_okta,), address="203.0.113.7")


def _made_by_hand(house: House, world: World) -> str:
    """Teams, projects, resources, grants and keys that no IdP knows of; returns the path of a set-up link."""
    database, acme, mira = world.database, world.organization, _mira(world)
    break_glass.add(database, acme, MIRA)
    teams.create(database, acme, "Incident response", actor=mira)
    for name in ("p00", "p01", "p05", "p08"):
        teams.set_member(database, acme, "incident-response", f"{name}@acme.example", actor=mira)
    projects.create(database, acme, "Warehouse robots", actor=mira)
    projects.set_member(database, acme, "warehouse-robots", "p02@acme.example", actor=mira)
    for name in ("Support triage", "Release notes", "Night watch"):
        agent = resources.create(database, acme, "agent", name, actor=mira)
        grants.grant_team(database, acme, "engineering", "agent", agent.id, "write", actor=mira)
    keys.create(database, acme, name="Nightly export", scopes=("org.read",), actor=mira)
    url = house.settings.base_url
    link = setup_links.create(database, acme, base_url=url, name="IT of Acme Robotics", days=30, actor=mira)
    return link.url.removeprefix(url)


def _an_eventful_day(house: House, world: World, users: dict[str, str]) -> None:
    """People go, change and come; some by Okta, some by hand."""
    world.edit(users["p10"], active=False)
    world.edit(users["p11"], active=False)
    world.delete(users["p12"])
    guild = world.group("Old guild", users["p13"], users["p14"])
    world.rule(group="Old guild", team="guild")
    world.delete_group(guild)
    database, acme, mira = world.database, world.organization, _mira(world)
    members.suspend(database, acme, "p15@acme.example", actor=mira)
    members.remove(database, acme, "p16@acme.example", block=True, actor=mira)
    members.set_role(database, acme, "p17@acme.example", "admin", actor=mira)
    _signed_in(house, world, range(1, 8))


# --------------------------------------------------------------------------------------------------------------- refusals


def _refusals(house: House, world: World) -> None:
    """What went wrong: at the sign-in, and in what Okta sent."""
    for login in ("p10", "p16", "nobody"):
        try:
            _come(house, world, login)
        except ConnectorError as error:
            _trace(world, "entry", error.code, error.detail, error.expected, error.advice, {"email": f"{login}@acme.example"})
    for stage, code, detail, expected, advice, facts in _TRACES:
        _trace(world, stage, code, detail, expected, advice, facts)
    for meaning, status, arrived, expected, advice in _LOGGED:
        log.record_refusal(
            house.database, world.client, meaning=meaning, status=status, arrived=arrived, expected=expected, advice=advice
        )


def _trace(world: World, stage: Stage, code: str, detail: str, expected: str, advice: str, facts: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    reference = hashlib.sha256(f"{code}{facts}".encode()).hexdigest()[:12]
    told = traces.Trace(world.connection, "sign_in", stage, code, detail, expected, advice, reference, facts, "", ADDRESS)
    traces.record(world.database, told, now)


_TRACES: tuple[tuple[Stage, str, str, str, str, dict[str, Any]], ...] = (
    (
        "check",
        "audience_mismatch",
        "The assertion is meant for https://app.acme.example/saml.",
        "the entity id of this connection",
        "Copy the entity id of the connection into the audience of the application at the IdP.",
        {"issuer": ISSUER, "audience": "https://app.acme.example/saml"},
    ),
    (
        "identity",
        "email_missing",
        "No e-mail address arrived.",
        "an attribute with the address",
        "Add an attribute statement for the e-mail address to the application at the IdP.",
        {"issuer": ISSUER, "attributes": ["firstName", "lastName", "groups"]},
    ),
)
_LOGGED = (
    (
        "create the user p61@acme.example",
        409,
        "userName p61@acme.example, which another user of this connection has",
        "a userName that is new",
        "Look for two people with this user name at the IdP.",
    ),
    ("change the group Engineering", 400, "a value that is no member", "objects with value", "Push the group again."),
)


# -------------------------------------------------------------------------------------- another IdP, another organization


def _the_next_provider(house: House, world: World) -> str:
    """Acme tries Microsoft Entra out: a draft, whose directory stages."""
    database, url = house.database, house.settings.base_url
    entra = connections.create(database, world.organization, "Microsoft Entra ID", "entra", base_url=url, actor=_mira(world)).id
    token = tokens.create(database, world.organization, entra, actor=_mira(world)).id
    staged = World(database, world.organization, entra, Client(entra, world.organization, token, "Microsoft Entra", ADDRESS))
    some = [staged.create(f"p{number:02}", displayName=f"Person {number}", external_id=f"oid-{number}") for number in range(5)]
    staged.group("SG-Engineering", *some)
    return entra


def _globex(house: House) -> tuple[str, str]:
    """An organization by invitation, which Mira belongs to. Some have not answered, one declined; returns the path of an
    invitation as well."""
    database, url, token = house.database, house.settings.base_url, new_token()
    globex = organizations.create(database, "globex", "Globex", "hank@globex.example").id
    for email, role in ((MIRA, "owner"), (MEMBER, "member"), ("eve@partner.example", "member"), *_WAITING):
        invitations.invite(database, house.sealer, url, globex, email, role=role)
    invitations.invite(database, house.sealer, url, globex, "lin@globex.example", token=token)
    _answer(database, MIRA, joining.accept)
    _answer(database, MEMBER, joining.accept)
    _answer(database, "eve@partner.example", joining.decline)
    return globex, f"/invitations/{token}"


_WAITING = (("very.long.address.of.somebody@subsidiary.of.globex.example", "member"), (INVITED, "owner"))


def _answer(database: Database, email: str, verb: Callable[..., object]) -> None:
    person = database.write(lambda tx: persons.find_or_make(tx, email, datetime.now(UTC)))
    [invited] = joining.mine(database, person, limit=1).items
    verb(database, invited.id, actor=Actor(email, person, (Authentication("email_link"),)))
