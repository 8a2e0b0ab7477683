"""An organization in which there is one of everything that an address of the API can name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import update

from connector.accounts.secret import new_token
from connector.membership.roles import PRESETS
from connector.organizations import invitations
from connector.storage import tables as t
from idp_fixtures.saml.metadata import metadata
from idp_fixtures.saml.vendors import VENDORS
from tests.api.cast import Cast, cast
from tests.support.api import BASE, Api, Client

ORG = "/api/orgs/acme"
WORDS = {
    "name": "Sales",
    "slug": "sales",
    "role": "member",
    "kind": "agent",
    "id": "reader",
    "resource_kind": "agent",
    "resource_id": "writer",
    "project": "website",
    "organization": "acme",
    "domain": "sales.example",
    "team": "engineering",
    "default_role": "member",
    "subject": "org:*",
}
_ZOE = {"email": "zoe@new.example", "username": "zoe"}


@dataclass(frozen=True)
class Furnished:
    """`owner` is signed in there, and runs the installation. `things` are what variables of addresses stand for; `own` those of a
    single operation, by its id; `words` what fields of bodies may be."""

    api: Api
    owner: Client
    things: Mapping[str, str]
    own: Mapping[str, Mapping[str, str]]
    words: Mapping[str, str]

    def named(self, operation: str, variables: tuple[str, ...]) -> dict[str, str]:
        """What the address of an operation is filled with."""
        here = {**self.things, **self.own.get(operation, {})}
        return {name: here[name] for name in variables}


def furnish(api: Api, preset: str = "oagents") -> Furnished:
    """Make the organization acme, by its owner and over HTTP where it can be done so."""
    everyday = PRESETS[preset].catalogue.default
    acme = cast(api, preset, mia=everyday, sue=everyday)
    with api.database.engine.begin() as tx:
        tx.execute(update(t.Person).where(t.Person.id == acme.id("owner")).values(super_admin=True))
    owner = acme.owner
    things = {"o": acme.organization, "user_id": acme.id("mia"), **_places(owner), **_doors(owner, everyday)}
    owner.post(f"{ORG}/members/{acme.id('sue')}/suspend").ok()
    api.as_(_ZOE["email"]).patch("/api/me", {"username": _ZOE["username"]}).ok()
    own = {**_keys(owner), **_grants(owner, things), **_invitations(api, acme)}
    own["remove_super_admin"] = {"email": acme.address("owner")}
    own["end_session"] = {"session": api.as_(acme.address("owner")).get("/api/me/sessions").ok()["items"][-1]["id"]}
    own |= {name: {"kind": "note"} for name in ("put_resource_kind", "remove_resource_kind")}
    return Furnished(api, owner, things, own, {**WORDS, "connection": things["c"], **_ZOE})


def _places(owner: Client) -> dict[str, str]:
    """Teams, projects and what stands in them."""
    team = owner.post(f"{ORG}/teams", {"name": "Engineering"}).ok()["id"]
    project = owner.post(f"{ORG}/projects", {"name": "Website"}).ok()["id"]
    owner.put(f"{ORG}/resource-kinds/note", {"enforced": True}).ok()
    for address in (f"{ORG}/resources", "/api/resources"):
        owner.post(address, {"kind": "agent", "name": "Writer", "id": "writer"}).ok()
    return {"team": team, "project": project, "p": project, "t": team, "kind": "agent", "resource": "writer"}


def _doors(owner: Client, role: str) -> dict[str, str]:
    """A connection that signs people in, with everything around it, and a domain."""
    xml = metadata(VENDORS["okta"]).decode()
    connection = owner.post(f"{ORG}/connections", {"name": "Okta", "idp": "okta", "saml_metadata": xml}).ok()["id"]
    here = f"{ORG}/connections/{connection}"
    owner.post(f"{ORG}/domains", {"domain": "acme.example"}).ok()
    token = owner.post(f"{here}/tokens", {}).ok()["id"]
    client = owner.post(f"{here}/clients").ok()["client_id"]
    rule = owner.post(f"{ORG}/rules", {"connection": connection, "everyone": True, "role": role}).ok()["id"]
    fingerprint = owner.get(f"{here}/certificates").ok()["items"][0]["fingerprint"]
    digest = owner.post(f"{ORG}/plans", {}).ok()["digest"]
    link = owner.post(f"{ORG}/setup-links", {}).ok()["id"]
    named = {"c": connection, "d": "acme.example", "rule": rule, "digest": digest, "fingerprint": fingerprint, "link": link}
    return {**named, "token_id": token, "client_id": client}


def _keys(owner: Client) -> dict[str, dict[str, str]]:
    """A key of each kind."""
    addresses = {
        "delete_key": f"{ORG}/keys",
        "delete_project_key": f"{ORG}/projects/website/keys",
        "delete_personal_key": "/api/me/keys",
    }
    return {name: {"key": owner.post(address, {}).ok()["id"]} for name, address in addresses.items()}


def _grants(owner: Client, things: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What a team may do, and what everybody may."""
    given = {"resource_kind": "agent", "resource_id": "writer", "permission": "read"}
    return {
        "remove_team_grant": {"grant": owner.put(f"{ORG}/teams/{things['team']}/grants", given).ok()["id"]},
        "remove_grant": {"grant": owner.put(f"{ORG}/grants", given).ok()["id"]},
    }


def _invitations(api: Api, acme: Cast) -> dict[str, dict[str, str]]:
    """One to somebody, which is told in many ways, and one to the owner from another organization."""
    sent = {
        name: acme.owner.post(f"{ORG}/invitations", {"email": f"{name}@new.example"}).ok()["id"]
        for name in ("cancel", "resend", "approve")
    }
    token = new_token()
    invitations.invite(api.database, api.sealer, BASE, acme.organization, "link@new.example", token=token)
    mine, other = (
        cast(api, "oagents", slug=slug).owner.post(f"/api/orgs/{slug}/invitations", {"email": acme.address("owner")}).ok()["id"]
        for slug in ("beta", "gamma")
    )
    return {
        "cancel_invitation": {"id": sent["cancel"]},
        "resend_invitation": {"id": sent["resend"]},
        "approve_move": {"id": sent["approve"]},
        **{name: {"id": mine} for name in ("accept_my_invitation", "request_move")},
        "decline_my_invitation": {"id": other},
        **{name: {"token": token} for name in ("show_invitation_link", "accept_invitation_link")},
    }
