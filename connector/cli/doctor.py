"""`connector doctor`: is everything there that this installation needs, and what to do where it is not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import click
from sqlalchemy.exc import SQLAlchemyError

from connector.cli import machine, output
from connector.cli.common import json_option
from connector.cli.machine import Check, Status
from connector.cli.output import Shown
from connector.config import Settings
from connector.directory import health, upkeep
from connector.errors import Unavailable
from connector.storage import migrate
from connector.storage.database import Database
from connector.storage.sealing import Sealer

SKEW = 90
"""Seconds that clocks may differ."""

SOON = timedelta(days=30)

POSTGRESQL_OLDEST = 140000

_COLOURS: dict[Status, str] = {"ok": "green", "warning": "yellow", "error": "red"}


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check all that this installation needs.

    Database, migrations, clock, secrets, base URL, mail, tokens, directories, sign-on, break-glass owners. Exits with 1 on an
    error.
    """
    checks = examine(Settings.from_environment(os.environ))
    output.show(Shown(output.items(checks), _text(checks)), as_json=as_json)
    ctx.exit(1 if any(check.status == "error" for check in checks) else 0)


def examine(settings: Settings) -> list[Check]:
    """Look at everything; what needs the database is left out where it does not answer."""
    database = Database.open(settings.database_url)
    try:
        return [*_database(database, settings), *machine.examine(settings)]
    finally:
        database.close()


def _text(checks: list[Check]) -> str:
    lines = []
    for check in checks:
        status = click.style(f"{check.status:<7}", fg=_COLOURS[check.status])
        lines.append(f"{status}  {check.check:<12}  {check.detail}")
        lines += [" " * 23 + f"→ {check.advice}"] if check.advice else []
    return "\n".join(lines)


def _database(database: Database, settings: Settings) -> Iterator[Check]:
    try:
        yield _store(database)
        yield _clock(database)
        found, needed = migrate.current(database), migrate.head()
    except (Unavailable, SQLAlchemyError) as error:
        detail = error.detail if isinstance(error, Unavailable) else f"it cannot be opened ({type(error).__name__})"
        yield Check("database", "error", detail, "Start it, or correct CONNECTOR_DATABASE_URL.")
        return
    if found != needed:
        behind = f"at revision {found or 'none'}, needed is {needed}"
        if database.dialect == "sqlite":
            yield Check("migrations", "warning", behind, "`connector serve` and every other command migrate SQLite themselves.")
        else:
            yield Check("migrations", "error", behind, "Make a backup and run `connector migrate`.")
        return
    yield Check("migrations", "ok", f"at revision {found}")
    yield from _organizations(database)
    yield from _sign_on(database, datetime.now(UTC))
    yield _secrets(database, Sealer(settings.secret_keys))


def _store(database: Database) -> Check:
    with database.read() as tx:
        if database.dialect == "sqlite":
            found = {
                name: str(tx.exec_driver_sql(f"PRAGMA {name}").scalar())
                for name in ("journal_mode", "foreign_keys", "synchronous")
            }
            version = tx.exec_driver_sql("SELECT sqlite_version()").scalar()
            good = found == {"journal_mode": "wal", "foreign_keys": "1", "synchronous": "2"}
            detail = f"SQLite {version}, " + ", ".join(f"{name} {value}" for name, value in found.items())
            advice = "The file must be on a local disk: write-ahead logging does not work on network file systems."
            return Check("database", "ok" if good else "error", detail, "" if good else advice)
        number = int(tx.exec_driver_sql("SHOW server_version_num").scalar_one())
        encoding = tx.exec_driver_sql("SHOW server_encoding").scalar_one()
    detail = f"PostgreSQL {number // 10000}.{number % 10000}, encoding {encoding}"
    if encoding != "UTF8":
        return Check("database", "error", detail, "Create the database with ENCODING 'UTF8'.")
    if number < POSTGRESQL_OLDEST:
        return Check("database", "warning", detail, f"Tested from PostgreSQL {POSTGRESQL_OLDEST // 10000} on.")
    return Check("database", "ok", detail)


def _clock(database: Database) -> Check:
    if database.dialect == "sqlite":
        return Check("clock", "ok", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, the database uses the same")
    with database.read() as tx:
        theirs: datetime = tx.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    apart = abs((datetime.now(UTC) - theirs).total_seconds())
    if apart > SKEW:
        return Check("clock", "error", f"{apart:.0f} s apart from the database's", "Run a time service on both machines.")
    return Check("clock", "ok", f"{apart:.0f} s apart from the database's")


def _organizations(database: Database) -> Iterator[Check]:
    now = datetime.now(UTC)
    renewal = "`connector token create {}` makes the next one, while both work."
    tokens = [
        Check(
            "tokens",
            "warning",
            f"…{each.hint} of {each.name} ends on {each.expires_at:%Y-%m-%d}",
            renewal.format(each.connection),
        )
        for each in health.ending_tokens(database, now, SOON)
    ]
    silent = [
        Check("directories", "warning", each.sentence, "Look at the provisioning status at the identity provider.")
        for each in upkeep.silent_directories(database, now)
    ]
    closed = [
        Check(
            "sign-in",
            "warning",
            f"nobody signs in through {each.name} of {each.organization}: it has no sign-on side",
            "Only break-glass owners can sign in.",
        )
        for each in health.without_sign_on(database)
    ]
    open_ = [
        Check(
            "break-glass",
            "error",
            f"{slug} has no active break-glass owner",
            f"Lift the suspension of one: connector member list {slug}",
        )
        for slug in health.without_break_glass(database)
    ]
    yield from tokens or [Check("tokens", "ok", "none ends within 30 days")]
    yield from silent or [Check("directories", "ok", "none live has been silent for 24 hours")]
    yield from closed or [Check("sign-in", "ok", "no active connection lacks a sign-on side")]
    yield from open_ or [Check("break-glass", "ok", "every organization in sso has an active break-glass owner")]


def _sign_on(database: Database, now: datetime) -> Iterator[Check]:
    """Identity providers whose certificates end, or whose metadata cannot be refreshed."""
    ending = [
        Check("certificates", "warning", each.sentence, "A certificate past its end goes on working; the IdP may change keys.")
        for each in upkeep.ending_certificates(database, now)
    ]
    failing = [
        Check("metadata", "warning", each.sentence, f"connector connection test {each.target.partition(':')[2]}")
        for each in upkeep.troubled_metadata(database, now)
    ]
    yield from ending or [Check("certificates", "ok", "no identity provider's last certificate ends within 60 days")]
    yield from failing or [Check("metadata", "ok", "all that are fetched could be read")]


def _secrets(database: Database, sealer: Sealer) -> Check:
    closed = health.closed_secrets(database, sealer)
    if not closed:
        return Check("secrets", "ok", "the secret key opens all that is sealed")
    more = f" and {len(closed) - 1} more" if len(closed) > 1 else ""
    advice = "Put the key it was sealed with behind today's: CONNECTOR_SECRET_KEY=NEW,OLD."
    return Check("secrets", "error", f"the secret key does not open {closed[0]}{more}", advice)
