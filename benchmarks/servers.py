"""The servers that are measured: connector as `connector serve` starts it, and the floor under the same gunicorn settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.cli.serve import Server, listen
from connector.config import Settings
from tests.support import server

THREADS = 8


class FloorServer(Server):
    """`connector serve` with the floor in it."""

    def load(self) -> object:
        """Called in each worker, after the fork."""
        from benchmarks import floor

        return floor.create_app(self._settings.database_url)


def main(port: int, workers: int) -> None:
    """Serve the floor over the database of the environment; run in a process of its own."""
    settings = Settings.from_environment(os.environ)
    FloorServer(settings, listen("127.0.0.1", port), workers, THREADS, tells=False).run()


@contextmanager
def floor_serving(url: str, data: Path, *, workers: int) -> Iterator[server.Server]:
    """Serve the floor until the block ends."""
    port = server.free_port()
    command = [sys.executable, "-c", f"from benchmarks.servers import main; main({port}, {workers})"]
    with (data / "floor.log").open("ab") as output:
        environment = server.environment(url, data)
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    try:
        server.await_answer(port, process, data / "floor.log", "/1")
        yield server.Server(port, process)
    finally:
        server.end(process)


def cpu_seconds(processes: list[int]) -> float:
    """CPU time that the processes and their children, as they are now, have used."""
    ticks = 0
    for process in processes:
        for each in (process, *children(process)):
            try:
                fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            except FileNotFoundError:
                continue
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def children(process: int) -> list[int]:
    """The processes that `process` started."""
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def resident(process: int) -> float:
    """Resident memory of a process in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024
