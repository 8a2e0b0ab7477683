"""`connector resource` and `connector check`: what an organization has, and who may do what with it."""

from __future__ import annotations

import click

from connector.cli import output
from connector.cli.common import Tools, every, opens, organization
from connector.cli.output import Shown
from connector.membership.access import GRANTED, Level
from connector.membership.kinds import Kind
from connector.organizations import check as checking
from connector.organizations import kinds, resource_list, resources
from connector.organizations.organization_rows import OrganizationView
from connector.organizations.resource_views import ResourceView


@click.group()
def resource() -> None:
    """Resources: make known, list, show, rename, remove; and their kinds."""


@resource.command()
@opens
@organization
@click.argument("kind")
@click.argument("name")
@click.option("--id", "id_", metavar="ID", help="What the application calls it, instead of an id made here.")
@click.option("--project", metavar="SLUG", help="The project it stands in.")
def create(at_hand: Tools, organization: OrganizationView, kind: str, name: str, id_: str | None, project: str | None) -> Shown:
    """Make a resource known."""
    return _shown(resources.create(at_hand.database, organization.id, kind, name, id_=id_, project=project))


@resource.command("list")
@opens
@organization
@click.option("--kind", metavar="KIND", help="Only of this kind.")
@click.option("--project", metavar="SLUG", help="Only in this project.")
def list_(at_hand: Tools, organization: OrganizationView, kind: str | None, project: str | None) -> Shown:
    """The organization's resources, oldest first."""

    found = every(
        lambda after: resource_list.list_(at_hand.database, organization.id, kind=kind, project=project, limit=1000, after=after)
    )
    rows = [(each.kind, each.id, each.name, each.project, each.created_by) for each in found]
    heads = ("KIND", "ID", "NAME", "PROJECT", "MADE BY")
    return Shown(output.items(found), output.table(heads, rows, empty="No resources."))


@resource.command()
@opens
@organization
@click.argument("kind")
@click.argument("id_", metavar="ID")
def show(at_hand: Tools, organization: OrganizationView, kind: str, id_: str) -> Shown:
    """A resource."""
    return _shown(resources.show(at_hand.database, organization.id, kind, id_))


@resource.command()
@opens
@organization
@click.argument("kind")
@click.argument("id_", metavar="ID")
@click.argument("name")
def rename(at_hand: Tools, organization: OrganizationView, kind: str, id_: str, name: str) -> Shown:
    """Give a resource another name."""
    return _shown(resources.rename(at_hand.database, organization.id, kind, id_, name))


@resource.command()
@opens
@organization
@click.argument("kind")
@click.argument("id_", metavar="ID")
def remove(at_hand: Tools, organization: OrganizationView, kind: str, id_: str) -> Shown:
    """Forget a resource, with its grants."""
    resources.delete(at_hand.database, organization.id, kind, id_)
    return Shown({"kind": kind, "id": id_, "removed": True}, f"{kind} {id_} is removed.")


@resource.command("kinds")
@opens
@organization
def kinds_(at_hand: Tools, organization: OrganizationView) -> Shown:
    """The kinds of resources that the organization knows."""
    found = kinds.list_(at_hand.database, organization.id)
    return Shown(
        output.items(found), output.table(("KIND", "GRANTS", "WHOSE", "PROJECT"), [_row(each) for each in found], empty="")
    )


@resource.command("set-kind")
@opens
@organization
@click.argument("kind")
@click.option("--enforced/--not-enforced", default=False, help="Whether grants count.")
@click.option("--private", is_flag=True, help="Its maker's alone, whatever roles say.")
@click.option("--in-project", is_flag=True, help="It stands inside a project.")
def set_kind(at_hand: Tools, organization: OrganizationView, kind: str, enforced: bool, private: bool, in_project: bool) -> Shown:
    """Add a kind of resources, or change what counts for it; what is not said does not count."""
    wanted = Kind(kind, enforced, "private" if private else "organization", in_project)
    view = kinds.put(at_hand.database, organization.id, wanted)
    return Shown(view, "  ".join(_row(view)))


@resource.command("remove-kind")
@opens
@organization
@click.argument("kind")
def remove_kind(at_hand: Tools, organization: OrganizationView, kind: str) -> Shown:
    """Remove a kind of resources of which there are none."""
    kinds.delete(at_hand.database, organization.id, kind)
    return Shown({"kind": kind, "removed": True}, f"{kind} is removed.")


@click.command()
@opens
@organization
@click.argument("email")
@click.argument("kind")
@click.argument("id_", metavar="ID")
@click.option("--permission", type=click.Choice(GRANTED), default="read", show_default=True, help="What they want to do.")
def check(at_hand: Tools, organization: OrganizationView, email: str, kind: str, id_: str, permission: Level) -> Shown:
    """What somebody may do with a resource, and why."""
    told = checking.check(at_hand.database, organization.id, kind, id_, permission=permission, who=email)
    answer = f"{'yes' if told.allowed else 'no'}: {email} has {told.level} on {kind} {id_}"
    return Shown(told, "\n".join([answer, *(f"  {reason}" for reason in told.because)]))


def _row(kind: Kind) -> tuple[str, str, str, str]:
    counts = "count" if kind.enforced else "do not count"
    whose = "its maker's alone" if kind.visibility == "private" else "the organization's"
    return kind.name, counts, whose, "needed" if kind.in_project else ""


def _shown(view: ResourceView) -> Shown:
    facts = [("kind", view.kind), ("id", view.id), ("project", view.project), ("made by", view.created_by)]
    return Shown(view, click.style(view.name, bold=True) + "\n" + output.aligned(facts, indent="  "))
