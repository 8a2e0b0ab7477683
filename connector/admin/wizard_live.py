"""THE WIZARD, its end: the test sign-in, a way in for the day the provider fails, and going live."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from connector.admin import wizard
from connector.admin.forms import text
from connector.admin.frame import Visit, visited, visited_by_link
from connector.admin.guides.advice import advice, silence
from connector.admin.plans import proposed
from connector.admin.steps import is_live
from connector.admin.wizard import Course
from connector.directory import connections, progress, setup_links, sign_on, trial_record
from connector.directory.sign_on_settings import Options
from connector.errors import ConnectorError
from connector.membership.model import Mode
from connector.organizations import break_glass
from connector.web import pages, refusals

blueprint = Blueprint("wizard_live", __name__)

SAID = {
    "named": "They are a break-glass owner now. Print their recovery codes.",
    "ready": "The owners are told by mail that everything is ready.",
    "told": "The owners were told today already.",
}


@blueprint.get("/admin/<o>/connections/<c>/setup/test")
@visited_by_link
def test(visit: Visit, c: str) -> Response:
    """The button that starts one, and what came of the last."""
    at = wizard.course(visit, c, "test")
    idp = at.connection.idp
    return wizard.page(
        visit,
        at,
        "admin/setup_test.html",
        elsewhere=_elsewhere(visit, at),
        advice_of=lambda code: advice(code, idp) if code else None,
        silence=silence(idp, "sign_in"),
    )


@blueprint.post("/admin/<o>/connections/<c>/setup/test")
@visited_by_link
def start_test(visit: Visit, c: str) -> Response:
    """Lead to a test sign-in, by a link of its own."""
    return _begin_test(visit, c)


@blueprint.post("/admin/<o>/connections/<c>/setup/test/userinfo")
@visited_by_link
def ask_userinfo(visit: Visit, c: str) -> Response:
    """Let UserInfo be asked for what the ID token leaves out, and lead to a test sign-in."""
    base_url, asks = visit.house.settings.base_url, sign_on.choice(Options(userinfo=True), now=visit.now)
    connections.set_(visit.database, visit.here.id, c, base_url=base_url, setups=[asks], actor=visit.actor)
    return _begin_test(visit, c)


def _begin_test(visit: Visit, c: str) -> Response:
    base_url = visit.house.settings.base_url
    link = trial_record.make_link(visit.database, visit.here.id, c, base_url, now=visit.now, actor=visit.actor)
    return pages.redirect(link)


def _elsewhere(visit: Visit, at: Course) -> bool:
    """Whether what the last test lacked may be told by the provider's UserInfo, which is not asked yet."""
    tried, known = at.progress.tried, wizard.known_of(visit, at)
    if tried is None or known is None or known.oidc is None or known.oidc.userinfo:
        return False
    return any(each.get("code") in ("email_missing", "groups_unknown") for each in tried.result.get("findings", []))


# ------------------------------------------------------------------------------------------------------------ break-glass


@blueprint.get("/admin/<o>/connections/<c>/setup/break-glass")
@visited
def way_in(visit: Visit, c: str) -> Response:
    """Who comes in when the provider fails."""
    return _way_in(visit, wizard.course(visit, c, "break-glass"))


@blueprint.post("/admin/<o>/connections/<c>/setup/break-glass")
@visited
def name_owner(visit: Visit, c: str) -> Response:
    """Name somebody."""
    at = wizard.course(visit, c, "break-glass")
    try:
        break_glass.add(visit.database, visit.here.id, text("email"), actor=visit.actor)
    except ConnectorError as error:
        return _way_in(visit, at, error=error)
    return wizard.led(visit, at, "break-glass", "named")


def _way_in(visit: Visit, at: Course, *, error: ConnectorError | None = None) -> Response:
    return wizard.page(
        visit,
        at,
        "admin/setup_break_glass.html",
        status=200 if error is None else refusals.status_of(error),
        said=SAID,
        owners=break_glass.list_(visit.database, visit.here.id, actor=visit.actor),
        most=break_glass.AT_MOST,
        typed=text("email"),
        error=error,
    )


# ---------------------------------------------------------------------------------------------------------------- go live


@blueprint.get("/admin/<o>/connections/<c>/setup/go-live")
@visited_by_link
def go_live(visit: Visit, c: str) -> Response:
    """What is still missing, and what is to become of what people have; once it is done, what now happens."""
    return _go_live(visit, wizard.course(visit, c, "go-live"))


@blueprint.post("/admin/<o>/connections/<c>/setup/go-live")
@visited_by_link
def look_first(visit: Visit, c: str) -> Response:
    """Lead to the plan of it."""
    at = wizard.course(visit, c, "go-live")
    keep = text("handing") == "keep"
    switching = at.progress.mode is Mode.INVITATION and visit.setup is None
    kind = "mode" if switching else "activate"
    given: dict[str, Any] = {"connection": c, "keep": keep} | ({"mode": "sso"} if switching else {})
    try:
        return proposed(visit, kind, given, back=at.tail("go-live"))
    except ConnectorError as error:
        return _go_live(visit, at, error=error)


@blueprint.post("/admin/<o>/connections/<c>/setup/ready")
@visited_by_link
def tell_ready(visit: Visit, c: str) -> Response:
    """Tell the owners that they can take over."""
    at = wizard.course(visit, c, "go-live")
    told = setup_links.ready(visit.database, visit.here.id, c, actor=visit.actor)
    return wizard.led(visit, at, "go-live", "ready" if told else "told")


def _standing(visit: Visit, at: Course) -> str:
    """Whether the visitor is a break-glass owner who is not signed in through the connection ("outside"), may become one by going
    live ("perhaps"), or neither ("")."""
    inside = any(each.connection_id == at.connection.id for each in visit.actor.authentications)
    if visit.setup is not None or inside:
        return ""
    owners = break_glass.list_(visit.database, visit.here.id, actor=visit.actor)
    if any(each.user_id == visit.actor.person_id for each in owners):
        return "outside"
    return "" if owners else "perhaps"


def _go_live(visit: Visit, at: Course, *, error: ConnectorError | None = None) -> Response:
    switching = at.progress.mode is Mode.INVITATION and visit.setup is None
    return wizard.page(
        visit,
        at,
        "admin/setup_go_live.html",
        status=200 if error is None else refusals.status_of(error),
        said=SAID,
        live=is_live(at.progress),
        standing=_standing(visit, at),
        switching=at.progress.mode is Mode.INVITATION,
        outsiders=progress.outsiders(visit.database, visit.here.id, actor=visit.actor) if switching else None,
        handing=text("handing") or "hand-over",
        login_url=f"{visit.house.settings.base_url}/login",
        error=error,
    )
