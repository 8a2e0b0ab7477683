"""SETTINGS: name and address of an organization, what members begin with, mails to the owners, leaving and deleting."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from flask import Blueprint, Response, request

from connector.accounts.alerts import HEADINGS
from connector.admin import forms
from connector.admin.frame import Visit, done, show, visited
from connector.errors import ConnectorError, Invalid, Outdated
from connector.membership.settings import NAMESPACES, NEVER_MUTED
from connector.organizations import deletion, entitlements, members, organizations, settings
from connector.web import pages, refusals
from connector.web.jsonable import jsonable, text_of

blueprint = Blueprint("settings", __name__)

SAID = {
    "renamed": "The organization has its new name and address.",
    "saved": "The settings are saved.",
}
MUTABLE = tuple((kind, words) for kind, words in HEADINGS.items() if not kind.startswith(NEVER_MUTED))


@blueprint.get("/admin/<o>/settings")
@visited
def show_settings(visit: Visit) -> Response:
    """Everything that is set; what somebody may not change they see."""
    return _page(visit)


@blueprint.post("/admin/<o>/settings/organization")
@visited
def rename(visit: Visit) -> Response:
    """Change name and slug; the page is found under the new one."""
    changes: organizations.Changes = {"display_name": forms.text("display_name"), "slug": forms.text("slug")}
    try:
        changed = organizations.change(visit.database, visit.here.id, changes, actor=visit.actor)
    except ConnectorError as error:
        return _page(visit, error=error, about="organization")
    return pages.redirect(visit.house.path(f"/admin/{changed.slug}/settings?done=renamed"))


@blueprint.post("/admin/<o>/settings/<namespace>")
@visited
def save(visit: Visit, namespace: str) -> Response:
    """Set what the form of a namespace has; what it does not have stays. Nothing is set where somebody else changed it since it
    was shown: who saves again has been told."""

    def seen(view: object) -> None:
        if forms.text("version") not in ("", _version(namespace, view)):
            raise Outdated(
                "version_mismatch",
                "Somebody else changed these settings meanwhile: nothing was saved.",
                advice="What you chose still stands here: save again to set it, or open the settings anew to see theirs.",
            )

    try:
        settings.change(visit.database, visit.here.id, namespace, _read(namespace), actor=visit.actor, seen=seen)
    except (Invalid, Outdated) as error:
        return _page(visit, error=error, about=namespace)
    return done(visit, "/settings", "saved")


def _version(namespace: str, view: object) -> str:
    """What tells two states of a namespace apart, by what is set in it alone."""
    said = {each.name: getattr(view, each.name) for each in fields(NAMESPACES[namespace])}
    return hashlib.sha256(text_of(jsonable(said)).encode()).hexdigest()[:32]


def _read(namespace: str) -> dict[str, Any]:
    return _FORMS.get(namespace, dict)()


def _general() -> dict[str, Any]:
    return {
        "support_url": forms.optional("support_url"),
        "member_base_level": forms.text("member_base_level"),
        "invitation_days": forms.number("invitation_days", 7),
    }


def _preferences() -> dict[str, Any]:
    return {"locale": forms.text("locale") or "en", "timezone": forms.text("timezone") or "UTC"}


def _notifications() -> dict[str, Any]:
    wanted = request.form.getlist("mail")
    return {"muted": [kind for kind, _ in MUTABLE if kind not in wanted]}


def _auth() -> dict[str, Any]:
    hours = forms.text("session_hours")
    return {
        "session_hours": forms.number("session_hours", 0) if hours else None,
        "member_may_leave": forms.ticked("member_may_leave"),
    }


_FORMS: Mapping[str, Callable[[], dict[str, Any]]] = MappingProxyType(
    {"general": _general, "preferences": _preferences, "notifications": _notifications, "auth": _auth}
)


def _page(visit: Visit, *, error: ConnectorError | None = None, about: str = "") -> Response:
    found = settings.show(visit.database, visit.here.id, actor=visit.actor)
    given = request.form if error else {}
    return show(
        visit,
        "admin/settings.html",
        status=refusals.status_of(error) if error else 200,
        said=SAID,
        error=error,
        about=about,
        general={**_fields(found.general), **(given if about == "general" else {})},
        preferences={**_fields(found.preferences), **(given if about == "preferences" else {})},
        auth={**_fields(found.auth), **(given if about == "auth" else {})},
        called={"display_name": visit.here.name, "slug": visit.here.slug, **(given if about == "organization" else {})},
        muted=_notifications()["muted"] if about == "notifications" else found.notifications.muted,
        versions={name: _version(name, getattr(found, name)) for name in NAMESPACES},
        mutable=MUTABLE,
        entitled=entitlements.show(visit.database, visit.here.id, actor=visit.actor),
    )


def _fields(values: Any) -> dict[str, Any]:
    return {name: getattr(values, name) for name in values.__dataclass_fields__}


# ------------------------------------------------------------------------------------------------------ leaving, deleting


@blueprint.get("/admin/<o>/leave")
@visited
def ask_leave(visit: Visit) -> Response:
    """What leaving means."""
    return show(visit, "admin/leave.html")


@blueprint.post("/admin/<o>/leave")
@visited
def leave(visit: Visit) -> Response:
    """Leave; the organization is gone from the start page then."""
    members.remove(visit.database, visit.here.id, str(visit.actor.person_id), block=False, actor=visit.actor)
    return pages.redirect(visit.house.path("/"))


@blueprint.get("/admin/<o>/delete")
@visited
def ask_delete(visit: Visit) -> Response:
    """What deleting means. The name must be typed, so that nobody does it by a slip."""
    return _delete_page(visit)


@blueprint.post("/admin/<o>/delete")
@visited
def delete(visit: Visit) -> Response:
    """Delete it for everybody. Raises Invalid `name_differs`."""
    try:
        if forms.text("name") != visit.here.name:
            raise Invalid(
                "name_differs",
                "This is not the name of the organization: nothing was deleted.",
                expected="its name, letter by letter",
                advice="Copy it from above the field.",
            )
        deletion.remove(visit.database, visit.here.id, actor=visit.actor)
    except ConnectorError as error:
        return _delete_page(visit, error)
    return pages.redirect(visit.house.path("/"))


def _delete_page(visit: Visit, error: ConnectorError | None = None) -> Response:
    status = refusals.status_of(error) if error else 200
    return show(
        visit, "admin/delete.html", status=status, error=error, days=deletion.KEPT.days, given=request.form.get("name", "")
    )
