"""A browser for the tests of this folder, the application it looks at, and an identity provider.

- `site`: the whole application on loopback, empty; `idp`: an identity provider beside it.
- `visits.open(path, as_=…)`: a browser of its own in front of it; `page`, `phone`, `no_script` are such browsers with nobody
  signed in, and `as_(email)` is one with somebody.

What a browser complains about fails the test. The browser is one per worker, and goes before tests of other folders begin: its
event loop would be in their way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from idp_fixtures.idp import Provider
from tests.browser.tour import Tour, touring
from tests.support import databases
from tests.support.browser import MISSING, Visits, chromium
from tests.support.site import Site, identity_provider, served


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, headless; without one the test is skipped."""
    with chromium() as found:
        if found is None:
            pytest.skip(MISSING)
        yield found


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """The application with an empty database."""
    with served(sqlite_url, tmp_path) as site:
        yield site


@pytest.fixture(scope="package")
def tour(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    """The furnished installation, one for all tests of this worker: they look and change nothing."""
    folder = tmp_path_factory.mktemp("tour")
    url = databases.copy_sqlite(databases.sqlite_template(run_directory), folder / "connector.db")
    with touring(url, folder) as tour:
        yield tour


@pytest.fixture(scope="package")
def _tourists(browser: Browser, tour: Tour) -> Iterator[Visits]:
    visits = Visits(browser, tour.site)
    yield visits
    visits.close()


@pytest.fixture
def tourists(_tourists: Visits) -> Iterator[Visits]:
    """Browsers in front of the furnished installation, which go on to the next test."""
    yield _tourists
    _tourists.check()


@pytest.fixture
def idp() -> Iterator[Provider]:
    """An identity provider with a page on which one chooses who one is."""
    with identity_provider() as idp:
        yield idp


@pytest.fixture
def visits(browser: Browser, site: Site) -> Iterator[Visits]:
    """Browsers in front of the site."""
    visits = Visits(browser, site)
    yield visits
    visits.close()


@pytest.fixture
def page(visits: Visits) -> Page:
    """A desktop browser, 1280 wide."""
    return visits.open()


@pytest.fixture
def phone(visits: Visits) -> Page:
    """A phone, 390 wide."""
    return visits.open(phone=True)


@pytest.fixture
def no_script(visits: Visits) -> Page:
    """A desktop browser that runs no JavaScript."""
    return visits.open(script=False)


@pytest.fixture
def as_(visits: Visits) -> Callable[[str], Page]:
    """A desktop browser in which somebody is signed in by e-mail link: `as_("ada@acme.example").goto("/")`."""
    return lambda email: visits.open(as_=email)
