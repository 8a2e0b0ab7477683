"""Settings of an organization. A namespace is put as a whole: what is left out goes back to its default."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from pydantic import Field

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.membership.settings import BaseLevel, General, Notifications, Preferences
from connector.organizations import settings
from connector.organizations.settings import AuthView, SettingsView
from connector.provisioning.acting import MEMBER

_TAG = "Settings"
_WRONG = {"settings_invalid": 400}
_PATH = "/api/orgs/<o>/settings"
View = TypeVar("View", General, Preferences, Notifications, AuthView)


class GeneralChange(Body):
    """How members begin, and where they find help."""

    support_url: str | None = Field(default=None, description="An https address.", examples=["https://help.example.com"])
    member_base_level: BaseLevel = Field(default="none", description="What every member may do with the resources here.")
    invitation_days: int = Field(default=7, ge=1, le=30, description="How long an invitation waits.", examples=[14])


class PreferencesChange(Body):
    """What applications go by."""

    locale: str = Field(default="en", description="A language tag.", examples=["pt-BR"])
    timezone: str = Field(default="UTC", description="A time zone.", examples=["Europe/Berlin"])
    custom: dict[str, Any] = Field(default={}, description="Whatever applications keep here: 16 kB at most.", examples=[{"a": 1}])


class NotificationsChange(Body):
    """What the owners do not want as mail."""

    muted: list[str] = Field(
        default=[], description="Kinds of alerts; not those of `guard.` and `break_glass.`.", examples=[["token.expiring"]]
    )


class AuthChange(Body):
    """How long sign-ins last, and who may go."""

    session_hours: int | None = Field(
        default=None,
        ge=1,
        le=24,
        description="Ends sign-ins through identity providers sooner, from the next one on.",
        examples=[8],
    )
    member_may_leave: bool = Field(default=False, description="Also whom an identity provider manages.")


@operation(
    "GET", _PATH, tag=_TAG, summary="All settings", permission=MEMBER, answer=SettingsView, etag=True,
)  # fmt: skip
def list_(call: Call, o: str) -> SettingsView:
    """For every member."""
    return settings.show(call.database, call.organization(o), actor=call.actor)


@operation("GET", f"{_PATH}/general", tag=_TAG, summary="General settings", permission=MEMBER, answer=General, etag=True)
def show_general_settings(call: Call, o: str) -> General:
    """For every member."""
    return _show(call, o, "general", General)


@operation(
    "PUT", f"{_PATH}/general", tag=_TAG, summary="Set the general settings", permission="settings.general.write",
    body=GeneralChange, answer=General, errors=_WRONG, etag=True,
)  # fmt: skip
def put_general_settings(call: Call, o: str, body: GeneralChange) -> General:
    """As a whole."""
    return _put(call, o, "general", body, General)


@operation("GET", f"{_PATH}/preferences", tag=_TAG, summary="Preferences", permission=MEMBER, answer=Preferences, etag=True)
def show_preferences(call: Call, o: str) -> Preferences:
    """For every member."""
    return _show(call, o, "preferences", Preferences)


@operation(
    "PUT", f"{_PATH}/preferences", tag=_TAG, summary="Set the preferences", permission="settings.preferences.write",
    body=PreferencesChange, answer=Preferences, errors=_WRONG, etag=True,
)  # fmt: skip
def put_preferences(call: Call, o: str, body: PreferencesChange) -> Preferences:
    """As a whole."""
    return _put(call, o, "preferences", body, Preferences)


@operation(
    "GET", f"{_PATH}/notifications", tag=_TAG, summary="Notifications", permission=MEMBER, answer=Notifications, etag=True,
)  # fmt: skip
def show_notifications(call: Call, o: str) -> Notifications:
    """For every member."""
    return _show(call, o, "notifications", Notifications)


@operation(
    "PUT", f"{_PATH}/notifications", tag=_TAG, summary="Set the notifications", permission="settings.notifications.write",
    body=NotificationsChange, answer=Notifications, errors=_WRONG, etag=True,
)  # fmt: skip
def put_notifications(call: Call, o: str, body: NotificationsChange) -> Notifications:
    """As a whole. Alerts that are muted stand in the audit trail all the same."""
    return _put(call, o, "notifications", body, Notifications)


@operation("GET", f"{_PATH}/auth", tag=_TAG, summary="Settings of signing in", permission=MEMBER, answer=AuthView, etag=True)
def show_auth_settings(call: Call, o: str) -> AuthView:
    """For every member. Mode, connections and the policy of roles are told beside them and changed elsewhere."""
    return _show(call, o, "auth", AuthView)


@operation(
    "PUT", f"{_PATH}/auth", tag=_TAG, summary="Set the settings of signing in", permission="settings.auth.write",
    body=AuthChange, answer=AuthView, errors=_WRONG, etag=True,
)  # fmt: skip
def put_auth_settings(call: Call, o: str, body: AuthChange) -> AuthView:
    """As a whole."""
    return _put(call, o, "auth", body, AuthView)


def _show(call: Call, o: str, namespace: str, view: type[View]) -> View:
    return cast(View, settings.show_one(call.database, call.organization(o), namespace, actor=call.actor))


def _put(call: Call, o: str, namespace: str, body: Body, view: type[View]) -> View:
    given = (call.database, call.organization(o), namespace, body.model_dump())
    return cast(View, settings.replace(*given, actor=call.actor, seen=call.seen))
