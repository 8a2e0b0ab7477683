"""Organizations over HTTP: presets, making, listing, changing, deleting, and what they may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from connector.api.messages import Body
from connector.api.operation import PERSONAL, Call, operation
from connector.api.paging import Listing
from connector.membership.kinds import Kind
from connector.membership.roles import PRESETS, Preset
from connector.organizations import catalogue, deletion, entitlements, organizations
from connector.organizations.catalogue import RoleView
from connector.organizations.organization_rows import OrganizationView
from connector.provisioning.pages import Page

TAG = "Organizations"


@dataclass(frozen=True, slots=True)
class PresetView:
    """What an organization starts with. With `default_project` everybody is in a project from the start; with `single_org` its
    members belong to no other organization."""

    name: str
    creator_role: str
    default_role: str
    default_project: bool
    single_org: bool
    roles: tuple[RoleView, ...]
    kinds: tuple[Kind, ...]


class NewOrganization(Body):
    """An organization to be made."""

    display_name: str = Field(description="The name that every member sees.", examples=["Acme Inc"])
    slug: str | None = Field(
        default=None,
        description="The short name in addresses, else made from the name. A taken one gets an ending.",
        examples=["acme"],
    )
    preset: str = Field(default="oagents", description="The roles to start with.", examples=["oagents"])
    transfer_personal_credits: Literal[False] = Field(
        default=False, description="Nobody has credits yet: there are none to bring along.", examples=[False]
    )
    owner_email: str | None = Field(
        default=None, description="Who is to own it instead of you: for super admins.", examples=["ada@example.com"]
    )


class OrganizationChange(Body):
    """What is to be different."""

    display_name: str = Field(default_factory=str, examples=["Acme Inc"])
    slug: str = Field(default_factory=str, examples=["acme"])
    avatar_url: str | None = Field(default=None, description="A picture, over https.", examples=["https://acme.example/logo.png"])


class Choice(Listing):
    """Which organizations."""

    all: bool = Field(default=False, description="Every organization: for super admins.")
    deleted: bool = Field(default=False, description="With `all`, the deleted ones instead.")


@dataclass(frozen=True, slots=True)
class Entitlements:
    """What an organization may use: inviting people, and more projects than the default one."""

    invitations: bool
    projects: bool


class EntitlementChange(Body):
    """What is to be switched; what is left out stays."""

    invitations: bool | None = None
    projects: bool | None = None


@operation("GET", "/api/presets", tag=TAG, summary="What an organization may start with", answer=Page[PresetView])
def list_presets(call: Call) -> Page[PresetView]:
    """Each preset with its roles, highest first, and its kinds of resources."""
    return Page(tuple(_preset(each) for each in PRESETS.values()), None)


def _preset(preset: Preset) -> PresetView:
    told = catalogue.view(preset.catalogue)
    flags = (preset.default_project, preset.single_org)
    return PresetView(preset.name, preset.creator, told.default_role, *flags, told.roles, preset.kinds)


@operation(
    "POST",
    "/api/orgs",
    tag=TAG,
    summary="Make an organization",
    permission=PERSONAL,
    body=NewOrganization,
    answer=OrganizationView,
    status=201,
    errors={
        "slug_invalid": 400,
        "name_invalid": 400,
        "email_invalid": 400,
        "preset_unknown": 400,
        "not_entitled": 402,
        "creation_restricted": 403,
        "single_org": 409,
        "slug_taken": 409,
    },
    idempotent=True,
)
def create(call: Call, body: NewOrganization) -> OrganizationView:
    """Whoever makes it holds the highest role. A super admin may make one for somebody else, and is no member of it then."""
    return organizations.found(
        call.database,
        body.display_name,
        slug=body.slug,
        preset=body.preset,
        owner_email=body.owner_email,
        actor=call.actor,
        once=call.once,
    )


@operation(
    "GET", "/api/orgs", tag=TAG, summary="Your organizations", query=Choice, answer=Page[OrganizationView],
    errors={"permission_missing": 403},
)  # fmt: skip
def list_(call: Call, query: Choice) -> Page[OrganizationView]:
    """Those that open to you, with your role in each; not those you are suspended in."""
    if not query.all:
        return organizations.list_mine(call.database, limit=query.limit, after=query.after, actor=call.actor)
    return organizations.list_all(call.database, deleted=query.deleted, limit=query.limit, after=query.after, actor=call.actor)


@operation("GET", "/api/orgs/<o>", tag=TAG, summary="One organization", permission="org.read", answer=OrganizationView, etag=True)
def show(call: Call, o: str) -> OrganizationView:
    """With your role there."""
    return organizations.show(call.database, call.organization(o), actor=call.actor)


@operation(
    "PATCH",
    "/api/orgs/<o>",
    tag=TAG,
    summary="Change name, slug or picture",
    permission="org.update",
    body=OrganizationChange,
    answer=OrganizationView,
    errors={"name_invalid": 400, "slug_invalid": 400, "avatar_invalid": 400, "slug_taken": 409},
    etag=True,
)
def change(call: Call, o: str, body: OrganizationChange) -> OrganizationView:
    """The id stays, so nothing breaks that an identity provider was given; addresses with the old slug lead nowhere."""
    changes = body.model_dump(exclude_unset=True)
    return organizations.change(call.database, call.organization(o), changes, seen=call.seen, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>",
    tag=TAG,
    summary="Delete an organization",
    permission="org.delete",
    answer=None,
    status=204,
    errors={"owns_resources": 409},
)
def delete(call: Call, o: str) -> None:
    """It is gone at once, and for good after 30 days; until then a super admin can bring it back. While it owns resources it
    stays."""
    deletion.remove(call.database, call.organization(o), actor=call.actor)


@operation(
    "POST",
    "/api/orgs/<o>/restore",
    tag=TAG,
    summary="Bring a deleted organization back",
    answer=OrganizationView,
    errors={"organization_not_found": 404},
)
def restore(call: Call, o: str) -> OrganizationView:
    """For super admins, within 30 days. People sign in anew."""
    return deletion.restore(call.database, o, actor=call.actor)


@operation(
    "GET", "/api/orgs/<o>/entitlements", tag=TAG, summary="What the organization may use", permission="org.read",
    answer=Entitlements,
)  # fmt: skip
def show_entitlements(call: Call, o: str) -> Entitlements:
    """Everything, until whoever operates the installation switches it off."""
    return Entitlements(**entitlements.show(call.database, call.organization(o), actor=call.actor))


@operation(
    "PUT",
    "/api/orgs/<o>/entitlements",
    tag=TAG,
    summary="Switch what the organization may use",
    permission="org.read",
    body=EntitlementChange,
    answer=Entitlements,
)
def switch_entitlements(call: Call, o: str, body: EntitlementChange) -> Entitlements:
    """For super admins."""
    switches = body.model_dump(exclude_none=True)
    return Entitlements(**entitlements.switch(call.database, call.organization(o), switches, actor=call.actor))
