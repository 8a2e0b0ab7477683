"""THE WIZARD: an identity provider is connected step by step, in its own words. Each page is open at any time; how far everything
is, is read from what is there.

    /connections/<c>/setup                     all steps, and the way to have somebody else do them
    /connections/<c>/setup/values              every value to copy, for who knows what they do
    /connections/<c>/setup/sign-on             what to do at the provider
    /connections/<c>/setup/identity-provider   what the provider says of itself
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import Blueprint, Flask, Response, request

from connector.admin.forms import optional, ticked
from connector.admin.frame import Visit, done, show, visited_by_link
from connector.admin.guides import GUIDES
from connector.admin.guides.advice import advice
from connector.admin.guides.model import Guide, Track, fill
from connector.admin.steps import Step, counted, next_of, steps_of
from connector.directory import checkup, connections, progress, setup_links, sign_on
from connector.directory.checkup import CheckItem
from connector.directory.connections import ConnectionView
from connector.directory.progress import Progress
from connector.directory.sign_on_model import OidcSide, SignOn
from connector.directory.sign_on_providers import Desk, Told, setups
from connector.directory.sign_on_settings import Options
from connector.errors import ConnectorError
from connector.web import refusals

blueprint = Blueprint("wizard", __name__)

NOT_FOUND_THERE = 422
"""The status of a page that says why the provider could not be asked."""

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
    def by(self) -> str | None:
        """The protocol as the wizard's addresses carry it: while nothing is told, if it is not the one that is recommended."""
        return None if self.connection.sign_on or self.kind == self.guide.recommended[0] else self.kind

    @property
    def lacks(self) -> tuple[Step, ...]:
        """The steps before the last that are missing."""
        return tuple(each for each in self.steps[:-1] if each.state == "missing")

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
    said = SAID | values.pop("said", {})
    return show(visit, template, status=status, said=said, course=at, by=at.by, **values)


def led(visit: Visit, at: Course, step: str, what: str) -> Response:
    """Lead to a step after something was done; the protocol that was chosen stays."""
    return done(visit, at.tail(step), what, by=at.by)


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
        told = _told(at, known)
        changes = setups(Desk(house.sealer, house.fetcher, house.read_metadata), told, at.connection.idp, known, visit.now)
        if wrong := _not_found(visit, known, told):
            return _identity_provider(visit, at, checks=wrong, status=NOT_FOUND_THERE)
        connections.set_(visit.database, visit.here.id, c, base_url=base_url, setups=changes, actor=visit.actor)
    except ConnectorError as error:
        return _identity_provider(visit, at, error=error)
    return done(visit, at.tail("identity-provider"), "told")


def _not_found(visit: Visit, known: SignOn, told: Told) -> tuple[CheckItem, ...]:
    """Why nobody could be sent to the OpenID provider that is told: it does not answer, or names another issuer. What is known
    already is not asked for: its secret can be replaced while it is out of order."""
    issuer = told.oidc_issuer
    if not issuer or (known.oidc and known.oidc.issuer == issuer):
        return ()
    would = replace(known, saml=None, oidc=OidcSide(issuer, told.client_id or "", told.client_secret))
    asked = visit.house.protocols["oidc"].checks(would)
    return tuple(each for each in asked if each.check == "discovery" and not each.ok)


def _told(at: Course, known: SignOn) -> Told:
    """What the form gives: of several ways to give metadata the file counts first, then what is pasted."""
    if at.kind == "oidc":
        before, wanted = known.oidc is not None and known.oidc.userinfo, ticked("userinfo")
        options = Options(userinfo=wanted) if wanted is not before else Options()
        issuer, secret = request.form.get("oidc_issuer", "").strip(), optional("client_secret")
        return Told(None, issuer, optional("client_id"), secret, options)
    file = request.files.get("metadata_file")
    uploaded = file.read() if file else b""
    return Told(uploaded or request.form.get("metadata_paste", "").strip() or request.form.get("metadata_url", "").strip())


def _identity_provider(
    visit: Visit, at: Course, *, checks: Sequence[CheckItem] = (), status: int = 200, error: ConnectorError | None = None
) -> Response:
    """What is a problem stands first, with the form open behind it; then nothing is greeted and the step is not done."""
    status = status if error is None else refusals.status_of(error)
    wrong = [each for each in checks if not each.ok]
    at = _undone(at) if wrong else at
    names = ("metadata_url", "metadata_paste", "oidc_issuer", "client_id", "userinfo")
    typed = {name: request.form.get(name, "") for name in names}
    known = known_of(visit, at)
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
        said={"told": ""} if wrong else {},
        wrong=wrong,
        good=[each for each in checks if each.ok],
        advice_of=lambda code: advice(code, at.connection.idp),
        error=error,
    )


def _undone(at: Course) -> Course:
    """The same with the step that is shown not done."""
    assert at.step is not None  # noqa: S101 - of a step's page
    step = replace(at.step, state="missing")
    return replace(at, step=step, steps=tuple(step if each == at.step else each for each in at.steps))


def known_of(visit: Visit, at: Course) -> SignOn | None:
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
