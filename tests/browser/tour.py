"""Every page that there is, as somebody finds it in the furnished installation: what the tests and `make screenshots` go through.

A new page is a new line here; `test_pages.py` fails when a page of the console is in no line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from connector.accounts.sessions import Proof
from tests.support.showcase import FOUNDER, INVITED, MEMBER, MIRA, NOBODY, Showcase, furnish
from tests.support.site import Site, served


@dataclass(frozen=True)
class Stop:
    """A page: its name, its path with ids of the `Showcase` in braces, and who looks at it ("" nobody who is signed in).

    `picture` are those that the documentation shows.
    """

    name: str
    path: str
    who: str = MIRA
    picture: bool = False


STOPS = (
    Stop("sign-in", "/login", ""),
    Stop("code", "/login/code", ""),
    Stop("link", "{link}", ""),
    Stop("dead-link", "/login/link?token=gone", ""),
    Stop("invitation", "{invitation}", ""),
    Stop("invitation-of-another", "{invitation}"),
    Stop("refusal", "/sso/{entra}/login", ""),
    Stop("set-up-link", "{set_up}", ""),
    Stop("start", "/"),
    Stop("start-invited", "/", INVITED),
    Stop("start-nowhere", "/", NOBODY),
    Stop("sessions", "/sessions"),
    Stop("account", "/account"),
    Stop("my-keys", "/keys"),
    Stop("recovery", "/login/recovery"),
    Stop("new-organization", "/organizations/new"),
    Stop("shut", "/admin/acme", FOUNDER),
    Stop("nowhere", "/admin/initech"),
    Stop("overview", "/admin/acme", picture=True),
    Stop("overview-invitation", "/admin/globex"),
    Stop("overview-member", "/admin/globex", MEMBER),
    Stop("people", "/admin/acme/people"),
    Stop("people-not-members", "/admin/acme/people/not-members"),
    Stop("people-add", "/admin/globex/people/add"),
    Stop("people-add-none", "/admin/acme/people/add"),
    Stop("person", "/admin/acme/people/{person}", picture=True),
    Stop("person-history", "/admin/acme/people/{person}/history"),
    Stop("person-role", "/admin/acme/people/{person}/role?role=admin"),
    Stop("person-link", "/admin/acme/people/{person}/link"),
    *(
        Stop(f"person-{what}", f"/admin/acme/people/{{person}}/{what}")
        for what in ("suspend", "remove", "block", "unlink", "sign-out")
    ),
    Stop("invitations", "/admin/globex/invitations"),
    Stop("invitations-none", "/admin/acme/invitations"),
    Stop("teams", "/admin/acme/teams"),
    Stop("team", "/admin/acme/teams/engineering"),
    Stop("team-delete", "/admin/acme/teams/incident-response/delete"),
    Stop("projects", "/admin/acme/projects"),
    Stop("project", "/admin/acme/projects/warehouse-robots"),
    Stop("project-delete", "/admin/acme/projects/warehouse-robots/delete"),
    Stop("roles", "/admin/acme/roles"),
    Stop("role", "/admin/acme/roles/admin"),
    Stop("connections", "/admin/acme/connections"),
    Stop("connections-none", "/admin/globex/connections"),
    Stop("connect", "/admin/acme/connections/new", picture=True),
    Stop("connect-okta", "/admin/acme/connections/new?idp=okta"),
    Stop("connection", "/admin/acme/connections/{okta}", picture=True),
    *(Stop(f"connection-{tail}", f"/admin/acme/connections/{{okta}}/{tail}") for tail in ("credentials", "options", "state")),
    Stop("token-revoke", "/admin/acme/connections/{okta}/tokens/{token}/revoke"),
    Stop("client-revoke", "/admin/acme/connections/{okta}/clients/{client}/revoke"),
    Stop("certificate-drop", "/admin/acme/connections/{okta}/certificates/{certificate}/drop"),
    Stop("set-up", "/admin/acme/connections/{entra}/setup"),
    *(
        Stop(f"set-up-{step}", f"/admin/acme/connections/{{entra}}/setup/{step}")
        for step in (
            "values",
            "sign-on",
            "identity-provider",
            "domain",
            "provisioning",
            "test",
            "groups",
            "break-glass",
            "go-live",
        )
    ),
    Stop("set-up-done", "/admin/acme/connections/{okta}/setup/go-live"),
    Stop("domains", "/admin/acme/domains"),
    Stop("mapping", "/admin/acme/mapping", picture=True),
    Stop("mapping-none", "/admin/globex/mapping"),
    Stop("mapping-add", "/admin/acme/mapping/add"),
    Stop("mapping-rules", "/admin/acme/mapping/rules"),
    Stop("mapping-rule", "/admin/acme/mapping/rules/{rule}"),
    Stop("mapping-policy", "/admin/acme/mapping/policy"),
    Stop("plan", "/admin/acme/plans/{plan}", picture=True),
    Stop("log", "/admin/acme/log", picture=True),
    Stop("sign-ins", "/admin/acme/sign-ins"),
    Stop("mode", "/admin/acme/mode"),
    Stop("mode-invitation", "/admin/globex/mode"),
    Stop("audit", "/admin/acme/audit"),
    Stop("keys", "/admin/acme/keys"),
    Stop("break-glass", "/admin/acme/break-glass"),
    Stop("break-glass-remove", "/admin/acme/break-glass/{founder}/remove"),
    Stop("settings", "/admin/acme/settings"),
    Stop("leave", "/admin/globex/leave"),
    Stop("delete", "/admin/acme/delete"),
)


@dataclass(frozen=True)
class Tour:
    """The furnished installation, served."""

    site: Site
    showcase: Showcase

    def path(self, stop: Stop) -> str:
        """Where a page is."""
        return stop.path.format(**asdict(self.showcase))

    def endpoint(self, stop: Stop) -> str:
        """What answers there. Raises NotFound of Werkzeug where nothing does."""
        endpoint, _ = self.site.app.url_map.bind("localhost").match(self.path(stop).partition("?")[0])
        return str(endpoint)

    def proofs(self, stop: Stop) -> tuple[Proof, ...]:
        """How somebody signs in who may look at everything: by e-mail link, and through Okta."""
        return (Proof("email_link"), self.showcase.through_okta) if stop.who == MIRA else ()


@contextmanager
def touring(url: str, folder: Path, base_url: str = "http://localhost:{port}") -> Iterator[Tour]:
    """Furnish an empty database and serve it."""
    with served(url, folder, base_url=base_url) as site:
        yield Tour(site, furnish(site.house))
