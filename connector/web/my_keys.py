"""YOUR KEYS: programs that ask as you, wherever a sign-in by e-mail link lets you in. A key is seen once."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from connector.accounts import keys, personal_keys
from connector.accounts.sessions import Session
from connector.errors import ConnectorError, NotFound
from connector.membership.opening import holds_local
from connector.web import forms, inside, refusals
from connector.web.house import house
from connector.web.inside import shell_of, signed_in
from connector.web.permission_words import WORDS
from connector.web.visitors import actor_of

PAGE = 50
SAID = {"revoked": "The key is revoked: the very next request with it is refused."}
OWN = (keys.PERSONAL, "What is your own: account, sessions, invitations")
"""The scope of what is inside no organization, in words."""

blueprint = Blueprint("my_keys", __name__)


@blueprint.get("/keys")
@signed_in
def list_(session: Session) -> Response:
    """Keys of one's own, or why there can be none."""
    return _page(session)


@blueprint.post("/keys")
@signed_in
def create(session: Session) -> Response:
    """Make a key and show it this once."""
    try:
        made = forms.made_once(actor_of(session), lambda once: _make(session, once))
    except ConnectorError as error:
        return _page(session, error=error)
    return _page(session, made=made)


def _make(session: Session, once: forms.Once | None) -> keys.NewKey:
    scopes = [each for each in request.form.getlist("scope") if each in keys.SCOPES] if forms.text("reach") == "some" else []
    given = (house().database, session.person_id, datetime.now(UTC))
    return personal_keys.create(*given, name=forms.text("name"), scopes=scopes, actor=actor_of(session), once=once)


@blueprint.post("/keys/<key>/revoke")
@signed_in
def revoke(session: Session, key: str) -> Response:
    """End a key at once. Raises NotFound `key_not_found`, also where what is one's own is not open."""
    if not shell_of(session).personal:
        raise NotFound("key_not_found", "There is no such key.", advice="Sign in by e-mail link to see keys of your own.")
    personal_keys.revoke(house().database, session.person_id, key, datetime.now(UTC), actor=actor_of(session))
    return inside.done("/keys", "revoked")


def _page(session: Session, *, error: ConnectorError | None = None, made: dict[str, str] | None = None) -> Response:
    shell = shell_of(session)
    page = personal_keys.list_(house().database, session.person_id, limit=PAGE, after=forms.asked("after"))
    return inside.show(
        session,
        "my_keys.html",
        status=refusals.status_of(error) if error else 200,
        shell=shell,
        said=SAID,
        page=page if shell.personal else None,
        may_make=shell.personal and holds_local(session.authentications),
        error=error,
        made=made,
        given=request.form,
        scopes=[OWN, *sorted(WORDS.items())],
    )
