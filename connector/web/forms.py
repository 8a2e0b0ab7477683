"""FORMS: what a page reads of a form, and things that are shown once.

A form that makes something carries a hidden `once` (the macro `parts.once()`): sent a second time, by a reload or a second click,
it makes nothing and shows the same again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from flask import request

from connector.errors import Invalid
from connector.membership.fold import is_storable
from connector.provisioning.acting import Actor
from connector.provisioning.once import Once as Once
from connector.provisioning.once import Replayed
from connector.web.house import house
from connector.web.jsonable import jsonable, text_of

Made = TypeVar("Made")
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")


def text(name: str, *, most: int = 2_000) -> str:
    """A field without spaces around it, "" when it is empty or not there; cut at `most` characters, which is more than any verb
    takes."""
    return request.form.get(name, "").strip()[: most + 1]


def optional(name: str) -> str | None:
    """A field, None when it is empty."""
    return text(name) or None


def asked(name: str) -> str | None:
    """A parameter of the address, None when it is empty or nothing that a database could look for."""
    given = request.args.get(name, "").strip()[:254]
    return given if given and is_storable(given) else None


def number(name: str, default: int) -> int:
    """A whole number, `default` when the field is empty. Raises Invalid `number_invalid`."""
    given = text(name, most=20)
    if not given:
        return default
    if not (given.isascii() and given.isdecimal() and len(given) < 10):
        raise Invalid("number_invalid", f"{given} is no number.", expected="a whole number", advice="Write digits only.")
    return int(given)


def ticked(name: str) -> bool:
    """Whether a box is ticked."""
    return name in request.form


def made_once(actor: Actor, make: Callable[[Once | None], Made]) -> Any:
    """Run a verb that makes something, and return what it made as the API would answer it; of the same form with the same in it,
    the same again."""
    try:
        return json.loads(_text(make(_once(actor))))
    except Replayed as again:
        return json.loads(again.text)


def _once(actor: Actor) -> Once | None:
    key = request.form.get("once", "")
    if not _KEY.fullmatch(key):
        return None
    said = sorted(request.form.items(multi=True))
    sent = _hash(json.dumps([actor.person_id, "form", request.path, said]))
    return Once(sent, sent, house().sealer, _text)


def _text(made: Any) -> str:
    return text_of(jsonable(made))


def _hash(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()
