"""`connector demo`: two companies connect their identity providers to a real server, with a database of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click

from connector.cli import demo_story as story
from connector.cli.common import Tools, json_option, prepare
from connector.cli.output import Shown, show
from connector.config import Settings
from connector.errors import Conflict, Unavailable
from connector.storage.database import Database

HOST = "127.0.0.1"
PORTS = range(8000, 8100)
PATIENCE = 30
"""Seconds that the server has to come up."""

LOG = "server.log"

MARK = "made-by-connector-demo"
"""A file that says: what is in this folder may be deleted."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the demo runs: its folder, its port, and what of the environment its commands need."""

    folder: Path
    port: int
    variables: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.variables}


@click.command()
@click.option("--once", is_flag=True, help="End after the tour instead of serving on.")
@json_option
def demo(once: bool, as_json: bool) -> None:
    """A tour with a real server.

    Okta and Entra push two companies, whose members follow.

    Its database is made anew by each run, in data/demo or in the folder of CONNECTOR_DATA_DIR.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    place = _place()
    settings = Settings.from_environment(place.environment)
    database = Database.open(settings.database_url)
    say = story.silent if as_json else click.echo
    try:
        prepare(database)
        with _serving(place) as server:
            say(
                click.style("connector", bold=True)
                + f" serves at {settings.base_url}, with a fresh database in {_short(place.folder)}"
            )
            told = story.tour(Tools(settings, database), say)
            if as_json:
                show(Shown(story.data(settings, told), ""), as_json=True)
            say(story.farewell(told, program=_program(), exports=_exports(place.variables), serving=not once))
            if not once:
                raise _stopped(server.wait(), place)
    except KeyboardInterrupt:
        say("\nStopped. What the tour made is kept until the next one.")
    finally:
        database.close()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Stopping by SIGTERM is the same as by Ctrl-C: the server is stopped with it."""
    raise KeyboardInterrupt


def _place() -> Place:
    """Choose folder and port, and clear the folder of the run before. Raises Conflict `not_a_demo`."""
    folder = Path(os.environ.get("CONNECTOR_DATA_DIR", "").strip() or "data/demo").absolute()
    port = _free_port()
    variables = {"CONNECTOR_DATA_DIR": str(folder)}
    if port != PORTS[0] or os.environ.get("CONNECTOR_BASE_URL"):
        variables["CONNECTOR_BASE_URL"] = f"http://{HOST}:{port}"
    if os.environ.get("CONNECTOR_DATABASE_URL"):
        variables["CONNECTOR_DATABASE_URL"] = f"sqlite:///{folder / 'connector.db'}"
    _clear(folder)
    return Place(folder, port, variables)


def _clear(folder: Path) -> None:
    """Delete the database of an earlier demo, and never another one."""
    mark, file = folder / MARK, folder / "connector.db"
    if file.exists() and not mark.exists():
        raise Conflict(
            "not_a_demo",
            f"{folder} holds a database that no demo made; the demo would replace it.",
            expected="a folder without a database, or that of an earlier demo",
            advice="Leave CONNECTOR_DATA_DIR unset: the demo then uses data/demo.",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark.write_text("Everything in this folder belongs to `connector demo`, which makes it anew.\n")
    for name in ("connector.db", "connector.db-wal", "connector.db-shm"):
        (folder / name).unlink(missing_ok=True)


def _free_port() -> int:
    for port in PORTS:
        with suppress(OSError), socket.create_server((HOST, port)):
            return port
    raise Unavailable("no_free_port", f"All ports from {PORTS[0]} to {PORTS[-1]} are in use.", retry_after=60)


@contextmanager
def _serving(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    """`connector serve` as a process of its own, its logs in the folder; stopped at the end."""
    command = [sys.executable, "-m", "connector.cli", "serve", "--host", HOST, "--port", str(place.port)]
    log = place.folder / LOG
    with log.open("wb") as errors:
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(command, env=place.environment, stdin=quiet, stdout=errors, stderr=errors)  # noqa: S603 - ours
    try:
        _wait(server, f"http://{HOST}:{place.port}/readyz", log)
        yield server
    finally:
        server.terminate()
        server.wait()


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - our own address
            if json.load(answer) == {"status": "ok"}:
                return
        time.sleep(0.05)
    raise Unavailable("server_not_up", "The server did not come up.", retry_after=1, advice=f"It says why in {log}.")


def _stopped(status: int, place: Place) -> Unavailable:
    advice = f"It says why in {place.folder / LOG}."
    return Unavailable("server_stopped", f"The server ended by itself, with status {status}.", retry_after=1, advice=advice)


def _program() -> str:
    """How this program was called, for commands to be copied."""
    called = Path(sys.argv[0])
    return shlex.quote(_short(called.absolute())) if called.name == "connector" else "python -m connector.cli"


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _exports(variables: Mapping[str, str]) -> str:
    told = {name: _short(Path(value)) if name == "CONNECTOR_DATA_DIR" else value for name, value in variables.items()}
    return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in told.items())
