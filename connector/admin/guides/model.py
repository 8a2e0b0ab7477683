"""What a guide to an identity provider is made of: values without behaviour, and the putting in of our own addresses. Pure.

A guide is written once and read three times: by the wizard of the console, by the advice beside a refusal, and by the pages in
docs/guides. Its sentences hold two marks, which `spans` takes apart: `*label*` for what stands on the provider's screen letter by
letter, and backticks for what is typed or copied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

Kind = Literal["saml", "oidc", "scim"]
Authority = Literal["directory", "claims"]
AskKind = Literal["metadata_url", "metadata_file", "metadata_paste", "oidc_issuer", "client_id", "client_secret"]
Heard = Literal["scim_request", "scim_user", "scim_group"]
"""What must have arrived here: any request of SCIM, a pushed user, a pushed group."""

PlaceName = Literal[
    "acs_url",
    "entity_id",
    "redirect_uri",
    "assign",
    "signing",
    "algorithm",
    "encryption",
    "certificate",
    "metadata",
    "subject",
    "email",
    "groups",
    "issuer",
    "client",
    "scim_url",
    "scim_token",
    "scim_assign",
    "scim_attributes",
    "scim_groups",
    "log",
]

ASKED: Mapping[AskKind, str] = MappingProxyType(
    {
        "metadata_url": "the address of the metadata",
        "metadata_file": "the metadata as a file",
        "metadata_paste": "the metadata, pasted",
        "oidc_issuer": "the issuer",
        "client_id": "the client ID",
        "client_secret": "the client secret",
    }
)
"""What is asked for, in words."""

HEARD: Mapping[Heard, str] = MappingProxyType(
    {
        "scim_request": "we have heard from the provider",
        "scim_user": "the first person has arrived here",
        "scim_group": "the first group has arrived here",
    }
)
"""What must have happened here, in words."""

OURS = ("acs_url", "entity_id", "metadata_url", "login_url", "logout_url", "redirect_uri", "scim_base_url", "token")
"""The values of ours that a template may name: fields of `ConnectionView`, and the SCIM token."""

TOKEN_PLACEHOLDER = "(the token, which is shown once when it is made)"

APP = "your app"
"""In a path: the entry that bears the name the admin gave to the app."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a sentence: plain `text`, a `label` of the provider's screen, or `code` to type."""

    kind: Literal["text", "label", "code"]
    text: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A value of ours that goes into a field there. `field` is the field's label, `template` how the value is made: a text with
    names of `OURS` in braces, `{acs_url|regex}` for an expression that matches it and nothing else.
    `fill` makes `value` of it."""

    field: str
    template: str
    note: str = ""
    value: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Which of our values are in it."""
        return tuple(found[1] for found in _NAMED.finditer(self.template))


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to set there: the label of the field, box or list, and what to set it to."""

    field: str
    choose: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to enter there. `heads` are the labels of the two columns; each row is a name to type, and the value to pick."""

    heads: tuple[str, str]
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Something to paste back here: what it is, what it is called there, and how it looks."""

    kind: AskKind
    label: str
    example: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """A test there: the label of what to press, what to look for there, and what must have been heard here afterwards."""

    press: str
    text: str
    heard: Heard


@dataclass(frozen=True, slots=True)
class Step:
    """One screen of work. `path` is where to click, label by label, from the start of the console or from the screen before;
    `text` says what happens and why. Of several `asks` whose kind begins with `metadata_` one is enough."""

    title: str
    path: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    choices: tuple[Choice, ...] = ()
    table: Table | None = None
    asks: tuple[Ask, ...] = ()
    proof: Proof | None = None
    note: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """One way to set the provider up, step by step. `intro` says when to take it."""

    kind: Kind
    title: str
    intro: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is set there: what it is called, and the way to it."""

    label: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A mistake that is made with this provider. `seen` says how it shows, `codes` which refusals it leads to (`never_answered`:
    the sign-in stays there; `scim_silent`: nothing is pushed), `sentence` what to do, `path` where."""

    seen: str
    codes: tuple[str, ...]
    sentence: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A program that people run themselves and connect as any other: what its fields are called, by track."""

    name: str
    also_known: tuple[str, ...]
    notes: Mapping[Kind, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Guide:
    """All that we know about setting up one provider. `recommended` are the tracks to take, in their order; `people_link_by` is
    what says that somebody who signs in is the one who was pushed or was here before; `authority` who decides about groups, role
    and status when it is set up so; `reminder` what to do when the provider changes its certificate, `secret_reminder` what
    when a client secret of OpenID Connect ends."""

    idp: str
    name: str
    also_known: tuple[str, ...]
    as_of: str
    intro: tuple[str, ...]
    recommended: tuple[Kind, ...]
    people_link_by: str
    authority: Authority
    reminder: str
    tracks: tuple[Track, ...]
    places: Mapping[PlaceName, Place]
    failures: tuple[Failure, ...]
    sources: tuple[str, ...]
    secret_reminder: str = "If the client secret ends one day, give us the new one before: nobody could sign in through it after."
    products: tuple[Product, ...] = ()

    @property
    def pushes(self) -> bool:
        """Whether it can push users and groups."""
        return self.track("scim") is not None

    def track(self, kind: str) -> Track | None:
        """The track of a kind, None when the provider has none."""
        return next((track for track in self.tracks if track.kind == kind), None)


def fill(step: Step, values: Mapping[str, str]) -> Step:
    """The step with our values put in. `values` are by the names of `OURS`; without a `token` a sentence stands in its place.

    Raises KeyError when a value that the step needs is missing.
    """
    known = {"token": TOKEN_PLACEHOLDER, **values}
    return replace(step, copies=tuple(replace(copy, value=_filled(copy.template, known)) for copy in step.copies))


def spans(text: str) -> tuple[Span, ...]:
    """A sentence of a guide, taken apart for a page: text, labels, code."""
    found = []
    for match in _MARKED.finditer(text):
        kind: Literal["text", "label", "code"] = "code" if match[1] else "label" if match[2] else "text"
        found.append(Span(kind, match[1] or match[2] or match[3]))
    return tuple(found)


_NAMED = re.compile(r"\{(" + "|".join(OURS) + r")(\|regex)?\}")
_MARKED = re.compile(r"`([^`]+)`|\*([^*]+)\*|([^`*]+)")
_SPECIAL = re.compile(r"[.\\/+*?()\[\]{}^$|]")


def _filled(template: str, values: Mapping[str, str]) -> str:
    def put(found: re.Match[str]) -> str:
        value = values[found[1]]
        return exactly(value) if found[2] else value

    return _NAMED.sub(put, template)


def exactly(address: str) -> str:
    """A regular expression that matches this address and no other. Slashes are escaped too: it stands between slashes there."""
    return "^" + _SPECIAL.sub(lambda found: "\\" + found[0], address) + "$"
