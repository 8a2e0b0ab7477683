"""`connector demo`: two companies connect their identity providers to a real server with its own database; a third waits."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click

from connector.cli import demo_console
from connector.cli import demo_story as story
from connector.cli.common import Tools, json_option
from connector.cli.demo_sign_in import demo_idp
from connector.cli.output import Shown, show
from connector.config import Settings
from connector.errors import Conflict, Unavailable
from connector.storage.database import Database
from idp_fixtures.idp import Provider

HOST = "127.0.0.1"
PORTS = range(8000, 8100)
MARK = "made-by-connector-demo"
"""A file that says: what is in this folder may be deleted."""


@dataclass(frozen=True, slots=True)
class Running:
    """The demo's server: its process, its log, and what of the environment commands need to reach the same installation."""

    process: subprocess.Popen[str]
    log: Path
    variables: Mapping[str, str]


@click.command()
@click.option("--once", is_flag=True, help="End after the tour instead of serving on.")
@json_option
def demo(once: bool, as_json: bool) -> None:
    """A tour with a real server.

    Okta and Entra push two companies, whose members follow. People sign in through an identity provider that runs beside it. A
    third company is yours to connect, in the console.

    Its database is made anew by each run, in data/demo or in the folder of CONNECTOR_DATA_DIR.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    folder = Path(os.environ.get("CONNECTOR_DATA_DIR", "").strip() or "data/demo").absolute()
    say = story.silent if as_json else click.echo
    _clear(folder)
    try:
        with _serving(folder) as server, demo_idp() as idp, demo_console.globex_idp() as globex:
            with _tools(server) as at_hand:
                told = _tour(at_hand, idp, say)
                if as_json:
                    show(Shown(story.data(told), ""), as_json=True)
                if not once:
                    say(demo_console.told(demo_console.doors(at_hand, told[0].home.organization, globex)))
            say(story.farewell(told, program=_program(), exports=_exports(server.variables), serving=not once))
            if not once:
                raise _stopped(server)
    except KeyboardInterrupt:
        say("\nStopped. What the tour made is kept until the next one.")


@contextmanager
def _tools(server: Running) -> Iterator[Tools]:
    """The server's installation, for verbs."""
    settings = Settings.from_environment({**os.environ, **server.variables})
    database = Database.open(settings.database_url)
    try:
        yield Tools(settings, database)
    finally:
        database.close()


def _tour(at_hand: Tools, idp: Provider, say: story.Say) -> tuple[story.Told, ...]:
    say(click.style("connector", bold=True) + f" serves at {at_hand.settings.base_url}")
    say(f"Its fresh database is in {_short(at_hand.settings.data_dir)}")
    return story.tour(at_hand, idp, say)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Stopping by SIGTERM is the same as by Ctrl-C: the server is stopped with it."""
    raise KeyboardInterrupt


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


@contextmanager
def _serving(folder: Path) -> Iterator[Running]:
    """`connector serve` as a process of its own, at the first port that is free; stopped at the end."""
    server = _started(folder)
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.communicate()


def _started(folder: Path) -> Running:
    """Start the server and wait until it says where it listens. Raises Unavailable `no_free_port`, `server_stopped`."""
    for port in filter(_is_free, PORTS):
        server = _start(folder, port)
        if server.process.stdout and server.process.stdout.readline():
            return server
        if "address_unavailable" not in server.log.read_text():  # else somebody took the port in this moment
            raise _stopped(server)
    raise Unavailable("no_free_port", f"All ports from {PORTS[0]} to {PORTS[-1]} are in use.", retry_after=60)


def _start(folder: Path, port: int) -> Running:
    variables = {"CONNECTOR_DATA_DIR": str(folder), "CONNECTOR_FETCH_PRIVATE": "1"}
    if port != PORTS[0] or os.environ.get("CONNECTOR_BASE_URL"):
        variables["CONNECTOR_BASE_URL"] = f"http://{HOST}:{port}"
    if os.environ.get("CONNECTOR_DATABASE_URL"):
        variables["CONNECTOR_DATABASE_URL"] = f"sqlite:///{folder / 'connector.db'}"
    command = [sys.executable, "-m", "connector.cli", "serve", "--host", HOST, "--port", str(port), "--json"]
    log, environment = folder / "server.log", {**os.environ, **variables}
    with log.open("w") as errors:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)  # noqa: S603 - ours
    return Running(process, log, variables)


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def _stopped(server: Running) -> Unavailable:
    """Wait for a server that was not told to end, and say that it did."""
    status = server.process.wait()
    advice = f"It says why in {server.log}."
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
