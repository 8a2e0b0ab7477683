"""PAGE WORDS: what an error tells somebody at a command line or before the API, for somebody before a page.

Errors advise in commands and addresses of the API, for they are raised below all rooms. Pages show the same sentences with the
page where it is done instead, and lead there. It is done where sentences are shown, so that what a trace or the provisioning log
has kept is told the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """Where something is done: the tail of a page of the organization, and the words of the link to it."""

    tail: str
    words: str


_IDP, _DOMAINS = Way("/connections", "Open the connections"), Way("/domains", "Open the domains")
_GLASS, _PEOPLE = Way("/break-glass", "Open break-glass owners"), Way("/people", "Open the members")

_SAID: tuple[tuple[str, str, Way | None], ...] = (
    # accounts and installation
    (r"GET /api/me says", "The start page says", None),
    (r"at PATCH /api/me", "on the page of their account", None),
    (r"GET /api/openapi\.json says what is taken\.", "Go back, and fill the form in again.", None),
    (r"An operator prints new ones: `connector owner codes[^`]*`", "Another owner makes new ones, or the operator", None),
    (r": `connector installation set[^`]*`", "", None),
    (r"`connector org list[^`]*` shows (all|them)", "The start page shows those that there are for you", None),
    (r"`connector key list`, or GET of the same list, has the ids", "The list of keys shows which there are", None),
    (r" For development and tests, CONNECTOR_FETCH_PRIVATE=1 [^.]*\.", "", None),
    # break-glass owners, members, rules, plans
    (r"one of `connector break-glass list[^`]*`", "somebody in the list of break-glass owners", None),
    (r"(An operator names one|Name another one first): `connector break-glass add[^`]*`", r"\1", _GLASS),
    (r"`connector break-glass add[^`]*` names", "An owner names", _GLASS),
    (r": `connector break-glass remove[^`]*`", "", _GLASS),
    (r"`connector member remove --block`, or DELETE with \?block=true,", "Removing and blocking", None),
    (r"`connector member list[^`]*`", "The list of members", _PEOPLE),
    (r"`connector member unsuspend`", "Lift the suspension on the page of this person", _PEOPLE),
    (r"`connector member unblock`", "Lift the block on the page of this person", _PEOPLE),
    (r": `connector member unlink[^`]*`, then", ", take the old one off on the page of the person, then", _PEOPLE),
    (r"`connector member link` if not", "if not, link the account on the page of the person", _PEOPLE),
    (r": `connector member set-role`", ", on the page of the person", _PEOPLE),
    (r"an id as `connector rule list` prints it", "a rule of the mapping", None),
    (r"look at `connector plan` and confirm with `connector apply`", "confirm it on the page of the connection", _IDP),
    (r"`connector plan` shows it and `connector apply` confirms it", "an owner confirms it on the page of the connection", _IDP),
    (r"`connector plan ORG` prints and stores a new one", "Go back and make the change again: that makes a new one", None),
    (r"a digest printed within", "a plan made within", None),
    (r"at /api/orgs/\{o\}/resource-kinds", "of resources of this organization", None),
    (r"a catalogue of roles as GET tells it", "a catalogue of roles", None),
    # domains and mode
    (r"by DNS; an operator may vouch for it: `connector domain add[^`]*`", "by a record in DNS", _DOMAINS),
    (r"go back with `connector org mode ORG invitation`", "go back to invitations", _DOMAINS),
    (r"`connector domain add ORG DOMAIN`, then verify it", "Add and verify its domain", _DOMAINS),
    (r": `connector domain add[^`]*`", ", on the page of domains", _DOMAINS),
    (r"then `connector domain verify[^`]*`", "then check it on the page of domains", _DOMAINS),
    (r"`connector domain list`", "The page of domains", _DOMAINS),
    # connections and their directories
    (r"with `connector connection directory \S+ (live|staging)`", "on the page of the connection", _IDP),
    (r": `connector connection directory \S+ staging --yes`", ", on its page", _IDP),
    (r"`connector connection restore`", "the page of the connection", _IDP),
    (r"`connector connection activate[^`]*`; until then `connector connection test[^`]*`", "Finish its set-up", _IDP),
    (r"`connector connection activate[^`]*`", "Activate it on its page", _IDP),
    (r"`connector connection test[^`]*` makes a new one", "Begin a new one in the set-up of the connection", _IDP),
    (r"make one with `connector connection create`", "make one", _IDP),
    (r"`connector connection list[^`]*` shows the ids", "The list of connections shows which there are", _IDP),
    (r"with `connector connection show[^`]*`", "on its page", _IDP),
    (r"by UserInfo only: `connector connection set[^`]*`", "by UserInfo only, its set-up has a box to ask there as well", _IDP),
    (r"`connector connection show[^`]*`", "The page of the connection", _IDP),
    (r"`connector connection set[^`]*--jit on` lets them", "An option of the connection lets them", _IDP),
    (r": `connector connection set[^`]*(--jit on|--userinfo|--signed|--subject-attribute)[^`]*`", ", in its options", _IDP),
    (r"or `connector connection set[^`]*--signed[^`]*`", "or choose in its options here what it signs", _IDP),
    (r"or `connector connection set[^`]*--idp-initiated[^`]*`", "or allow this in its options", _IDP),
    (r": `connector connection set[^`]*--saml-metadata[^`]*`", ", on its page", _IDP),
    (r"`connector connection set --help` lists the options", "Its page says what each option takes", _IDP),
    (r"`connector connection set[^`]*`( or `--oidc[^`]*`)?", "Tell its identity provider in its set-up", _IDP),
    # tokens, clients, keys and links
    (r"with `connector token create[^`]*`", "on the page of the connection", _IDP),
    (r": `connector token list` shows", ": its page shows", _IDP),
    (r"`connector client list` shows the clients; `connector client create` makes one", "Its page makes one", _IDP),
    (r"`connector setup-link list[^`]*`, or GET of the same list, has the ids", "The list shows which there are", None),
    (r": `connector signing-key use[^`]*`", "", None),
    (r"`connector signing-key list` shows the ids", "Look at the list of signing keys", None),
)
_TABLE = tuple((re.compile(pattern), words, way) for pattern, words, way in _SAID)


def on_page(text: str) -> str:
    """Return sentences as they are said on pages: with pages in place of commands and addresses of the API."""
    for pattern, words, _ in _TABLE:
        text = pattern.sub(words, text)
    return text


def way_of(*texts: str) -> Way | None:
    """Where what these sentences advise is done; None where that is no page of an organization."""
    return next((way for pattern, _, way in _TABLE if way and any(map(pattern.search, texts))), None)
