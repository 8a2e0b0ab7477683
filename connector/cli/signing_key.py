"""`connector signing-key`: the keys by which identity providers know this installation, and how to change them."""

from __future__ import annotations

import click

from connector.cli import output
from connector.cli.common import Tools, opens
from connector.cli.output import Shown
from connector.directory import signing_keys


@click.group("signing-key")
def signing_key() -> None:
    """Keys of this installation, for SAML and private_key_jwt.

    To change them: add one, let every identity provider read our metadata again, use it, remove the old one.
    """


@signing_key.command("list")
@opens
def list_(at_hand: Tools) -> Shown:
    """The keys, the one that signs first; all decrypt."""
    found = signing_keys.list_(at_hand.database)
    rows = [("signs" if key.signs else "beside", f"{key.not_after:%Y-%m-%d}", key.fingerprint, key.id) for key in found]
    empty = "No key yet: the first is made when it is needed."
    return Shown(output.items(found), output.table(("USE", "ENDS", "SHA-256", "ID"), rows, empty=empty))


@signing_key.command()
@opens
def add(at_hand: Tools) -> Shown:
    """Make a key that is published beside the one that signs."""
    made = signing_keys.add(at_hand.database, at_hand.sealer, at_hand.settings.base_url)
    then = f"connector signing-key use {made.id}"
    return Shown(made, f"Made {made.id}. When every identity provider has read our metadata again:\n  {then}")


@signing_key.command()
@opens
@click.argument("key")
def use(at_hand: Tools, key: str) -> Shown:
    """Let a key sign from now on."""
    signing_keys.use(at_hand.database, key)
    return Shown({"id": key, "signs": True}, f"{key} signs. The other one still decrypts until it is removed.")


@signing_key.command()
@opens
@click.argument("key")
def remove(at_hand: Tools, key: str) -> Shown:
    """Publish and decrypt with a key no longer."""
    signing_keys.remove(at_hand.database, key)
    return Shown({"id": key, "removed": True}, f"{key} is removed.")
