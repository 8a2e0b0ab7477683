"""The console of the identity provider's admins: applications, provisioning, people. In words of its own, as every console has.

/set-up                the applications, and what each needs to know
/set-up/add            a new one, for SAML or OpenID Connect
/set-up/provisioning   where to push to; a test; pushing
/set-up/people         who is there, in which groups; deactivated here, they are deactivated over there
"""

from __future__ import annotations

import secrets

from flask import Blueprint, Response, request

from idp_fixtures.idp import pages, pushing
from idp_fixtures.idp.asking import provider
from idp_fixtures.idp.provider import Application
from idp_fixtures.idp.pushing import NotPushed, Provisioning
from idp_fixtures.idp.set_up_pages import Said, show

blueprint = Blueprint("set_up", __name__)


@blueprint.get("/set-up")
def applications() -> Response:
    """All of them, each with what is to be told to it."""
    return show("applications", "Applications", idp=provider(), metadata_url=f"{provider().url}/saml/metadata")


@blueprint.get("/set-up/add")
def ask() -> Response:
    """The form of one kind."""
    return _form()


@blueprint.post("/set-up/add")
def add() -> Response:
    """Make it known, or replace the one of this name."""
    name, oidc = _given("name") or "connector", request.form.get("kind") == "oidc"
    missing = [field for field in (("redirect_uri",) if oidc else ("acs_url", "entity_id")) if not _given(field)]
    if missing:
        return _form(Said("Something is missing: " + ", ".join(missing).replace("_", " ") + ".", good=False))
    if oidc:
        made = Application(
            name,
            client_id=secrets.token_hex(8),
            client_secret=secrets.token_urlsafe(24),
            redirect_uris=(_given("redirect_uri"),),
        )
    else:
        made = Application(name, acs_url=_given("acs_url"), entity_id=_given("entity_id"))
    provider().register(made)
    return pages.away("/set-up")


def _form(said: Said | None = None) -> Response:
    kind = "oidc" if request.values.get("kind") == "oidc" else "saml"
    return show("add", "Add an application", said, kind=kind, given=request.form, status=400 if said else 200)


@blueprint.get("/set-up/provisioning")
def provisioning() -> Response:
    """Where it pushes to."""
    return _provisioning(None)


@blueprint.post("/set-up/provisioning")
def provision() -> Response:
    """Keep address and token, then do what the button says: `do` is `test` or `push`. An empty token leaves the one there is."""
    known = provider().provisioning
    token = _given("token") or (known.token if known else "")
    if not _given("base_url") or not token:
        return _provisioning(Said("Both are needed: the SCIM base URL and the token.", good=False))
    target = Provisioning(_given("base_url").rstrip("/"), token.removeprefix("Bearer "))
    provider().provisioning = target
    return _provisioning(_test(target) if request.form.get("do") == "test" else _push(target))


def _provisioning(said: Said | None) -> Response:
    idp = provider()
    groups = {name for each in idp.people() for name in each.groups}
    return show("provisioning", "Provisioning", said, idp=idp, groups=len(groups), given=request.form)


@blueprint.get("/set-up/people")
def people() -> Response:
    """Everybody."""
    return show("people", "People and groups", idp=provider())


@blueprint.post("/set-up/people")
def switch() -> Response:
    """Deactivate `person`, or with `active` activate them; where provisioning is set up, that is pushed at once."""
    try:
        changed = provider().change(_given("person"), active=bool(_given("active")))
    except LookupError as problem:
        return pages.refusal(str(problem))
    done = f"{changed.display_name} is {'active' if changed.active else 'deactivated'}"
    target = provider().provisioning
    pushed = _push(target) if target else Said("Provisioning is not set up, so nobody else was told.", good=True)
    return show("people", "People and groups", Said(f"{done}. {pushed.text}", pushed.good), idp=provider())


def _test(target: Provisioning) -> Said:
    try:
        pushing.try_connection(target)
    except NotPushed as problem:
        return Said(str(problem), good=False)
    return Said("The connection works. Testing it pushes nothing.", good=True)


def _push(target: Provisioning) -> Said:
    try:
        people, groups = pushing.push(target, provider().people())
    except NotPushed as problem:
        return Said(str(problem), good=False)
    return Said(f"Pushed {people} people and {groups} groups.", good=True)


def _given(field: str) -> str:
    return request.form.get(field, "").strip()
