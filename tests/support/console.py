"""The console as browsers without scripts see it: pages in words, and forms filled in and sent as browsers do.

    ada = console.as_("ada@acme.example")                      signed in by e-mail link; made if need be; or by other proofs
    ada = console.owner(world)                                 the founder of an organization, in by break-glass
    page = ada.get("/admin/acme/teams")                        page.status, page.text (HTML), page.words (what is read)
    page.link("Engineering")                                   where a link leads, by its words or its label
    page.rows                                                  the rows of all tables, each as its words
    page = ada.submit(page, "Save", name="Engineering")        fills the form with this button in, sends it, follows the 303
    page = ada.post("/admin/acme/teams", {"slug": "eng"})      sends fields; `page.location` says where it leads

What is not there (a link, a button, a field that is filled in) fails the test. So does every 500.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import lxml.html
from flask import Flask
from werkzeug.datastructures import Headers

from connector.accounts import persons
from connector.accounts.sessions import Proof
from connector.storage.database import Database
from tests.accounts.people import sign_in
from tests.support.world import OWNER, World

BASE = "http://127.0.0.1:8000"
COOKIE = "connector_session"
SETUP = "connector_setup"
LINK = Proof("email_link")


@dataclass(frozen=True)
class Form:
    """A form of a page as a browser would send it: where to, how, and each field that has a value."""

    action: str
    method: str
    fields: dict[str, list[str]]
    known: frozenset[str]


@dataclass(frozen=True)
class Shown:
    """A page that came back."""

    path: str
    status: int
    headers: Headers
    text: str

    @property
    def location(self) -> str:
        """Where it leads on to, "" when it does not."""
        return self.headers.get("Location", "")

    @property
    def tree(self) -> Any:
        """Its HTML as lxml reads it."""
        return lxml.html.document_fromstring(self.text)

    @property
    def words(self) -> str:
        """What is read on it, apart from the bar and the navigation; spaces between words are single."""
        return _words((self.tree.xpath("//main") or [self.tree])[0])

    @property
    def rows(self) -> list[str]:
        """The rows of its tables without headings, each as its words."""
        return [_words(row) for row in self.tree.xpath("//main//tbody/tr")]

    @property
    def links(self) -> dict[str, str]:
        """All links, the navigation's as well: words or label to where they lead; of equal words the first."""
        return {_name(each): each.get("href") for each in reversed(self.tree.xpath("//a[@href]"))}

    @property
    def buttons(self) -> list[str]:
        """The buttons in the page's content by their words or labels."""
        return [_name(each) for each in self.tree.xpath("//main//button")]

    def link(self, words: str) -> str:
        """Where the link with these words or this label leads."""
        assert words in self.links, f"no link {words!r} at {self.path}, but {list(self.links)}"
        return self.links[words]

    def section(self, id_: str) -> str:
        """The words of the part with this id."""
        found = self.tree.get_element_by_id(id_, None)
        assert found is not None, f"no part {id_!r} at {self.path}"
        return _words(found)

    def form(self, button: str, *, which: int = 0) -> Form:
        """The form that a button (its words or label; of several alike the one of this number) sends."""
        found = [each for each in self.tree.xpath("//button") if _name(each) == button]
        assert len(found) > which, f"no button {button!r} at {self.path}, but {self.buttons}"
        form = next(iter(found[which].xpath("ancestor::form")), None)
        assert form is not None, f"the button {button!r} at {self.path} stands in no form"
        fields = _fields(form)
        if found[which].get("name"):
            fields[found[which].get("name")] = [found[which].get("value", "")]
        known = frozenset(each.get("name") for each in form.xpath(".//*[@name]"))
        action = found[which].get("formaction") or form.get("action") or self.path
        return Form(action, (form.get("method") or "get").upper(), fields, known)


@dataclass(frozen=True)
class Browser:
    """Somebody before the console: with a session, the token of a set-up link that this browser opened, both or neither."""

    app: Flask
    token: str | None
    setup: str | None = None

    def get(self, path: str) -> Shown:
        """Open a page."""
        return self._send("GET", path)

    def post(self, path: str, fields: Mapping[str, Any] | None = None) -> Shown:
        """Send fields (a list sends one name several times), from a page of ours."""
        return self._send("POST", path, dict(fields or {}))

    def follow(self, page: Shown) -> Shown:
        """Open what a page leads on to; itself when it does not."""
        return self.get(page.location.removeprefix(BASE)) if page.status in (302, 303) else page

    def submit(self, page: Shown, button: str, which: int = 0, /, **filled: Any) -> Shown:
        """Fill in and send the form of a button (of several alike the one of this number), and open what that leads on to. Each
        field that is filled in must be there; True ticks a box as the page has it, None leaves a field out."""
        form = page.form(button, which=which)
        unknown = set(filled) - form.known
        assert not unknown, f"the form of {button!r} at {page.path} has no {sorted(unknown)}, but {sorted(form.known)}"
        fields: dict[str, Any] = {**form.fields, **{name: _ticked(page, name) if v is True else v for name, v in filled.items()}}
        fields = {name: value for name, value in fields.items() if value is not None}
        if form.method == "GET":
            return self.get(f"{urlsplit(form.action).path}?{urlencode(fields, doseq=True)}")
        return self.follow(self.post(form.action, fields))

    def _send(self, method: str, path: str, fields: Mapping[str, Any] | None = None) -> Shown:
        cookies = {COOKIE: self.token, SETUP: self.setup}
        carried = "; ".join(f"{name}={value}" for name, value in cookies.items() if value)
        sent = {"Accept": "text/html,*/*;q=0.8"} | ({"Cookie": carried} if carried else {})
        if method == "POST":
            sent |= {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
        with self.app.test_client(use_cookies=False) as client:
            answer = client.open(path, base_url=BASE, method=method, headers=sent, data=fields)
            shown = Shown(path, answer.status_code, answer.headers, answer.get_data(as_text=True))
        assert shown.status < 500 or shown.status == 503, f"{method} {path} -> {shown.status}"
        return shown


@dataclass(frozen=True)
class Console:
    """An installation, and who may open its pages."""

    app: Flask
    database: Database

    def as_(self, email: str, *proofs: Proof) -> Browser:
        """Somebody with this verified address, made if need be, signed in by e-mail link or by these."""
        now, token = datetime.now(UTC), None
        person = self.database.write(lambda tx: persons.find_or_make(tx, email, now))
        for proof in proofs or (LINK,):
            token = sign_in(self.database, person, proof, token=token, now=now)
        return Browser(self.app, token)

    def owner(self, world: World, email: str = OWNER) -> Browser:
        """A break-glass owner (the founder, if nobody else is named) of an organization in `sso`, signed in as such."""
        return self.as_(email, Proof("break_glass", world.organization))

    def nobody(self) -> Browser:
        """Who is not signed in."""
        return Browser(self.app, None)


def _words(node: Any) -> str:
    """What is read of a part: labels that only style puts there are left out, hidden fields and scripts too."""
    return " ".join(" ".join(node.itertext()).split())


def _name(node: Any) -> str:
    return node.get("aria-label") or _words(node)


def _fields(form: Any) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in form.form_values():
        fields.setdefault(name, []).append(value)
    return fields


def _ticked(page: Shown, name: str) -> str:
    return str(page.tree.xpath(f"//input[@name='{name}']/@value")[0])
