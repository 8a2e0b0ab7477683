"""Programs of this project as real processes on loopback, each stopped by its id."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "connector.cli")
PATIENCE = 180
"""Seconds after which a test gives up on a process."""


@dataclass(frozen=True)
class Server:
    """A running server: where it listens, its process, and the file of its log."""

    address: str
    told: Mapping[str, Any]
    process: subprocess.Popen[str]
    log: Path

    def port(self) -> int:
        """The port it listens at."""
        return int(self.address.rpartition(":")[2])


def environment(folder: Path, url: str | None = None, **more: str) -> dict[str, str]:
    """The environment of an installation in `folder`, without what this process was told of another."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
    given = {"CONNECTOR_DATA_DIR": str(folder)} | ({"CONNECTOR_DATABASE_URL": url} if url else {})
    return plain | given | more


def ran(environ: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run([*COMMAND, *words], env=dict(environ), capture_output=True, text=True, timeout=PATIENCE, check=False)


@contextmanager
def serving(environ: Mapping[str, str], folder: Path, *words: str) -> Iterator[Server]:
    """`connector serve` at any free port; terminated at the end if it still runs."""
    log = folder / "server.log"
    with log.open("w") as errors:
        command = [*COMMAND, "serve", "--port", "0", "--json", *words]
        process = subprocess.Popen(command, env=dict(environ), stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert line, log.read_text()
        told = json.loads(line)
        yield Server(told["address"], told, process, log)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
