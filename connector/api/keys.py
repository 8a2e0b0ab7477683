"""API keys of organizations and projects, and one's own."""

from __future__ import annotations

from pydantic import Field

from connector.accounts import personal_keys
from connector.accounts.keys import KeyView, NewKey
from connector.api.messages import Body
from connector.api.operation import PERSONAL, Call, operation
from connector.api.paging import Listing
from connector.organizations import keys
from connector.provisioning.acting import MEMBER
from connector.provisioning.pages import Page

_WRONG = {"scope_unknown": 400, "name_invalid": 400, "scope_missing": 403}
_UNKNOWN = {"key_not_found": 404}
_PROJECT = {"project_not_found": 404}


class WantedKey(Body):
    """What a key is called, and what it is for; without scopes it may do all that its holder may."""

    name: str = Field(default="", max_length=100, examples=["nightly export"])
    scopes: list[str] = Field(default=[], max_length=100, examples=[["org.read", "audit.read"]])


@operation(
    "POST", "/api/orgs/<o>/keys", tag="Keys", summary="Make a key of the organization", permission=MEMBER,
    body=WantedKey, answer=NewKey, status=201, errors={**_WRONG, "not_a_member": 409}, idempotent=True,
)  # fmt: skip
def create(call: Call, o: str, body: WantedKey) -> NewKey:
    """Shown this once. It opens this organization while you are an active member of it, and may do what your role may at every
    use; a key that is limited to scopes makes no key that may do more."""
    given = (call.database, call.organization(o))
    return keys.create(*given, name=body.name, scopes=body.scopes, actor=call.actor, once=call.once)


@operation(
    "GET", "/api/orgs/<o>/keys", tag="Keys", summary="Keys of the organization", permission=MEMBER,
    query=Listing, answer=Page[KeyView],
)  # fmt: skip
def list_(call: Call, o: str, query: Listing) -> Page[KeyView]:
    """Your own; with the permission `members.manage` everybody's, those of projects too. Oldest first, dead ones too."""
    return keys.list_(call.database, call.organization(o), limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "DELETE", "/api/orgs/<o>/keys/<key>", tag="Keys", summary="Revoke a key of the organization", permission=MEMBER,
    answer=None, status=204, errors=_UNKNOWN,
)  # fmt: skip
def delete(call: Call, o: str, key: str) -> None:
    """The very next request with it is refused. Your own; with the permission `members.manage` everybody's. A key that is limited
    to scopes ends itself, and keys that may not do more."""
    keys.revoke(call.database, call.organization(o), key, actor=call.actor)


@operation(
    "POST", "/api/orgs/<o>/projects/<p>/keys", tag="Keys", summary="Make a key of a project", permission=MEMBER,
    body=WantedKey, answer=NewKey, status=201, errors={**_WRONG, **_PROJECT, "not_a_member": 409}, idempotent=True,
)  # fmt: skip
def create_project_key(call: Call, o: str, p: str, body: WantedKey) -> NewKey:
    """Shown this once. For admins of the project, and who administers all. It reads and writes what stands in the project while
    that lives, whatever becomes of you."""
    given = (call.database, call.organization(o))
    return keys.create(*given, project=p, name=body.name, scopes=body.scopes, actor=call.actor, once=call.once)


@operation(
    "GET", "/api/orgs/<o>/projects/<p>/keys", tag="Keys", summary="Keys of a project", permission=MEMBER,
    query=Listing, answer=Page[KeyView], errors=_PROJECT,
)  # fmt: skip
def list_project_keys(call: Call, o: str, p: str, query: Listing) -> Page[KeyView]:
    """For admins of the project, and who administers all."""
    given = (call.database, call.organization(o))
    return keys.list_(*given, project=p, limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "DELETE", "/api/orgs/<o>/projects/<p>/keys/<key>", tag="Keys", summary="Revoke a key of a project", permission=MEMBER,
    answer=None, status=204, errors={**_UNKNOWN, **_PROJECT},
)  # fmt: skip
def delete_project_key(call: Call, o: str, p: str, key: str) -> None:
    """The very next request with it is refused. For admins of the project, and who administers all. A key that is limited to
    scopes ends itself, and keys that may not do more."""
    keys.revoke(call.database, call.organization(o), key, project=p, actor=call.actor)


@operation(
    "POST", "/api/me/keys", tag="Keys", summary="Make a key of your own", permission=PERSONAL,
    body=WantedKey, answer=NewKey, status=201, errors={**_WRONG, "local_sign_in_needed": 403}, idempotent=True,
)  # fmt: skip
def create_personal_key(call: Call, body: WantedKey) -> NewKey:
    """Shown this once. It opens what a local sign-in of yours opens: no organization whose members sign in through an identity
    provider."""
    given = (call.database, call.person_id, call.now)
    return personal_keys.create(*given, name=body.name, scopes=body.scopes, actor=call.actor, once=call.once)


@operation(
    "GET", "/api/me/keys", tag="Keys", summary="Your own keys", permission=PERSONAL, query=Listing, answer=Page[KeyView],
)  # fmt: skip
def list_personal_keys(call: Call, query: Listing) -> Page[KeyView]:
    """Oldest first, dead ones too."""
    return personal_keys.list_(call.database, call.person_id, limit=query.limit, after=query.after)


@operation(
    "DELETE", "/api/me/keys/<key>", tag="Keys", summary="Revoke a key of your own", permission=PERSONAL,
    answer=None, status=204, errors={**_UNKNOWN, "scope_missing": 403},
)  # fmt: skip
def delete_personal_key(call: Call, key: str) -> None:
    """The very next request with it is refused. A key that is limited to scopes ends itself, and keys that may not do more."""
    personal_keys.revoke(call.database, call.person_id, key, call.now, actor=call.actor)
