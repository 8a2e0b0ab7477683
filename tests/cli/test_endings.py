"""How a command ends when something outside of it goes wrong: the exit status, and what is left on the screen."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from connector.organizations import organizations
from tests.cli.conftest import Cli
from tests.cli.processes import COMMAND, PATIENCE, environment


@pytest.mark.parametrize("words", [(), ("org",), ("connection",)])
def test_a_call_without_a_verb_is_answered_with_the_help(cli_on_sqlite: Cli, words: tuple[str, ...]) -> None:
    """Status 2 as for every call that makes no sense; people need the list of commands, not an object."""
    ended = cli_on_sqlite(*words)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("Usage: connector")
    assert "Commands:" in ended.err


def test_a_reader_that_has_enough_ends_the_command_without_a_complaint(tmp_path: Path) -> None:
    """As in `connector --help | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [*COMMAND, "--help"], env=environment(tmp_path), stdout=writer, stderr=subprocess.PIPE, timeout=PATIENCE, check=False
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, b"")


def test_control_c_ends_the_command_with_130(cli_on_sqlite: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """As shells expect it, and without a traceback."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(organizations, "list_all", interrupted)
    ended = cli_on_sqlite("org", "list")
    assert (ended.status, ended.out) == (130, "")


def test_a_file_that_is_no_database_is_told_without_its_inner_words(cli_on_sqlite: Cli) -> None:
    """What the driver says may hold statements and values."""
    Path(os.environ["CONNECTOR_DATABASE_URL"].removeprefix("sqlite:///")).write_text("no database, " * 100)
    error = cli_on_sqlite.refused("org", "list")
    assert error == {
        "code": "database_error",
        "detail": "The database refused: DatabaseError.",
        "advice": "`connector doctor` looks at the database.",
    }
