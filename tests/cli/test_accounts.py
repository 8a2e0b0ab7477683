"""The commands about people's accounts: break-glass, owner, session, key."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from connector.accounts import keys, links
from connector.accounts.sessions import Visitor
from connector.config import Settings
from connector.storage.database import Database
from tests.cli.conftest import Cli

ADA = "ada@acme.example"


def organization(cli: Cli) -> str:
    """An organization owned by ada@acme.example; returns the token of her sign-in link."""
    made = cli.json("org", "create", "acme", "--name", "Acme", "--owner", ADA)
    return str(made["sign_in_url"]).partition("token=")[2]


def sign_in(settings: Settings, token: str) -> None:
    """Open a printed link in a browser."""
    database = Database.open(settings.database_url)
    links.use(database, token, "", Visitor("192.0.2.1", "Firefox"), datetime.now(UTC))
    database.close()


def test_break_glass_owners_are_named_listed_and_taken_back(cli: Cli) -> None:
    """With how many codes they have left."""
    organization(cli)
    assert cli.json("break-glass", "list", "acme") == {"items": []}
    named = cli.json("break-glass", "add", "acme", ADA)
    assert named.keys() == {"user_id", "email", "name", "status", "since", "codes"}
    assert cli.json("break-glass", "list", "acme") == {"items": [named]}
    codes = cli.json("owner", "codes", "acme", ADA)["codes"]
    assert len(codes) == 10
    assert all(re.fullmatch(r"[A-Z]{4}(-[A-Z]{4}){3}", code) for code in codes)
    assert cli.json("break-glass", "list", "acme")["items"][0]["codes"] == 10
    assert cli.json("break-glass", "remove", "acme", ADA) == {"email": ADA, "removed": True}
    assert cli.refused("owner", "codes", "acme", ADA)["code"] == "not_break_glass"


def test_an_owner_who_is_locked_out_gets_a_link(cli: Cli, settings: Settings) -> None:
    """Which signs in once, through the address that is printed."""
    organization(cli)
    url = cli.json("owner", "restore", "acme", ADA)["url"]
    base, _, token = url.partition("?token=")
    assert base == "http://127.0.0.1:8000/login/link"
    sign_in(settings, token)
    [session] = cli.json("session", "list", ADA)["items"]
    [held] = session["authentications"]
    assert (held["method"], held["organization"]) == ("break_glass", "Acme")
    assert cli.refused("owner", "restore", "acme", "bob@acme.example")["code"] == "not_an_owner"
    assert {"break_glass.link_made", "break_glass.used"} <= {item["action"] for item in cli.json("audit", "acme")["items"]}


def test_the_sessions_of_a_person_are_listed_and_ended(cli: Cli, settings: Settings) -> None:
    """By verified address; nobody's are said to be nobody's."""
    sign_in(settings, organization(cli))
    [session] = cli.json("session", "list", ADA)["items"]
    assert session.keys() == {"id", "created_at", "last_seen_at", "address", "agent", "authentications"}
    assert (session["address"], session["agent"]) == ("192.0.2.1", "Firefox")
    assert session["authentications"][0]["method"] == "operator_link"
    assert "operator_link" in cli.text("session", "list", ADA)
    assert cli.json("session", "end", ADA) == {"email": ADA, "ended": 1}
    assert cli.json("session", "list", ADA) == {"items": []}
    assert cli.refused("session", "list", "bob@acme.example")["code"] == "person_not_found"
    assert cli.refused("session", "end", "bob")["code"] == "email_invalid"


def test_a_key_is_shown_once_listed_and_revoked(cli: Cli, settings: Settings) -> None:
    """Of a person who is made if unknown, and of a member in an organization."""
    organization(cli)
    mine = cli.json("key", "create", "--person", "new@x.example", "--scopes", "org.read, audit.read")
    ours = cli.json("key", "create", "--person", ADA, "--org", "acme")
    assert mine.keys() == ours.keys() == {"id", "key"}
    database = Database.open(settings.database_url)
    assert keys.find(database, mine["key"], datetime.now(UTC)) is not None
    database.close()
    [listed] = cli.json("key", "list", "--org", "acme")["items"]
    assert (listed["id"], listed["person"], listed["organization"], listed["state"]) == (ours["id"], ADA, "acme", "live")
    [listed] = cli.json("key", "list", "--person", "new@x.example")["items"]
    assert (listed["scopes"], listed["organization"]) == (["audit.read", "org.read"], None)
    assert mine["key"] not in cli.text("key", "list", "--person", "new@x.example")
    assert cli.json("key", "revoke", mine["id"]) == {"id": mine["id"], "state": "revoked"}
    assert "Whose keys?" in cli.misused("key", "list")


def test_secrets_are_printed_and_nowhere_else(cli: Cli, settings: Settings, tmp_path: Path) -> None:
    """Not into the data directory, the database file among it."""
    token = organization(cli)
    cli.json("break-glass", "add", "acme", ADA)
    codes = cli.json("owner", "codes", "acme", ADA)["codes"]
    key = cli.json("key", "create", "--person", ADA)["key"]
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not [secret for secret in (token, key, *codes) if secret.encode() in kept]
