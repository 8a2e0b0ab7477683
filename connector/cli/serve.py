"""`connector serve`: a production server on either database."""

from __future__ import annotations

import gc
import logging
import os
import socket
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import click
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from sqlalchemy.engine import make_url

from connector.cli.common import json_option, prepare
from connector.cli.logs import log_json
from connector.cli.output import Shown, show
from connector.config import Settings
from connector.errors import Invalid
from connector.storage.database import Database

SQLITE_THREADS = 16
POSTGRESQL_THREADS = 8

CONNECTIONS = 800
"""Sockets of one process, below the 1,024 files that many systems allow."""

GARBAGE = 20_000
"""Objects after which Python looks for garbage in cycles, of which a request leaves few; its own default is 700."""

GRACE = 20
"""Seconds that requests under way get when the server is told to stop."""

_log = logging.getLogger("connector.serve")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port; 0 for any free one.")
@click.option("--workers", metavar="N", type=click.IntRange(1, 64), help="Processes; default 2 per core, on SQLite 1.")
@json_option
def serve(host: str, port: int, workers: int | None, as_json: bool) -> None:
    """Serve until stopped.

    Migrates SQLite itself, refuses a PostgreSQL that is behind. Logs are JSON lines on standard error; --json prints where it
    listens, once it does.
    """
    settings = Settings.from_environment(os.environ)
    on_sqlite = make_url(settings.database_url).get_backend_name() == "sqlite"
    if on_sqlite and (workers or 1) > 1:
        raise click.UsageError("On SQLite there is one process with threads: --workers above 1 needs PostgreSQL.")
    database = Database.open(settings.database_url)
    try:
        prepare(database)
    finally:
        database.close()  # before the fork: every worker makes a pool of its own
    log_json()
    processes = 1 if on_sqlite else workers or max(2, 2 * (os.cpu_count() or 1))
    threads = SQLITE_THREADS if on_sqlite else POSTGRESQL_THREADS
    Server(settings, listen(host, port), processes, threads, tells=as_json).run()


def listen(host: str, port: int) -> socket.socket:
    """Bind the address before anything is started. Raises Invalid `address_unavailable`."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        advice = "Stop what listens there, or choose another port with --port."
        detail = f"The server cannot listen at {host}:{port}: {reason}."
        raise Invalid("address_unavailable", detail, expected="a free address of this machine", advice=advice) from None


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with connector in it, told everything here: no file and no environment variable of gunicorn's is read."""

    def __init__(self, settings: Settings, listener: socket.socket, workers: int, threads: int, *, tells: bool) -> None:
        self._settings = settings
        self._address = _address(listener)
        self._descriptor = listener.detach()  # gunicorn closes it
        self._workers = workers
        self._threads = threads
        self._tells = tells
        self._stop: Callable[[], None] | None = None
        super().__init__()

    def load_config(self) -> None:
        """Called by the base class."""
        told = {
            "bind": f"fd://{self._descriptor}",
            "workers": self._workers,
            "threads": self._threads,
            "worker_class": "connector.cli.worker.PatientWorker",
            "worker_connections": CONNECTIONS,
            "keepalive": 15,
            "graceful_timeout": GRACE,
            "limit_request_line": 8190,
            "loglevel": "warning",
            "control_socket_disable": True,
            "when_ready": self._ready,
            "worker_exit": self._ended,
        }
        for name, value in told.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Called in each worker, after the fork."""
        # Half a second to import, which other commands need not wait for.
        from connector import upkeep
        from connector.app import create_app

        app = create_app(self._settings)
        gc.freeze()  # what is there now stays: the collector need not walk through it again and again
        gc.set_threshold(GARBAGE)
        self._stop = upkeep.start(app.extensions["connector"].database, self._settings)
        return app

    def _ready(self, _arbiter: Any) -> None:
        fields = {
            "address": self._address,
            "base_url": self._settings.base_url,
            "database": make_url(self._settings.database_url).get_backend_name(),
            "processes": self._workers,
            "threads": self._threads,
        }
        if self._tells:
            show(Shown(fields, ""), as_json=True)
        _log.info("connector %s listens at %s", version("connector"), fields["address"], extra={"fields": fields})

    def _ended(self, _arbiter: Any, _worker: Any) -> None:
        if self._stop is not None:
            self._stop()
