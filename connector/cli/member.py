"""`connector member`: who is a member, why, and what an operator decides about one."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import click

from connector.cli import output
from connector.cli.common import Tools, opens, organization
from connector.cli.output import Shown
from connector.directory import linking
from connector.membership.explain import BecauseItem
from connector.organizations import member_adding, members
from connector.organizations.member_explained import MemberExplanation, explain_member
from connector.organizations.member_views import MemberView, list_members
from connector.organizations.organization_rows import OrganizationView


@click.group()
def member() -> None:
    """Members: list, explain, add, suspend, remove, set a role, link."""


@member.command("list")
@opens
@organization
def list_(at_hand: Tools, organization: OrganizationView) -> Shown:
    """The organization's members, oldest first."""
    found = list_members(at_hand.database, organization.id)
    rows = [
        (who(each), each.name, each.role, _status(each), _teams(each), ", ".join(each.projects), each.source) for each in found
    ]
    heads = ("EMAIL", "NAME", "ROLE", "STATUS", "TEAMS", "PROJECTS", "JOINED BY")
    return Shown(output.items(found), output.table(heads, rows, empty="No members."))


@member.command()
@opens
@organization
@click.argument("email")
def explain(at_hand: Tools, organization: OrganizationView, email: str) -> Shown:
    """What a member has and why, and why not something else."""
    told = explain_member(at_hand.database, organization.id, email)
    return Shown(explanation_data(told), explanation_text(told))


@member.command()
@opens
@organization
@click.argument("who", metavar="EMAIL")
@click.option("--username", is_flag=True, help="EMAIL is the user name they handed over.")
@click.option("--role", metavar="ROLE", help="The role they get, instead of the default one.")
def add(at_hand: Tools, organization: OrganizationView, who: str, username: bool, role: str | None) -> Shown:
    """Add somebody who has an account, by a verified address or by user name."""
    name, email = (who, None) if username else (None, who)
    return _shown(member_adding.add(at_hand.database, organization.id, username=name, email=email, role=role))


@member.command()
@opens
@organization
@click.argument("email")
@click.option("--block", is_flag=True, help="Keep them out, whatever the identity provider says.")
def remove(at_hand: Tools, organization: OrganizationView, email: str, block: bool) -> Shown:
    """Remove a member; under a live directory only together with --block."""
    members.remove(at_hand.database, organization.id, email, block=block)
    text = f"{email} is removed{' and blocked' if block else ''}."
    if organization.mode == "sso" and not block:
        text += "\nThey may come back at their next sign-in through the identity provider; --block keeps them out."
    return Shown({"email": email, "removed": True, "blocked": block}, text)


@member.command()
@opens
@organization
@click.argument("email")
def suspend(at_hand: Tools, organization: OrganizationView, email: str) -> Shown:
    """Suspend a member, until unsuspend."""
    return _shown(members.suspend(at_hand.database, organization.id, email))


@member.command()
@opens
@organization
@click.argument("email")
def unsuspend(at_hand: Tools, organization: OrganizationView, email: str) -> Shown:
    """Lift the suspension of an admin, and no other."""
    return _shown(members.unsuspend(at_hand.database, organization.id, email))


@member.command()
@opens
@organization
@click.argument("email")
def unblock(at_hand: Tools, organization: OrganizationView, email: str) -> Shown:
    """Lift a block, and nothing else."""
    return _shown(members.unblock(at_hand.database, organization.id, email))


@member.command("set-role")
@opens
@organization
@click.argument("email")
@click.argument("role")
def set_role(at_hand: Tools, organization: OrganizationView, email: str, role: str) -> Shown:
    """Give a member a role by hand, unless a rule gives them theirs."""
    return _shown(members.set_role(at_hand.database, organization.id, email, role))


@member.command()
@opens
@organization
@click.argument("email")
@click.option("--user", metavar="SCIM_ID", required=True, help="The pushed user, by its SCIM id.")
def link(at_hand: Tools, organization: OrganizationView, email: str, user: str) -> Shown:
    """Say that a pushed user is this member."""
    return _shown(linking.link(at_hand.database, organization.id, email, user))


@member.command()
@opens
@organization
@click.argument("email")
def unlink(at_hand: Tools, organization: OrganizationView, email: str) -> Shown:
    """Forget which account at the identity provider is this member's; the next sign-in links it anew."""
    return _shown(linking.unlink(at_hand.database, organization.id, email))


def explanation_data(told: MemberExplanation) -> dict[str, Any]:
    """A member for programs, with `because` (items of target, level, source, rule, group) and `not` (target, reason)."""
    because = [
        {"target": item.target, "level": item.level, "source": item.source, "rule": item.rule, "group": item.group}
        for item in told.because
    ]
    member = {each.name: getattr(told.member, each.name) for each in fields(told.member)}
    return member | {"because": because, "not": told.not_}


def _shown(view: MemberView) -> Shown:
    return Shown(view, _one(view))


def who(view: MemberView) -> str:
    """What a member is called: their address, else their name, else their id."""
    return view.email or view.name or str(view.id)


def _one(view: MemberView) -> str:
    facts = [("role", view.role), ("status", _status(view)), ("teams", _teams(view)), ("projects", ", ".join(view.projects))]
    facts.append(("joined by", view.source))
    heading = click.style(who(view), bold=True) + (f"  {view.name}" if view.name and view.email else "")
    return heading + "\n" + output.aligned(facts, indent="  ")


def explanation_text(told: MemberExplanation) -> str:
    """What a member has, why, and why not something else, for people."""
    because = [(item.target, item.level, source_text(item)) for item in told.because]
    not_ = [(item.target or "", item.reason) for item in told.not_]
    parts = [_one(told.member)]
    if because:
        parts.append(click.style("Because", bold=True) + "\n" + output.aligned(because, indent="  "))
    if not_:
        parts.append(click.style("Why not more", bold=True) + "\n" + output.aligned(not_, indent="  "))
    return "\n\n".join(parts)


def source_text(item: BecauseItem) -> str:
    """Where a row comes from, in words: group and rule, or the hand that gave it."""
    if item.rule:
        return f'IdP group "{item.group}" → rule {item.rule}' if item.group else f"rule {item.rule}"
    told = {
        "default": "the default, for nothing gives a role",
        "manual": "given by hand",
        "founder": "founded the organization",
        "break_glass": "break-glass owner, for the day the IdP fails",
        "invitation": "came with the invitation",
        "converted": "kept from what rules gave before",
    }
    return told.get(item.source, item.source)


def _status(view: MemberView) -> str | None:
    return f"{view.status} ({', '.join(view.causes)})" if view.causes else view.status


def _teams(view: MemberView) -> str:
    return ", ".join(each.slug if each.role == "member" else f"{each.slug}:{each.role}" for each in view.teams)
