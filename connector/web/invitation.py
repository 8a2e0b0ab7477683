"""INVITATIONS as pages: what the link of a mail offers, and the answers to it; and to those that the start page shows.

GET  /invitations/<token>   the offer; looking changes nothing, so mail scanners may
POST /invitations/<token>   `answer`: accept, decline, or move
POST /invitations           the same for an invitation of mine, by its `id`
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from connector.accounts import throttle
from connector.accounts.sessions import Session
from connector.errors import Conflict, ConnectorError, Forbidden, Gone, Invalid, NotFound
from connector.membership.opening import opens_personal
from connector.organizations import invitation_links, joining, moving
from connector.organizations.invitation_links import Offer
from connector.organizations.joining import MyInvitation
from connector.web import cookies, inside, login, pages, refusals
from connector.web.house import house
from connector.web.refusals import Words
from connector.web.visitors import actor_of, visitor

blueprint = Blueprint("invitation", __name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows, and where its buttons lead; `id` names an invitation of mine that came without a link."""

    offer: Offer | MyInvitation
    action: str
    id: str = ""


@blueprint.get("/invitations/<token>")
def show(token: str) -> Response:
    """The offer of a link, and what its reader can do: accept it, sign in first, or see that it is for somebody else."""
    _count()
    try:
        offer = invitation_links.look(house().database, token)
    except (NotFound, Gone, Conflict) as error:
        return _over(error)
    return _offered(token, offer)


def _offered(token: str, offer: Offer) -> Response:
    session = login.current_session()
    shown, state = Shown(offer, _path(token)), _state(token, offer, session)
    return _page(shown, state, session=session, sign_in=sign_in_at(token, offer.email))


def _state(token: str, offer: Offer, session: Session | None) -> str:
    if session is None:
        return "sign_in" if offer.needs_sign_in else "open"
    try:
        invitation_links.invitation_of(house().database, token, actor=actor_of(session))
    except Forbidden:
        return "other"
    return "open" if _is_personal(session) else "local"


@blueprint.post("/invitations/<token>")
def answer(token: str) -> Response:
    """Answer by a link. Whoever has no account is signed in with the one that is made."""
    _count()
    session = login.current_session()
    try:
        return _answered(token, session, request.form.get("answer", ""))
    except (NotFound, Gone, Conflict) as error:
        if error.code == "single_org" and session is not None:
            return _page(Shown(invitation_links.look(house().database, token), _path(token)), "move", 409, session=session)
        return _over(error)


def _answered(token: str, session: Session | None, given: str) -> Response:
    offer = invitation_links.look(house().database, token)
    state = _state(token, offer, session)
    if given == "decline" and state != "other":
        invitation_links.decline(house().database, token, visitor(), actor=None)
        return _page(Shown(offer, ""), "declined")
    if given == "accept" and state == "open":
        return _accepted(token, session)
    if given == "move" and state == "open" and session is not None:
        return _move(invitation_links.invitation_of(house().database, token, actor=actor_of(session)), session)
    return _offered(token, offer)


def _accepted(token: str, session: Session | None) -> Response:
    actor = actor_of(session) if session is not None else None
    entered = invitation_links.accept(house().database, token, visitor(), actor=actor, sign_in_at=sign_in_at(token))
    response = pages.redirect(house().path("/"))
    if entered.session_token is not None:
        cookies.set_session(response, entered.session_token)
    return response


@blueprint.post("/invitations")
def answer_mine() -> Response:
    """Answer an invitation that the start page shows.

    Raises NotFound, Gone and Conflict as `joining.accept` and `moving.request`, Invalid `answer_invalid`.
    """
    session = login.current_session()
    if session is None or not _is_personal(session):
        return login.to_login("/")
    invitation_id, given = request.form.get("id", "")[:100], request.form.get("answer", "")
    if given == "move":
        return _move(invitation_id, session)
    if given not in ("accept", "decline"):
        expected = "answer with accept, decline or move"
        raise Invalid("answer_invalid", "This is no answer to an invitation.", expected=expected)
    verb = joining.accept if given == "accept" else joining.decline
    try:
        verb(house().database, invitation_id, actor=actor_of(session))
    except Conflict as error:
        return _in_the_way(invitation_id, session, error)
    return inside.done("/", "joined" if given == "accept" else "declined")


def _in_the_way(invitation_id: str, session: Session, error: Conflict) -> Response:
    waiting = joining.mine(house().database, session.person_id, limit=200).items
    offer = next((each for each in waiting if each.id == invitation_id), None)
    if offer is None or error.code != "single_org":
        raise error
    return _page(Shown(offer, house().path("/invitations"), invitation_id), "move", 409, session=session)


def _move(invitation_id: str, session: Session) -> Response:
    asked = moving.request(house().database, invitation_id, actor=actor_of(session))
    return _page(Shown(asked, ""), "moving", session=session)


def sign_in_at(token: str, email: str = "") -> str:
    """The address to sign in at that leads back to the invitation."""
    query = {"next": _path(token)} | ({"email": email} if email else {})
    return f"{house().settings.base_url}/login?{urlencode(query)}"


def _path(token: str) -> str:
    return house().path(f"/invitations/{token}")


def _page(shown: Shown, state: str, status: int = 200, *, session: Session | None = None, sign_in: str = "") -> Response:
    who = session.email or session.name or "somebody without an address" if session else ""
    facts = {"offer": shown.offer, "action": shown.action, "id": shown.id}
    response = pages.page("invitation.html", status, leads_away=True, **facts, state=state, who=who, sign_in=sign_in)
    if status == 409:
        response.headers["X-Connector-Error"] = "single_org"
    return response


_WORDS = {
    "invitation_not_found": (
        "This link leads to no invitation",
        "It is not whole, or the invitation was sent again since: only the newest mail has a link that works.",
    ),
    "invitation_expired": ("This invitation has expired", "Ask whoever invited you to invite you again: then a new mail comes."),
    "invitation_over": (
        "This invitation is over",
        "It has been answered, or whoever invited you has taken it back. If you accepted it, sign in: you find your organization"
        " there.",
    ),
    "membership_mode": (
        "Sign in with your work account",
        "This organization does not take people in by invitation any more: they sign in through its own accounts. Type your work"
        " address at the sign-in, and you are taken there.",
    ),
    "already_member": ("You belong there already", "Sign in: your organization is on your start page."),
    "inviter_may_not": (
        "This invitation cannot be accepted",
        "Whoever invited you may not do so any more. Ask somebody who runs the organization to send it again.",
    ),
}


def _over(error: ConnectorError) -> Response:
    """A refusal in words for somebody who only has a link; others as everywhere."""
    said = _WORDS.get(error.code)
    words = None
    if said is not None:
        words = Words(said[0], said[1:], ("Go to sign-in", house().path("/login")))
    return refusals.answer(error, words=words)


def _is_personal(session: Session) -> bool:
    return opens_personal(session.authentications, session.primary_domain_owner)


def _count() -> None:
    throttle.spend(house().database, "invitation_page", visitor().address, datetime.now(UTC))
