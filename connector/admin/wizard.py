"""THE WIZARD: an identity provider is connected step by step, in its own words. Each page is open at any time; how far everything
is, is read from what is there.

    /connections/<c>/setup                     all steps, and the way to have somebody else do them
    /connections/<c>/setup/values              every value to copy, for who knows what they do
    /connections/<c>/setup/sign-on             what to do at the provider
    /connections/<c>/setup/identity-provider   what the provider says of itself
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from flask import Blueprint, Flask, Response, request

from connector.admin.forms import optional
from connector.admin.frame import Visit, done, show, visited_by_link
from connector.admin.guides import GUIDES
from connector.admin.guides.advice import advice
from connector.admin.guides.model import Guide, Track, fill
from connector.admin.steps import Step, counted, next_of, steps_of
from connector.directory import checkup, connections, progress, setup_links, sign_on
from connector.directory.checkup import CheckItem
from connector.directory.connections import ConnectionView
from connector.directory.progress import Progress
from connector.directory.sign_on_model import SignOn
from connector.directory.sign_on_providers import Desk, Told, setups
from connector.errors import ConnectorError
from connector.web import refusals

blueprint = Blueprint("wizard", __name__)

SAID = {
    "connected": "The connection is there, as a draft: nobody can sign in through it before you go live.",
    "told": "What the identity provider says of itself was read.",
    "revoked": "The set-up link is revoked: it opens nothing any more.",
}


@blueprint.record
def _prepare(state: Any) -> None:
    app: Flask = state.app
    app.jinja_env.globals.update(counted=counted)


@dataclass(frozen=True, slots=True)
class Course:
    """A connection on its way through the wizard: how far it is, what its provider is called, the guide and the protocol that its
    pages go by, the steps, and the one whose page is shown (None on the pages about all)."""

    progress: Progress
    called: str
    guide: Guide
    kind: str
    steps: tuple[Step, ...]
    step: Step | None

    @property
    def connection(self) -> ConnectionView:
        """The connection itself."""
        return self.progress.connection

    @property
    def track(self) -> Track:
        """The guide's steps for signing in by this protocol."""
        return self.guide.track(self.kind) or self.guide.tracks[0]

    @property
    def others(self) -> tuple[Track, ...]:
        """The protocols that could still be taken instead."""
        signing = (track for track in self.guide.tracks if track.kind in ("saml", "oidc") and track.kind != self.kind)
        return () if self.connection.sign_on else tuple(signing)

    @property
    def next(self) -> Step | None:
        """The first step that is missing."""
        return next_of(self.steps)

    @property
    def values(self) -> dict[str, str]:
        """Our values, for the guide."""
        return {name: value for name, value in asdict(self.connection).items() if isinstance(value, str)}

    def tail(self, step: str = "") -> str:
        """The tail of the address of a page of this wizard."""
        return f"/connections/{self.connection.id}/setup" + (f"/{step}" if step else "")

    def beside(self, by: int) -> Step | None:
        """The step before (-1) or behind (1) the one shown."""
        at = self.steps.index(self.step) + by if self.step in self.steps else -1
        return self.steps[at] if 0 <= at < len(self.steps) else None


def course(visit: Visit, c: str, tail: str = "") -> Course:
    """Read how far a connection is. Raises NotFound `connection_not_found`, and what `progress.show` raises."""
    base_url = visit.house.settings.base_url
    found = progress.show(visit.database, visit.here.id, c, base_url=base_url, now=visit.now, actor=visit.actor)
    guide = GUIDES[found.connection.idp]
    called = found.connection.name if guide.idp == "generic" else guide.name
    steps = steps_of(found, guide, called, by_link=visit.setup is not None)
    step = next((each for each in steps if each.tail == tail), None)
    return Course(found, called, guide, _kind(found.connection, guide), steps, step)


def _kind(view: ConnectionView, guide: Guide) -> str:
    """What is there decides; before, what was chosen; else what the guide recommends."""
    chosen = view.sign_on or request.values.get("by", "")
    return chosen if chosen in ("saml", "oidc") and guide.track(chosen) else guide.recommended[0]


def page(visit: Visit, at: Course, template: str, *, status: int = 200, **values: Any) -> Response:
    """A page of the wizard."""
    by = None if at.connection.sign_on or at.kind == at.guide.recommended[0] else at.kind
    said = SAID | values.pop("said", {})
    return show(visit, template, status=status, said=said, course=at, by=by, **values)


@blueprint.get("/admin/<o>/connections/<c>/setup")
@visited_by_link
def overview(visit: Visit, c: str) -> Response:
    """All steps, done and to do; and the set-up links, for who may make some."""
    at = course(visit, c)
    links = setup_links.list_(visit.database, visit.here.id, now=visit.now, actor=visit.actor) if not visit.setup else None
    return page(visit, at, "admin/setup.html", links=links, error=None, link=None, given={})


@blueprint.get("/admin/<o>/connections/<c>/setup/values")
@visited_by_link
def values(visit: Visit, c: str) -> Response:
    """Every value to copy at once."""
    return page(visit, course(visit, c), "admin/setup_values.html")


@blueprint.get("/admin/<o>/connections/<c>/setup/sign-on")
@visited_by_link
def sign_on_page(visit: Visit, c: str) -> Response:
    """The provider's own steps, with our values in them."""
    at = course(visit, c, "sign-on")
    return page(visit, at, "admin/setup_sign_on.html", work=[fill(step, at.values) for step in at.track.steps])


# ------------------------------------------------------------------------------------------------------ identity provider


@blueprint.get("/admin/<o>/connections/<c>/setup/identity-provider")
@visited_by_link
def identity_provider(visit: Visit, c: str) -> Response:
    """What we know of the provider, and the form to tell it. Right after it was told, the provider is asked."""
    at = course(visit, c, "identity-provider")
    checks = _asked(visit, at) if request.args.get("done") == "told" else ()
    return _identity_provider(visit, at, checks=checks)


@blueprint.post("/admin/<o>/connections/<c>/setup/identity-provider")
@visited_by_link
def tell(visit: Visit, c: str) -> Response:
    """Read what is told; what cannot be read is said above the form."""
    at = course(visit, c, "identity-provider")
    base_url, house = visit.house.settings.base_url, visit.house
    try:
        known = sign_on.load(visit.database, house.sealer, c, base_url)
        changes = setups(Desk(house.sealer, house.fetcher, house.read_metadata), _told(at), at.connection.idp, known, visit.now)
        connections.set_(visit.database, visit.here.id, c, base_url=base_url, setups=changes, actor=visit.actor)
    except ConnectorError as error:
        return _identity_provider(visit, at, error=error)
    return done(visit, at.tail("identity-provider"), "told")


def _told(at: Course) -> Told:
    """What the form gives: of several ways to give metadata the file counts first, then what is pasted."""
    if at.kind == "oidc":
        return Told(None, request.form.get("oidc_issuer", "").strip(), optional("client_id"), optional("client_secret"))
    file = request.files.get("metadata_file")
    uploaded = file.read() if file else b""
    return Told(uploaded or request.form.get("metadata_paste", "").strip() or request.form.get("metadata_url", "").strip())


def _identity_provider(
    visit: Visit, at: Course, *, checks: Iterable[CheckItem] = (), error: ConnectorError | None = None
) -> Response:
    status = 200 if error is None else refusals.status_of(error)
    typed = {name: request.form.get(name, "") for name in ("metadata_url", "metadata_paste", "oidc_issuer", "client_id")}
    known = _known(visit, at)
    asks = {ask.kind: ask for step in at.track.steps for ask in step.asks}
    work = [fill(step, at.values) for step in at.track.steps if step.asks]
    metadata = sign_on.metadata_state(visit.database, at.connection.id) if known and known.saml else None
    return page(
        visit,
        at,
        "admin/setup_idp.html",
        status=status,
        asks=asks,
        work=work,
        known=known,
        metadata=metadata,
        typed=typed,
        checks=tuple(checks),
        advice_of=lambda code: advice(code, at.connection.idp),
        error=error,
    )


def _known(visit: Visit, at: Course) -> SignOn | None:
    """The sign-on side, for whoever was found to manage the connection; None while there is none."""
    if at.connection.sign_on is None:
        return None
    return sign_on.load(visit.database, visit.house.sealer, at.connection.id, visit.house.settings.base_url, now=visit.now)


def _asked(visit: Visit, at: Course) -> tuple[CheckItem, ...]:
    """What the provider says of itself now."""
    house = visit.house

    def ask(found: SignOn) -> Iterable[CheckItem]:
        return house.protocols[str(found.protocol)].checks(found)

    who = (visit.database, house.sealer, visit.here.id, at.connection.id)
    told = checkup.look_at(*who, base_url=house.settings.base_url, now=visit.now, ask=ask, actor=visit.actor)
    return tuple(each for each in told.items if each.check not in ("state", "domains", "rules", "test sign-in", "sign-on"))
