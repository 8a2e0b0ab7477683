"""What pages show to be done and what they say comes of it: requests are sent as curl would, commands run, answers compared."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from tests.docs.pages import read
from tests.support.api import Answer, Client

ANYTHING = "…"

_BLOCK = re.compile(r"^```\n(.*?)^```$(?:\n\n^```json\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[tuple[str, str | None]]:
    """What stands in the blocks of a page to be typed, in order, each with the JSON below it, None where there is none."""
    return [(found[1].replace("\\\n", " "), found[2]) for found in _BLOCK.finditer(read(page))]


def send(client: Client, command: str, known: Mapping[str, str]) -> Answer:
    """Do what curl would; what the shell would put in for `$NAME` is `known`, and the key is the client's own."""
    words = shlex.split(command)[1:]
    method, path, body, headers = "GET", "", None, {}
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-d":
            body = words.pop(0).encode()
        elif word == "-H":
            name, _, value = _filled(words.pop(0), known).partition(": ")
            headers[name] = value
        else:
            path = _filled(word, known)
    assert headers.pop("Authorization") == "Bearer $KEY"
    return client.send(method, path, data=body, headers=headers)


def _filled(text: str, known: Mapping[str, str]) -> str:
    for name, value in {"BASE": "", **known}.items():
        text = text.replace(f"${name}", value)
    return text


def covers(had: Any, wanted: Any) -> bool:
    """Whether an answer has what is shown of it; it may have more. `…` is any text."""
    if wanted == ANYTHING:
        return isinstance(had, str) and had != ""
    if isinstance(wanted, dict):
        return isinstance(had, dict) and all(name in had and covers(had[name], each) for name, each in wanted.items())
    if isinstance(wanted, list):
        return isinstance(had, list) and len(had) == len(wanted) and all(map(covers, had, wanted))
    return bool(had == wanted)
