"""A PATCH message out of any bytes: each byte is a choice, so that a fuzzer that changes bytes changes what is said."""

from __future__ import annotations

from typing import Any

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
NAMES = f"""
    userName externalId name name.givenName NAME.familyName displayName title active emails emails.value emails.primary roles
    roles.value addresses addresses.type photos groups members members.value meta id schemas password manager {CORE}
    {ENTERPRISE} {ENTERPRISE}:department {ENTERPRISE}:manager {ENTERPRISE}:manager.value urn:a:b:User urn:a:b:User:x
    {CORE}:userName urn:a:b:User:x.y urn:a:b:User:z URN:A:B:USER:Z urn:a:b:Other:x nonsense
""".split()
CONDITIONS = [
    *('type eq "work"', "primary eq true", 'value eq "a@b.example"', 'value co "b" or type pr', 'not (type eq "home")', "y eq 2"),
    *('type eq "other" and primary eq true', 'type eq "work" and display eq "x"', 'value ne "a"', "y pr", 'primary eq "True"'),
]
SCALARS: list[Any] = [None, "", "True", "text", "a@b.example", "u1", 0, 5, 1.5, -1, True, False, [], {}, "\u0130", "É", 10**30]
KEYS = [
    "value",
    "type",
    "primary",
    "display",
    "givenName",
    "$ref",
    "x",
    "y",
    "VALUE",
    "emails",
    "userName",
    "urn:a:b:User",
    "a.b",
]
OPS: list[Any] = ["add", "Remove", "replace", "Replace", "ADD", "remove", "move", None, 5]


class _Choices:
    """The bytes, taken one at a time; when they are over, every choice is the first."""

    def __init__(self, data: bytes) -> None:
        self._data = iter(data)

    def below(self, number: int) -> int:
        return next(self._data, 0) % number

    def of(self, options: list[Any]) -> Any:
        return options[self.below(len(options))]


def patch_of(data: bytes) -> dict[str, Any]:
    """Return the message that the bytes choose: one to four operations, most of them well formed."""
    choices = _Choices(data)
    operations = [_operation(choices) for _ in range(1 + choices.below(4))]
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}


def _operation(choices: _Choices) -> Any:
    operation: dict[str, Any] = {"op": choices.of(OPS)}
    form = choices.below(4)
    if form > 0:
        operation["path"] = _path(choices, selects=form == 2)
    if choices.below(8):
        operation["value"] = {_path(choices, selects=False): _value(choices, 2)} if form == 0 else _value(choices, 3)
    return operation


def _path(choices: _Choices, *, selects: bool) -> str:
    path: str = choices.of(NAMES)
    if selects:
        path += f"[{choices.of(CONDITIONS)}]" + choices.of(["", ".value", ".type", ".primary", ".x", "."])
    return path


def _value(choices: _Choices, depth: int) -> Any:
    form = choices.below(5) if depth else 0
    if form in (0, 1):
        return choices.of(SCALARS)
    if form == 2:
        return [_value(choices, depth - 1) for _ in range(choices.below(4))]
    return {choices.of(KEYS): _value(choices, depth - 1) for _ in range(choices.below(4))}
