"""A real server for tests: `connector serve` as a process group on loopback, bounded in time, stopped by its own id."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START = 30.0
"""Seconds a server may take until it is ready, also on a busy machine."""


@dataclass(frozen=True)
class Server:
    """A running server: where it listens and how it is stopped."""

    port: int
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """kill -9 of the whole group: master and workers at once, no handler runs."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)

    def kill_one(self) -> None:
        """kill -9 of one worker; the master starts another."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)


def environment(url: str, data: Path) -> dict[str, str]:
    """The settings of a process over the database at `url`, and nothing else of ours."""
    return {**os.environ, "CONNECTOR_DATABASE_URL": url, "CONNECTOR_DATA_DIR": str(data)}


@contextmanager
def serving(url: str, data: Path, *, workers: int | None = None) -> Iterator[Server]:
    """Serve the database at `url` until the block ends; yields when it is ready."""
    port = free_port()
    command = [sys.executable, "-m", "connector.cli", "serve", "--port", str(port)]
    command += ["--workers", str(workers)] if workers else []
    with (data / "server.log").open("ab") as output:
        process = subprocess.Popen(command, env=environment(url, data), stdout=output, stderr=output, start_new_session=True)
    try:
        await_answer(port, process, data / "server.log", "/readyz")
        yield Server(port, process)
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """kill -9 of a server that is still running, workers and all."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


def free_port() -> int:
    """A port of loopback that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def await_answer(port: int, process: subprocess.Popen[bytes], log: Path, path: str) -> None:
    """Wait until the server answers 200 at `path`. Raises AssertionError with the end of its log when it does not."""
    end_of_wait = time.monotonic() + START
    while time.monotonic() < end_of_wait:
        if process.poll() is not None:
            break
        try:
            if send(port, "GET", path)[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not become ready: {log.read_text()[-2000:]}")


def send(
    port: int, method: str, path: str, *, token: str = "", body: Mapping[str, Any] | None = None, timeout: float = 30
) -> tuple[int, dict[str, Any]]:
    """One request over a connection of its own. Raises OSError or http.client.HTTPException when there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        headers = {"Content-Type": "application/scim+json", "Authorization": f"Bearer {token}"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}
    finally:
        connection.close()
