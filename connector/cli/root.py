"""`connector`: the commands put together, and how each of them ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

import click
from sqlalchemy.exc import SQLAlchemyError

from connector.cli import output
from connector.cli.break_glass import break_glass
from connector.cli.client import client
from connector.cli.connection import connection
from connector.cli.demo import demo
from connector.cli.doctor import doctor
from connector.cli.domain import domain
from connector.cli.history import audit, log
from connector.cli.key import key
from connector.cli.member import member
from connector.cli.migrate import migrate
from connector.cli.org import org
from connector.cli.owner import owner
from connector.cli.plan import apply, plan, reconcile
from connector.cli.rule import rule
from connector.cli.serve import serve
from connector.cli.session import session
from connector.cli.signing_key import signing_key
from connector.cli.token import token
from connector.errors import ConnectorError

FAILED = 1
USAGE = 2
INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("connector"), prog_name="connector")
def root() -> None:
    """connector: identity providers push people and groups, members, roles and teams follow.

    ORG is a slug or an id. Every command takes --json.
    """


INSTALLATION = (serve, migrate, doctor, signing_key, demo)
ORGANIZATIONS = (org, domain, connection, token, client, rule, plan, apply, reconcile, member, audit, log)
PEOPLE = (break_glass, owner, session, key)

for command in (*INSTALLATION, *ORGANIZATIONS, *PEOPLE):
    root.add_command(command)


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
