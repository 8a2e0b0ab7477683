"""Every page that there is, as somebody finds it in the furnished installation: what the tests and `make screenshots` go through.

A new page is a new line here; `test_pages.py` fails when a page of the console is in no line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from werkzeug.exceptions import NotFound

from connector.accounts.sessions import Proof
from tests.support.showcase import INVITED, MIRA, Showcase, furnish
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
    Stop("sign-in", "/login", "", picture=True),
    Stop("code", "/login/code", ""),
    Stop("dead-link", "/login/link?token=gone", ""),
    Stop("link", "{link}", ""),
    Stop("invitation", "{invitation}", ""),
    Stop("invitation-of-another", "{invitation}"),
    Stop("refusal", "/sso/{entra}/login", ""),
    Stop("start", "/"),
    Stop("start-invited", "/", INVITED),
    Stop("start-nowhere", "/", "nobody@initech.example"),
    Stop("sessions", "/sessions"),
    Stop("recovery", "/login/recovery"),
    Stop("my-keys", "/keys"),
    Stop("set-up-link", "{set_up}", ""),
    Stop("overview", "/admin/acme", picture=True),
    Stop("overview-invitation", "/admin/globex"),
    Stop("nowhere", "/admin/initech"),
    Stop("people", "/admin/acme/people", picture=True),
    Stop("person", "/admin/acme/people/{person}", picture=True),
    Stop("people-add", "/admin/globex/people/add"),
    Stop("invitations", "/admin/globex/invitations"),
    Stop("invitations-none", "/admin/acme/invitations"),
    Stop("teams", "/admin/acme/teams"),
    Stop("team", "/admin/acme/teams/engineering"),
    Stop("projects", "/admin/acme/projects"),
    Stop("project", "/admin/acme/projects/warehouse-robots"),
    Stop("roles", "/admin/acme/roles"),
    Stop("connections", "/admin/acme/connections"),
    Stop("connect", "/admin/acme/connections/new", picture=True),
    Stop("connection", "/admin/acme/connections/{okta}", picture=True),
    Stop("set-up", "/admin/acme/connections/{entra}/setup"),
    *(
        Stop(f"set-up-{step}", f"/admin/acme/connections/{{entra}}/setup/{step}")
        for step in ("sign-on", "identity-provider", "domain", "provisioning", "test", "groups", "break-glass", "go-live")
    ),
    Stop("domains", "/admin/acme/domains"),
    Stop("mapping", "/admin/acme/mapping", picture=True),
    Stop("plan", "/admin/acme/plans/{plan}", picture=True),
    Stop("log", "/admin/acme/log", picture=True),
    Stop("sign-ins", "/admin/acme/sign-ins"),
    Stop("mode", "/admin/acme/mode"),
    Stop("audit", "/admin/acme/audit"),
    Stop("keys", "/admin/acme/keys"),
    Stop("break-glass", "/admin/acme/break-glass"),
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

    def answers(self, stop: Stop) -> bool:
        """Whether there is such a page."""
        try:
            self.site.app.url_map.bind("localhost").match(self.path(stop).partition("?")[0])
        except NotFound:
            return False
        return True

    def proofs(self, stop: Stop) -> tuple[Proof, ...]:
        """How somebody signs in who may look at everything: by e-mail link, and through Okta."""
        return (Proof("email_link"), self.showcase.through_okta) if stop.who == MIRA else ()


@contextmanager
def touring(url: str, folder: Path, base_url: str = "http://localhost:{port}") -> Iterator[Tour]:
    """Furnish an empty database and serve it."""
    with served(url, folder, base_url=base_url) as site:
        yield Tour(site, furnish(site.house))
