"""WORDS: what somebody is told who could not be signed in. Their administrator reads the reason in the trace."""

from __future__ import annotations

from connector.directory.sign_on_model import SignOn
from connector.errors import ConnectorError, TooMany, Unavailable
from connector.web.house import house
from connector.web.refusals import Words

_ASK = "Ask your administrator, and give them the reference below."
_AGAIN = "Please sign in again."

_SAID: dict[str, tuple[str, str]] = {
    "request_unknown": ("This sign-in is not known here", "It may have been started long ago. " + _AGAIN),
    "request_expired": ("That took too long", "A sign-in must be finished within ten minutes. " + _AGAIN),
    "request_used": ("This sign-in was finished already", "If you went back in your browser, that is why. " + _AGAIN),
    "message_replayed": ("This sign-in was finished already", "If you reloaded the page, that is why. " + _AGAIN),
    "connection_draft": ("Signing in is not switched on yet", "Your organization is still setting it up. " + _ASK),
    "connection_disabled": ("Signing in is switched off", "Your organization has switched this way of signing in off. " + _ASK),
    "not_sso": ("Signing in works another way", "Your organization does not use this way of signing in. " + _ASK),
    "not_in_directory": ("You have no access yet", "Your organization has not given you access. " + _ASK),
    "jit_off": ("You have no access yet", "Your organization has not given you access. " + _ASK),
    "no_matching_group": ("You have no access yet", "None of your groups gives access. " + _ASK),
    "deprovisioned": ("Your access has ended", "Your organization has ended your access. " + _ASK),
    "suspended": ("Your access is paused", "Your organization has paused your access. " + _ASK),
    "blocked": ("Your access has ended", "Your organization has ended your access. " + _ASK),
    "email_missing": ("Your e-mail address is missing", "Your organization's sign-in did not tell your e-mail address. " + _ASK),
    "email_unverified": ("Your e-mail address is not confirmed", "Confirm it where you signed in, or do this: " + _ASK),
    "domain_not_verified": ("This e-mail address does not belong here", "Sign in with your work address. Otherwise: " + _ASK),
    "unsolicited": ("Please start here", "Your organization allows signing in from this side only. " + _AGAIN),
}
_AGAIN_HELPS = ("request_unknown", "request_expired", "request_used", "message_replayed", "unsolicited", "other_browser")


def for_employee(error: ConnectorError, sign_on: SignOn | None) -> Words:
    """What to tell: of a few refusals what they mean, of the rest whom to ask; and where to try again."""
    button = _again(sign_on)
    if error.code == "other_browser":
        base_url = house().settings.base_url
        first = "A sign-in must begin and end in the same browser, with cookies allowed, and under the same address."
        return Words("Please sign in again", (first, f"The address of this site is {base_url}."), button)
    if error.code == "too_many_requests":
        return Words("That was a little too often", ("Please wait a minute, then try again.",), button)
    if error.code in ("busy", "database_unavailable"):
        return Words("Not right now", ("connector cannot answer at this moment. Please try again in a minute.",), button)
    if error.code in _SAID:
        heading, sentence = _SAID[error.code]
        return Words(heading, (sentence,), button if error.code in _AGAIN_HELPS else None)
    return Words("You could not be signed in", ("The answer of your organization's sign-in was not accepted.", _ASK), button)


def for_leaving(error: ConnectorError, sign_on: SignOn | None) -> Words:
    """What to tell where the identity provider asked for a logout that was refused: the session here may well go on."""
    if isinstance(error, TooMany | Unavailable):
        return for_employee(error, sign_on)
    first = "Your organization's sign-in asked to sign you out here, and that was not accepted."
    second = "You may still be signed in: to be sure, sign out on the start page. " + _ASK
    return Words("This did not sign you out", (first, second), ("Go to the start page", house().path("/")))


def _again(sign_on: SignOn | None) -> tuple[str, str]:
    """Where trying again begins."""
    return ("Sign in again", house().path(f"/sso/{sign_on.connection_id}/login" if sign_on else "/login"))
