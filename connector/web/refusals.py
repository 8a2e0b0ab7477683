"""REFUSALS: every error as a page for people, or as problem details (RFC 9457) for programs."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Response, jsonify

from connector import errors
from connector.errors import ConnectorError
from connector.web.pages import page, protect, wants_page

STATUS: Mapping[type[ConnectorError], int] = {
    errors.Invalid: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Outdated: 412,
    errors.TooLarge: 413,
    errors.Upstream: 424,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
"""Status of a kind of error; those below it in the tree have it too."""

_log = logging.getLogger("connector.refusal")


@dataclass(frozen=True, slots=True)
class Words:
    """What a refusal says to the person in front of it: a heading, sentences, and where the button leads, if there is one."""

    heading: str
    sentences: tuple[str, ...]
    button: tuple[str, str] | None = None


def new_reference() -> str:
    """What somebody can read out to their administrator, and what is found in the trace and the log."""
    return secrets.token_hex(6)


def status_of(error: ConnectorError) -> int:
    """The status an error is answered with."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def plain_words(error: ConnectorError) -> Words:
    """The error's own sentences: for what somebody asked of connector itself."""
    headings = {
        403: "This is not allowed",
        404: "There is nothing here",
        429: "That was a little too often",
        503: "Not right now",
    }
    expected = f"Expected: {error.expected}." if error.expected else ""
    sentences = tuple(sentence for sentence in (error.detail, expected, error.advice) if sentence)
    return Words(headings.get(status_of(error), "This did not work"), sentences)


def answer(error: ConnectorError, *, words: Words | None = None, reference: str = "", default_page: bool = True) -> Response:
    """Answer a refusal in the form that was asked for; with neither asked for, as a page if `default_page`.

    `words` replace the error's own sentences, in both forms.
    """
    reference = reference or new_reference()
    status = status_of(error)
    _log.info("refused with %s (%d), reference %s", error.code, status, reference)
    words = words or plain_words(error)
    if wants_page(default_page):
        response = page("refused.html", status, words=words, code=error.code, reference=reference)
    else:
        response = problem(status, error.code, " ".join(words.sentences), reference=reference)
    response.headers["X-Connector-Error"] = error.code
    response.headers["X-Connector-Reference"] = reference
    if isinstance(error, errors.TooMany | errors.Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def problem(status: int, code: str, detail: str, *, reference: str = "") -> Response:
    """An error as problem details, with the stable code."""
    told = {"type": "about:blank", "status": status, "code": code, "detail": detail}
    response = jsonify(told | ({"reference": reference} if reference else {}))
    response.status_code = status
    response.content_type = "application/problem+json"
    return protect(response)
