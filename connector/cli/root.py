"""`connector`: the commands put together, and how each of them ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

import click
from sqlalchemy.exc import SQLAlchemyError

from connector.cli import output
from connector.errors import ConnectorError

FAILED = 1
USAGE = 2
INTERRUPTED = 130


MODULES = {
    **dict.fromkeys(("audit", "log"), "history"),
    **dict.fromkeys(("invitation", "invite"), "invite"),
    **dict.fromkeys(("apply", "plan", "reconcile"), "plan"),
    **{name: name for name in ("client", "connection", "demo", "doctor", "domain", "key", "member", "migrate", "org", "owner")},
    **{name: name for name in ("rule", "serve", "session", "setting", "token", "use")},
    **dict.fromkeys(("installation", "super-admin"), "installation"),
    **dict.fromkeys(("check", "resource"), "resource"),
    **{name: name for name in ("grant", "project", "team")},
    "break-glass": "break_glass",
    "setup-link": "setup_link",
    "signing-key": "signing_key",
}
"""The module of each command. It is loaded when the command is called: all of them together take seconds."""


class Commands(click.Group):
    """The commands of MODULES, each called in its module as on the command line, with `_` for `-`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, sorted."""
        return sorted(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None when there is none of this name."""
        if cmd_name not in MODULES:
            return None
        command: click.Command = getattr(import_module(f"connector.cli.{MODULES[cmd_name]}"), cmd_name.replace("-", "_"))
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("connector"), prog_name="connector")
def root() -> None:
    """connector: identity providers push people and groups, members, roles and teams follow.

    ORG is a slug or an id. Every command takes --json.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit status: 0, 1 for a refusal, 2 for a call that makes no sense."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter shows ? instead of ending the command
    sys.exit(run(None if arguments is None else list(arguments)))


def run(arguments: list[str] | None) -> int:
    """Run one command and return its exit status; whatever went wrong has been printed."""
    try:
        return root.main(arguments, prog_name="connector", standalone_mode=False) or 0
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "connector"
        output.show_error("usage", error.format_message(), advice=f"{where} --help")
        return USAGE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has enough: leave without a complaint
        return FAILED
    except OSError as error:
        output.show_error("file_unusable", f"{error.strerror or error}: {error.filename}")
        return FAILED
    except click.Abort:
        return INTERRUPTED
    except ConnectorError as error:
        output.show_refusal(error)
    except SQLAlchemyError as error:
        # Its text holds statements and values, which are nobody's business here.
        detail = f"The database refused: {type(getattr(error, 'orig', None) or error).__name__}."
        output.show_error("database_error", detail, advice="`connector doctor` looks at the database.")
    return FAILED
