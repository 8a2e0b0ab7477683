"""`make bench`: measure everything and write docs/benchmarks.md; with names of parts only these, printed and not written."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Connection

from benchmarks import companies, floor, growth, homes, ratios, report, sign_in
from benchmarks.servers import children, floor_serving, resident
from connector.storage import migrate
from connector.storage.database import Database
from tests.support import databases, postgres
from tests.support.server import Server, serving

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PARTS = ("ratios", "growth", "companies", "sign-in")
WORKERS = 2
CROWD = 10_000


def main(wanted: Sequence[str]) -> int:
    """Measure the parts named, or all."""
    if unknown := set(wanted) - set(PARTS):
        print(f"There is no part {', '.join(sorted(unknown))}. Parts: {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    parts = wanted or PARTS
    directory = postgres.new_directory()
    try:
        server = postgres.start(directory, durable=True)
        processes = [int((directory / "postgres" / "postmaster.pid").read_text().split()[0])]
        found = report.Found(report.setting(server))
        if "ratios" in parts:
            _ratios(found, server, processes)
        if "growth" in parts:
            _growth(found, server)
        if "companies" in parts:
            _companies(found, server)
        if "sign-in" in parts:
            _tell("sign-ins through SAML, and the bare library")
            with _made(server, "sign_in") as (url, _), tempfile.TemporaryDirectory() as data:
                found.sign_ins = sign_in.measure(url, data)
    finally:
        postgres.stop(directory)
    text = report.render(found)
    print(text)
    if not wanted:
        PAGE.write_text(text)
        _tell(f"written to docs/{PAGE.name}")
    return 0


def _ratios(found: report.Found, server: str, processes: list[int]) -> None:
    groups = {"Small": 10, "Large": 1000, **{f"Many{number}": 100 for number in range(ratios.MANY)}}
    with _made(server, "ratios") as (url, database):
        home = homes.make(database, "acme", CROWD, groups)
        with _serving(url, database) as (product, bare):
            found.ratios = list(ratios.measure(product, bare, processes, ratios.operations(home), _tell))
            found.resident = [resident(each) for each in children(product.process.pid)]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/connector.db"
        database = Database.open(url)
        migrate.upgrade(database)
        home = homes.make(database, "acme", CROWD, groups)
        with _serving(url, database, workers=None) as (product, bare):
            found.sqlite = list(ratios.measure(product, bare, [], ratios.operations(home), _tell))


def _growth(found: report.Found, server: str) -> None:
    with _made(server, "growth") as (url, database):
        _tell("making organizations of 1,000 and of 100,000")
        small = homes.make(database, "small", 1_000, {"Small": 10})
        large = homes.make(database, "large", 100_000, {"Small": 10, "Large": 10_000, "Empty": 0})
        with _serving(url, database) as (product, _):
            found.growth = list(growth.measure(product.port, small, large))
            found.many_members = growth.many_members(product.port, large)
        found.rule_edit = companies.rule_edit(database, large)


def _companies(found: report.Found, server: str) -> None:
    with _made(server, "companies") as (url, database):
        home = homes.make(database, "big", 0, {})
        towns = [homes.make(database, f"town{number}", 500, {"Small": 10}) for number in range(20)]
        with _serving(url, database) as (product, _):
            _tell("an initial cycle of 10,000 users and 200 groups, twice")
            found.cycles = list(companies.cycles(product.port, database, home))
            _tell("20 organizations at 25 requests per second")
            found.steady = companies.steady(product.port, towns)


@contextmanager
def _made(server: str, name: str) -> Iterator[tuple[str, Database]]:
    """A migrated PostgreSQL database."""
    databases.execute(server, "create database {}", name)
    url = databases.of(server, name)
    database = Database.open(url)
    migrate.upgrade(database)
    try:
        yield url, database
    finally:
        database.close()
        databases.drop_postgresql(server, name)


@contextmanager
def _serving(url: str, database: Database, *, workers: int | None = WORKERS) -> Iterator[tuple[Server, Server]]:
    """connector and the floor over one database, with statistics as they are after the first night."""
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as tx:
            _vacuum(tx)
    with tempfile.TemporaryDirectory() as data, ExitStack() as stack:
        # On SQLite the floor has a file of its own: there everybody waits for one writer.
        floor_url = url if database.dialect == "postgresql" else f"sqlite:///{data}/floor.db"
        floor.prepare(floor_url)
        product = stack.enter_context(serving(url, Path(data), workers=workers))
        bare = stack.enter_context(floor_serving(floor_url, Path(data), workers=workers or 1))
        yield product, bare


def _vacuum(tx: Connection) -> None:
    tx.exec_driver_sql("VACUUM ANALYZE")


def _tell(text: str) -> None:
    print(f"  {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
