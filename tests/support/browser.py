"""Chromium for tests: where it is found, how it is started, and browsers in front of a site whose complaints fail the test.

    visits.open("/login")                                     a page nobody is signed in at
    visits.open("/sessions", as_="ada@acme.example")          as somebody; `phone=True`, `dark=True`, `script=False` as wanted
    page.goto("/sessions")                                    paths are those of the site

What a browser complains about (an error of a script, a file that is missing, something the content security policy forbids) is
kept and raised when the test ends. `python -m tests.support.browser` says where Chromium is; exit status 1 when it is nowhere.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Response,
    ViewportSize,
    expect,
    sync_playwright,
)

from connector.accounts.sessions import Proof
from tests.support.site import Site

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "No Chromium was found, so the tests of pages were skipped. `make browser`, or `apt install chromium`, brings one."
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
)
PATIENCE = 15_000
"""Milliseconds for whatever a page is waited for, also on a busy machine."""


def found(playwright: Playwright) -> str | None:
    """The program: what CONNECTOR_TEST_CHROMIUM names, what is on the path, or what `playwright install chromium` brought."""
    named = os.environ.get("CONNECTOR_TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    own = playwright.chromium.executable_path
    return named or (own if Path(own).exists() else None)


@contextmanager
def chromium(*more: str) -> Iterator[Browser | None]:
    """A headless Chromium with an empty profile, which opens pages of this machine only; None where there is none.

    Without its sandbox, which needs rights that root and containers do not have: it sees nothing but what the tests serve.
    """
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        program = found(playwright)
        if program is None:
            yield None
            return
        browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *more], timeout=4 * PATIENCE)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visits:
    """Browsers in front of a site. `complaints` are what they did not like."""

    browser: Browser
    site: Site
    complaints: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)
    _sessions: dict[tuple[str, tuple[Proof, ...]], str] = field(default_factory=dict)
    _pages: dict[tuple[str, bool], Page] = field(default_factory=dict)

    def open(
        self, path: str = "", *proofs: Proof, as_: str = "", phone: bool = False, dark: bool = False, script: bool = True
    ) -> Page:
        """A new browser at `path` ("" opens nothing yet); `as_` signs somebody in, by these proofs or by e-mail link."""
        context = self.browser.new_context(
            base_url=self.site.base_url,
            viewport=PHONE if phone else DESKTOP,
            is_mobile=phone,
            has_touch=phone,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            java_script_enabled=script,
            ignore_https_errors=True,
            locale="en-GB",
            timezone_id="Europe/Berlin",
        )
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if as_:
            self.sign_in(context, as_, *proofs)
        page = context.new_page()
        self._watch(page)
        if path:
            page.goto(path)
        return page

    def again(self, path: str, *proofs: Proof, as_: str = "", script: bool = True) -> Page:
        """The same in a desktop browser that this person was in before, where there is one: for many pages in a row."""
        page = self._pages.get((as_, script))
        if page is None:
            page = self._pages[as_, script] = self.open("", *proofs, as_=as_, script=script)
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")
        page.goto(path)
        return page

    def sign_in(self, context: BrowserContext, email: str, *proofs: Proof) -> None:
        """Give a browser the session of somebody, as if they had signed in: the same to each that asks for the same."""
        who = (email, proofs)
        self._sessions[who] = self._sessions.get(who) or self.site.session(email, *proofs)
        name = "__Host-connector_session" if self.site.house.is_https else "connector_session"
        context.add_cookies([{"name": name, "value": self._sessions[who], "url": self.site.base_url}])

    def check(self) -> None:
        """Raise AssertionError when a browser had a complaint since the last time."""
        complaints, self.complaints = self.complaints, []
        assert not complaints, "the browser complains:\n" + "\n".join(complaints)

    def close(self) -> None:
        """Close every browser. Raises as `check`."""
        for context in self._contexts:
            context.close()
        self.check()

    def _watch(self, page: Page) -> None:
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        """Errors and warnings. That a file could not be loaded is told by `_answered`, which knows pages from their files."""
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"{message.location.get('url', '')}: {message.text}")

    def _answered(self, response: Response) -> None:
        """A page may refuse; a file it asks for may not be missing, and nothing may fail."""
        if response.status >= 500 or (response.status >= 400 and response.request.resource_type != "document"):
            self.complaints.append(f"{response.status} {response.request.method} {response.url}")


def main() -> None:
    """Say where Chromium is."""
    with sync_playwright() as playwright:
        program = found(playwright)
    sys.stdout.write(f"Chromium: {program}\n" if program else "")
    sys.exit(0 if program else 1)


if __name__ == "__main__":
    main()
