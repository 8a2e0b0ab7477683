"""`connector migrate`: bring the database to the schema of this program."""

from __future__ import annotations

import os

import click

from connector.cli import output
from connector.cli.common import json_option
from connector.cli.output import Shown
from connector.config import Settings
from connector.storage import migrate as migrations
from connector.storage.database import Database


@click.command()
@json_option
def migrate(as_json: bool) -> None:
    """Bring the database to the schema of this program."""
    database = Database.open(Settings.from_environment(os.environ).database_url)
    try:
        before = migrations.current(database)
        migrations.upgrade(database)
    finally:
        database.close()
    after = migrations.head()
    text = (
        f"The database is at revision {after} already." if before == after else f"Migrated from {before or 'nothing'} to {after}."
    )
    output.show(Shown({"revision": after, "before": before}, text), as_json=as_json)
