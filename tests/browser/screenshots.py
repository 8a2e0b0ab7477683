"""make screenshots: every page of the tour at two widths, in light and in dark, as PNG files to be looked at.

    python -m tests.browser.screenshots [--docs] [NAME...]

They go to build/screenshots, which git ignores. With `--docs` the few pictures of README and docs are made anew as well, in
docs/pictures: light, 1280 wide, with a palette, each under 120 kB.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page

from connector.storage import migrate
from connector.storage.database import Database
from tests.browser.tour import STOPS, Stop, Tour, touring
from tests.support.browser import MISSING, Visits, chromium
from tests.support.project import ROOT

SCREENSHOTS = ROOT / "build" / "screenshots"
PICTURES = ROOT / "docs" / "pictures"
HOST = "connector.example.com"
COLOURS = 128
HEAVIEST = 120_000


def main() -> None:
    """Make them all, or those that are named."""
    parser = argparse.ArgumentParser(description="Screenshots of every page.")
    parser.add_argument("--docs", action="store_true", help="make the pictures of the documentation as well")
    parser.add_argument("names", nargs="*", metavar="NAME", help="pages of tests/browser/tour.py; all without one")
    options = parser.parse_args()
    with _tour() as tour, _visits(tour) as visits:
        stops = [stop for stop in STOPS if stop.name in (options.names or [stop.name])]
        _shoot(tour, visits, stops)
        if options.docs:
            _illustrate(tour, visits, [stop for stop in stops if stop.picture])
    sys.stdout.write(f"{len(stops)} pages, each four times, in {SCREENSHOTS.relative_to(ROOT)}\n")


@contextmanager
def _tour() -> Iterator[Tour]:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/connector.db"
        database = Database.open(url)
        migrate.upgrade(database)
        database.close()
        with touring(url, Path(folder), f"https://{HOST}") as tour:
            yield tour


@contextmanager
def _visits(tour: Tour) -> Iterator[Visits]:
    """Browsers to which the site is at an address as in the documentation."""
    with chromium(f"--host-resolver-rules=MAP {HOST}:443 127.0.0.1:{tour.site.port}") as browser:
        if browser is None:
            sys.exit(MISSING.replace("the tests of pages were skipped", "there are no screenshots"))
        visits = Visits(browser, tour.site)
        yield visits
        visits.close()


def _shoot(tour: Tour, visits: Visits, stops: Sequence[Stop]) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for stop in stops:
        for width, phone in (("1280", False), ("390", True)):
            page = visits.open(tour.path(stop), *tour.proofs(stop), as_=stop.who, phone=phone)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=SCREENSHOTS / f"{stop.name}-{width}-{scheme}.png", full_page=True)
            page.context.close()


def _illustrate(tour: Tour, visits: Visits, stops: Sequence[Stop]) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for stop in stops:
        page = visits.open(tour.path(stop), *tour.proofs(stop), as_=stop.who)
        _small(page, PICTURES / f"{stop.name}.png")
        page.context.close()


def _small(page: Page, file: Path) -> None:
    """What fits into the window, in few colours."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(file, optimize=True)
    if file.stat().st_size > HEAVIEST:
        sys.exit(f"{file.relative_to(ROOT)} is larger than {HEAVIEST} bytes: show less of the page, or give it fewer colours.")


if __name__ == "__main__":
    main()
