"""What the demo shows: Northwind looks before it goes live, Contoso is live from the first push."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from textwrap import indent
from typing import Any, Final

import click

from connector.accounts import keys
from connector.cli import demo_sign_in, output
from connector.cli.common import Tools
from connector.cli.demo_sign_in import SignIn
from connector.cli.member import explanation_data, source_text, who
from connector.cli.plan_text import summary
from connector.cli.rule import gives
from connector.directory import connections, domains, log, plans, rule_views, tokens
from connector.membership.explain import BecauseItem
from connector.organizations import organizations
from connector.organizations.member_explained import MemberExplanation, explain_member
from connector.organizations.member_views import list_members
from connector.storage.ids import new_id
from idp_fixtures.conversation import Exchange, exchanges, load
from idp_fixtures.idp import Provider
from idp_fixtures.push import connect

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Company:
    """An organization of the demo: who it is, its identity provider's recorded conversation, and its rules."""

    slug: str
    name: str
    idp: str
    idp_name: str
    preset: str
    conversation: str
    rules: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Home:
    """A company set up: its organization, its connection and the token its identity provider pushes with."""

    company: Company
    organization: str
    connection: str
    scim_base_url: str
    token: str


@dataclass(frozen=True, slots=True)
class Application:
    """How the company's application asks: the address of the API, and a key of the organization, which is its founder's."""

    api: str
    key: str


@dataclass(frozen=True, slots=True)
class Told:
    """How a story ended: the company and its members, each explained."""

    home: Home
    people: tuple[MemberExplanation, ...]
    sign_in: SignIn | None = None
    application: Application | None = None


NORTHWIND: Final = Company(
    "northwind",
    "Northwind",
    "okta",
    "Okta",
    "oagents",
    "demo_okta",
    (
        {"group": "Platform Admins", "role": "admin"},
        {"group": "Platform Admins", "team": "platform:maintainer"},
        {"group": "Engineering", "team": "engineering"},
    ),
)
CONTOSO: Final = Company(
    "contoso",
    "Contoso",
    "entra",
    "Microsoft Entra",
    "apolo",
    "demo_entra",
    (
        {"group": "SG-Admins", "role": "manager"},
        {"group": "SG-Developers", "team": "development"},
        {"group": "SG-Finance", "team": "finance"},
        {"pattern": "SG-*", "project": "{1}"},
    ),
)


def silent(_: str) -> None:
    """Say nothing: with `--json` the result is printed at the end."""


def tour(at_hand: Tools, idp: Provider, say: Say) -> tuple[Told, ...]:
    """Play the stories against the running server, telling each step. Raises what the verbs raise, Mismatch of the fixtures."""
    northwind, contoso = _northwind(at_hand, say), _contoso(at_hand, say)
    return _zoe(at_hand, northwind, idp, say), contoso


def _zoe(at_hand: Tools, northwind: Told, idp: Provider, say: Say) -> Told:
    say(_heading("Zoë signs in, and is signed out by a push"))
    home = northwind.home
    demo_sign_in.connect(at_hand, home.connection, idp, list_members(at_hand.database, home.organization))
    say(f"  Northwind's people sign in at an identity provider that runs beside this demo, at {idp.url}")
    scim = (home.scim_base_url, home.token)
    signed_in = demo_sign_in.try_out(at_hand, home.connection, scim, "zoe.lund@northwind.example", say)
    founder = f"founder@{home.company.slug}.example"
    made = keys.create(at_hand.database, founder, datetime.now(UTC), organization_id=home.organization, name="The tour")
    return replace(northwind, sign_in=signed_in, application=Application(f"{at_hand.settings.base_url}/api", made.key))


def _northwind(at_hand: Tools, say: Say) -> Told:
    say(_heading("Northwind connects Okta, and looks before it goes live"))
    home = _set_up(at_hand, NORTHWIND)
    with _conversation(home) as (first, week):
        say(f"  Okta pushes {_counted(list(first))}. The directory is staged: nobody is a member yet.")
        _add_rules(at_hand, home)
        say("  Rules say what its groups mean here:\n" + _rules_text(at_hand, home))
        _go_live(at_hand, home, say)
        say("  An ordinary week; each message is reflected at once:")
        _tell_week(at_hand, home, week, say)
    return _tell_members(at_hand, home, say)


def _contoso(at_hand: Tools, say: Say) -> Told:
    say(_heading("Contoso connects Microsoft Entra, live from the first push"))
    home = _set_up(at_hand, CONTOSO)
    _add_rules(at_hand, home)
    say("  Rules by name and by pattern, before any group is known:\n" + _rules_text(at_hand, home))
    _go_live(at_hand, home, say)
    with _conversation(home) as (first, week):
        say(f"  Entra pushes {_counted(list(first))}; people are members as they come. Then its week:")
        _tell_week(at_hand, home, week, say)
    return _tell_members(at_hand, home, say)


def _set_up(at_hand: Tools, company: Company) -> Home:
    database, base_url = at_hand.database, at_hand.settings.base_url
    domain = f"{company.slug}.example"
    made = organizations.create(database, company.slug, company.name, f"founder@{domain}", company.preset)
    domains.add(database, made.id, domain, verified=True)
    view = connections.create(database, made.id, company.idp_name, company.idp, base_url=base_url)
    return Home(company, made.id, view.id, view.scim_base_url, tokens.create(database, made.id, view.id).token)


def _add_rules(at_hand: Tools, home: Home) -> None:
    for rule in home.company.rules:
        given = {"id": new_id(), "connection": home.connection, **rule}
        plans.carry_out(at_hand.database, home.organization, "add_rule", given)


def _go_live(at_hand: Tools, home: Home, say: Say) -> None:
    plan = plans.propose(at_hand.database, home.organization, "activate", {"connection": home.connection})
    say("  What going live would do, looked at before it is done:\n    " + summary(plan))
    plans.apply_stored(at_hand.database, home.organization, plan.digest)
    say(f"  Applied, exactly as looked at (connector apply {home.company.slug} --digest {plan.digest[:8]}…).")


@contextmanager
def _conversation(home: Home) -> Iterator[tuple[Iterator[Exchange], Iterator[Exchange]]]:
    """The company's conversation with the server, over HTTP: the first cycle, and the week after it, which begins with the first
    message about one person. Each step is sent when it is asked for."""
    talk = load(home.company.conversation)
    begins = next(number for number, step in enumerate(talk.steps) if step.request.path.startswith("/Users/"))
    with connect(home.scim_base_url, home.token) as send:
        steps = exchanges(talk, send)
        yield islice(steps, begins), steps


def _counted(steps: Sequence[Exchange]) -> str:
    made = Counter(step.path for step in steps if step.method == "POST")
    return f"{made['/Users']} people and {made['/Groups']} groups ({len(steps)} requests)"


def _tell_week(at_hand: Tools, home: Home, week: Iterator[Exchange], say: Say) -> None:
    """What was asked and, from the provisioning log, what it changed."""
    silent = 0
    for step in week:
        if step.method == "GET":
            continue
        [heard] = log.list_(at_hand.database, home.organization, home.connection, limit=1).items
        silent += not heard.changes
        if heard.changes:
            rows = [(str(each["email"]), _change(each)) for each in heard.changes]
            say(f"    {step.why}\n" + click.style(output.aligned(rows, indent="      "), dim=True))
    say(f"    {silent} more messages, a new family name among them, change nobody's access.")


def _change(change: Mapping[str, Any]) -> str:
    return f"{change['target'].replace(':', ' ')}: {change['before'] or 'none'} → {change['after'] or 'none'}"


# ------------------------------------------------------------------------------------------------------------------- telling


def _heading(text: str) -> str:
    return "\n" + click.style(text, bold=True) + "\n"


def _rules_text(at_hand: Tools, home: Home) -> str:
    found = rule_views.list_(at_hand.database, home.organization, home.connection).items
    rows = [(each.match, "→", gives(each)) for each in found]
    return output.aligned(rows, indent="    ")


def _tell_members(at_hand: Tools, home: Home, say: Say) -> Told:
    found = list_members(at_hand.database, home.organization)
    told = Told(home, tuple(explain_member(at_hand.database, home.organization, str(each.id)) for each in found))
    rows = [row for each in told.people for row in _person(each)]
    say("\n" + indent(output.table(("MEMBER", "HAS", "BECAUSE"), rows, empty=""), "  "))
    return told


def _person(told: MemberExplanation) -> list[tuple[str, str, str]]:
    """One row per thing the member has, the name on the first only; of somebody suspended only why."""
    view = told.member
    name = view.name or who(view)
    if view.status == "suspended":
        reason = next(item.reason for item in told.not_ if item.target == "status")
        return [(name, "suspended", reason.partition(": ")[2])]
    held = {item.target: item for item in reversed(told.because) if item.target != "role" or item.level == view.role}
    ordered = sorted(
        held.values(), key=lambda item: (("role", "team", "project").index(item.target.partition(":")[0]), item.target)
    )
    return [("" if index else name, _has(item), _why(item)) for index, item in enumerate(ordered)]


def _has(item: BecauseItem) -> str:
    kind, _, slug = item.target.partition(":")
    level = "" if kind == "project" or item.level == "member" else f", {item.level}"
    return f"role {item.level}" if kind == "role" else f"{kind} {slug}{level}"


def _why(item: BecauseItem) -> str:
    return f"IdP group {item.group}" if item.group else source_text(item)


def data(told: Sequence[Told]) -> dict[str, Any]:
    """The result for programs: of each organization its connection, token and members."""
    shown = [
        {
            "slug": each.home.company.slug,
            "connection": each.home.connection,
            "scim_base_url": each.home.scim_base_url,
            "token": each.home.token,
            "sign_in": None if each.sign_in is None else {"address": each.sign_in.login_page, "email": each.sign_in.email},
            "members": [explanation_data(person) for person in each.people],
        }
        for each in told
    ]
    return {"organizations": shown}


def farewell(told: Sequence[Told], *, program: str, exports: str, serving: bool) -> str:
    """What to try next, each line to be copied as it is."""
    first, zoe, application = told[0].home, told[0].sign_in, told[0].application
    lines = [
        *(_at_the_browser(first, zoe) if serving and zoe else []),
        click.style("\nTry next" + (", in another terminal" if serving else ""), bold=True),
        "",
        f"  {exports}",
        f"  {program} member explain northwind zoe.lund@northwind.example",
        f"  {program} log {first.connection}",
        f"  {program} --help",
        *(_as_the_application(application) if application else []),
        "",
        "  What Okta asks, over SCIM:",
        "",
        f"  curl -H 'Authorization: Bearer {first.token}' \\",
        f"    '{first.scim_base_url}/Users?count=2'",
    ]
    return "\n".join([*lines, "", "Serving. Ctrl-C stops."] if serving else lines)


def _as_the_application(application: Application) -> list[str]:
    return [
        "",
        "  What your application asks, with a key of Northwind; each operation it may ask for is at",
        f"  {application.api}/docs",
        "",
        f"  curl -H 'Authorization: Bearer {application.key}' \\",
        f"    '{application.api}/orgs/~current/members?limit=2'",
    ]


def _at_the_browser(home: Home, zoe: SignIn) -> list[str]:
    """The main job done by hand: sign in as somebody, deactivate her as her identity provider would, look again."""
    schemas, operations = (json.dumps({name: said})[1:-1] for name, said in demo_sign_in.active_is(False).items())
    return [
        click.style("\nSee it in a browser", bold=True),
        "",
        f"  1. Open {zoe.login_page} and type {zoe.email}",
        "     Choose her at the identity provider. You land here, signed in, with her role and teams.",
        "  2. Deactivate her, as Okta would:",
        "",
        f"  curl -X PATCH -H 'Authorization: Bearer {home.token}' \\",
        "    -H 'Content-Type: application/scim+json' \\",
        f"    -d '{{{schemas},",
        f"         {operations}}}' \\",
        f"    '{zoe.user_url}'",
        "",
        "  3. Load the page again: she is signed out, and cannot come back in.",
    ]
