"""MESSAGES: what arrives. Bodies and queries become values of pydantic models before anybody else sees them.

A model takes what it names and nothing else. Texts that a database cannot keep (NUL, halves of surrogate pairs) and numbers that
programs read differently (RFC 7493 section 2.2) are refused here, wherever they stand. What is refused is told by its place and
never repeated: a secret may have been typed into the wrong field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import pydantic_core
from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError

from connector.errors import Unfit, Unsupported
from connector.membership.fold import is_storable

EXACT = 2**53 - 1
"""The largest whole number that every program reads as the same (RFC 7493 section 2.2)."""

_SHOWN = 20  # faults told of one message


class Body(BaseModel):
    """What every body is: fields that it names, of the types it names, and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """What every query is: parameters that it names, each once. `EXPECTED` is what one that is refused was to be."""

    EXPECTED: ClassVar[str] = "the described parameters, each once at most"

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=BaseModel)
Asked = TypeVar("Asked", bound=Query)


def read_body(model: type[Model]) -> Model:
    """Return the body of the current request; an empty one counts as `{}`.

    Raises Unsupported `content_type`, Unfit `body_invalid`.
    """
    raw = request.get_data() or b"{}"
    if request.mimetype != "application/json" and (request.mimetype or request.get_data()):
        raise Unsupported(
            "content_type",
            "The body is not said to be JSON.",
            expected="Content-Type: application/json",
        )
    try:
        faults = list(_unkept(pydantic_core.from_json(raw), ()))
    except ValueError:
        raise _body_unfit([_fault((), "This is no JSON text (RFC 8259) in UTF-8.")]) from None
    if faults:
        raise _body_unfit(faults)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise _body_unfit(_told(error)) from None


def read_query(model: type[Asked]) -> Asked:
    """Return the query of the current request. Raises Unfit `query_invalid`."""
    given = request.args.to_dict(flat=False)
    faults = [_fault((name,), "It is sent more than once.") for name, values in given.items() if len(values) > 1]
    if any(_odd(*each) for each in request.args.items(multi=True)):
        faults.append(_fault((), "A text holds a character that cannot be kept."))
    if faults:
        raise _query_unfit(model, faults)
    try:
        return model.model_validate_strings({name: values[0] for name, values in given.items()})
    except ValidationError as error:
        raise _query_unfit(model, _told(error)) from None


def _odd(*texts: str) -> bool:
    return not all(is_storable(text) for text in texts)


def _unkept(value: Any, place: tuple[str | int, ...]) -> Iterator[dict[str, str]]:
    """What of a JSON value cannot be kept, wherever it stands."""
    if isinstance(value, str) and _odd(value):
        yield _fault(place, "The text holds a character that cannot be kept: NUL, or half of a surrogate pair.")
    elif isinstance(value, float) and not abs(value) < float("inf"):
        yield _fault(place, "This is no number of JSON.")
    elif isinstance(value, int) and abs(value) > EXACT:
        yield _fault(place, "The number is too large to be exact in every program.")
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from [_fault(place, "The name of a field cannot be kept.")] if _odd(name) else _unkept(each, (*place, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _unkept(each, (*place, number))


def _told(error: ValidationError) -> list[dict[str, str]]:
    """Where pydantic found what. Its texts speak of the rule; what arrived is left out."""
    return [_fault(each["loc"], f"{each['msg']}.") for each in error.errors(include_url=False, include_input=False)]


def _fault(place: Sequence[str | int], detail: str) -> dict[str, str]:
    """A place as a JSON Pointer (RFC 6901 section 3), no longer than a screen."""
    steps = (str(each).replace("~", "~0").replace("/", "~1")[:100] for each in place)
    pointer = "".join(f"/{step}" for step in steps)
    return {"pointer": pointer.encode("utf-8", "replace").decode(), "detail": detail}


def _body_unfit(faults: list[dict[str, str]]) -> Unfit:
    expected = "a JSON object of the described form"
    return Unfit("body_invalid", "The body is not what is taken here.", faults[:_SHOWN], expected=expected)


def _query_unfit(model: type[Query], faults: list[dict[str, str]]) -> Unfit:
    return Unfit("query_invalid", "The query is not what is taken here.", faults[:_SHOWN], expected=model.EXPECTED)
