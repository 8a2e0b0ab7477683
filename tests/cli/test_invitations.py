"""`connector invite` and `connector invitation`."""

from __future__ import annotations

import re

from connector.config import Settings
from tests.cli.conftest import Cli


def test_an_invitation_at_the_command_line(cli: Cli, settings: Settings) -> None:
    """Its link is printed, and works; sent again there is another; cancelled it is over."""
    cli.json("org", "create", "acme", "--name", "Acme", "--owner", "founder@acme.example")
    made = cli.json("invite", "acme", "leo@b.example", "--role", "admin")
    assert (made["email"], made["role"], made["status"], made["invited_by"]) == ("leo@b.example", "admin", "pending", None)
    assert re.fullmatch(rf"{re.escape(settings.base_url)}/invitations/[A-Za-z0-9]{{43}}", made["url"])
    [listed] = cli.json("invitation", "list", "acme")["items"]
    assert listed == {name: value for name, value in made.items() if name != "url"}
    again = cli.json("invitation", "resend", made["id"])
    assert (again["id"], again["url"] == made["url"]) == (made["id"], False)
    assert cli.json("invitation", "cancel", made["id"]) == {"id": made["id"], "status": "cancelled"}
    assert cli.json("invitation", "list", "--org", "acme", "--status", "pending") == {"items": []}
    assert cli.refused("invitation", "resend", made["id"])["code"] == "invitation_over"


def test_what_people_read(cli_on_sqlite: Cli) -> None:
    """The link on a line of its own; a table, and what to do without one."""
    cli = cli_on_sqlite
    cli.json("org", "create", "acme", "--name", "Acme", "--owner", "founder@acme.example")
    assert "connector invite ORG EMAIL" in cli.text("invitation", "list", "acme")
    assert re.search(
        r"^  http://127\.0\.0\.1:8000/invitations/\w{43}$", cli.text("invite", "acme", "leo@b.example"), re.MULTILINE
    )
    table = cli.text("invitation", "list", "acme")
    assert [word in table for word in ("leo@b.example", "member", "pending", "operator")] == [True] * 4


def test_what_is_refused(cli_on_sqlite: Cli) -> None:
    """With the codes of the verbs."""
    cli = cli_on_sqlite
    cli.json("org", "create", "acme", "--name", "Acme", "--owner", "founder@acme.example")
    assert cli.refused("invite", "acme", "founder@acme.example")["code"] == "already_member"
    assert cli.refused("invite", "acme", "leo@b.example", "--role", "emperor")["code"] == "unknown_role"
    assert cli.refused("invitation", "cancel", "no-such-id")["code"] == "invitation_not_found"
    made = cli.json("invite", "acme", "leo@b.example")
    assert cli.refused("invitation", "approve-move", made["id"])["code"] == "move_not_requested"
