"""The installation over HTTP: who may make organizations, and its super admins. For everybody else there is nothing here."""

from __future__ import annotations

from pydantic import Field

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.organizations import installation
from connector.organizations.installation import Founders, Policy, SuperAdmin, Switch
from connector.provisioning.pages import Page

TAG = "Installation"
_NOTHING = {"not_found": 404}


class PolicyChange(Body):
    """What is to hold; what is left out stays."""

    organizations: Switch | None = Field(default=None, description="Whether new organizations can be made.")
    creation: Founders | None = Field(default=None, description="Who makes them.")


class NamedPerson(Body):
    """Somebody, by a verified address."""

    email: str = Field(examples=["ada@example.com"])


@operation("GET", "/api/installation", tag=TAG, summary="Who may make organizations", answer=Policy, errors=_NOTHING, etag=True)
def show_installation(call: Call) -> Policy:
    """For super admins who signed in locally."""
    return installation.show(call.database, actor=call.actor)


@operation(
    "PUT",
    "/api/installation",
    tag=TAG,
    summary="Say who may make organizations",
    body=PolicyChange,
    answer=Policy,
    errors=_NOTHING,
    etag=True,
)
def change_installation(call: Call, body: PolicyChange) -> Policy:
    """With `organizations` off nobody does but super admins, and everybody else is answered 402."""
    return installation.change(
        call.database, organizations=body.organizations, creation=body.creation, seen=call.seen, actor=call.actor
    )


@operation("GET", "/api/installation/super-admins", tag=TAG, summary="Super admins", answer=Page[SuperAdmin], errors=_NOTHING)
def list_super_admins(call: Call) -> Page[SuperAdmin]:
    """All of them, oldest account first."""
    return Page(installation.super_admins(call.database, actor=call.actor), None)


@operation(
    "PUT",
    "/api/installation/super-admins",
    tag=TAG,
    summary="Name a super admin",
    body=NamedPerson,
    answer=SuperAdmin,
    errors=_NOTHING | {"email_invalid": 400, "person_not_found": 404},
)
def add_super_admin(call: Call, body: NamedPerson) -> SuperAdmin:
    """Somebody who has signed in before."""
    return installation.add_super_admin(call.database, body.email, actor=call.actor)


@operation(
    "DELETE",
    "/api/installation/super-admins/<email>",
    tag=TAG,
    summary="Take the powers back",
    answer=None,
    status=204,
    errors=_NOTHING | {"email_invalid": 400, "person_not_found": 404},
)
def remove_super_admin(call: Call, email: str) -> None:
    """The operator at the command line can always name another."""
    installation.remove_super_admin(call.database, email, actor=call.actor)
