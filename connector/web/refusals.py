"""REFUSALS: every error as a page for people, or as problem details (RFC 9457) for programs."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import HTTPException

from connector import errors
from connector.errors import ConnectorError
from connector.web.house import house
from connector.web.pages import page, wants_page

STATUS: Mapping[type[ConnectorError], int] = {
    errors.Invalid: 400,
    errors.Unprocessable: 422,
    errors.Unauthenticated: 401,
    errors.NotEntitled: 402,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.Outdated: 412,
    errors.TooLarge: 413,
    errors.Unsupported: 415,
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


_PLAIN = {
    404: "The address is mistyped, or what was here is gone.",
    405: "Go back, and use the buttons and links of the page before.",
    413: "What was sent is larger than what is taken here, which is 2 MB. Go back, and send less or a smaller file: metadata of "
    "an identity provider usually have a few kB.",
    414: "The address is longer than any page of ours has. Open the page from the start page.",
}
_HEADINGS = {
    401: "You are signed out",
    403: "This is not allowed",
    404: "There is nothing here",
    405: "This page cannot be used that way",
    410: "This is over",
    413: "That was too much",
    414: "There is nothing here",
    429: "That was a little too often",
    500: "Something went wrong here",
    503: "Not right now",
}
_HOME = "Go to the start page"


def new_reference() -> str:
    """What somebody can read out to their administrator, and what is found in the trace and the log."""
    return secrets.token_hex(6)


def status_of(error: ConnectorError) -> int:
    """The status an error is answered with."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


_IN_OTHER_WORDS = {
    "connection_not_found": "This sign-in is not known here: its address is not whole, or what it belonged to is gone.",
    "too_many_requests": "Please wait a minute, then try again.",
    "database_unavailable": "connector cannot answer at this moment. Please try again in a minute.",
}
"""What somebody is told outside of the console, where an error's own sentence speaks of what is behind."""


def plain_words(error: ConnectorError) -> Words:
    """The error's own sentences: for what somebody asked of connector itself."""
    if error.code == "wrong_address":
        return Words("Please use the other address", (error.detail, error.advice), (_HOME, house().settings.base_url + "/login"))
    expected = f"Expected: {error.expected}." if error.expected else ""
    return _words(status_of(error), error.detail, expected, error.advice)


def words_outside(error: ConnectorError) -> Words:
    """The same for a page outside of the console: what happened, and what to do."""
    if error.code in _IN_OTHER_WORDS:
        return _words(status_of(error), _IN_OTHER_WORDS[error.code])
    if error.advice and error.code != "wrong_address":
        return _words(status_of(error), error.detail, error.advice)
    return plain_words(error)


def _words(status: int, *sentences: str) -> Words:
    said = tuple(sentence for sentence in sentences if sentence)
    return Words(_HEADINGS.get(status, "This did not work"), said, (_HOME, house().settings.base_url + "/"))


def answer(
    error: ConnectorError,
    *,
    words: Words | None = None,
    reference: str = "",
    facts: Mapping[str, Any] | None = None,
    organization: str = "",
    default_page: bool = True,
) -> Response:
    """Answer a refusal in the form that was asked for; where neither was, as a page if `default_page`.

    `words` replace the error's own sentences, in both forms; `facts` are shown on the page.
    """
    reference, status = reference or new_reference(), status_of(error)
    if wants_page(default_page) and not is_api():
        response = _page(status, words or words_outside(error), error.code, reference, facts, organization)
    elif is_api():
        response = problem(status, error.code, error.detail, error.expected, error.advice, reference=reference)
    else:
        response = problem(status, error.code, " ".join((words or plain_words(error)).sentences), reference=reference)
    return marked(response, error, reference)


def marked(response: Response, error: ConnectorError, reference: str) -> Response:
    """Tell programs and the log what a refusal tells people."""
    _log.info("refused with %s (%d), reference %s", error.code, response.status_code, reference)
    response.headers["X-Connector-Error"] = error.code
    response.headers["X-Connector-Reference"] = reference
    if isinstance(error, errors.TooMany | errors.Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def http_answer(error: HTTPException) -> Response:
    """Answer what the web server itself refuses: no such address, no such method, a body too large."""
    status, code = error.code or 500, error.name.lower().replace(" ", "_")
    if _for_browser():
        response = _page(status, _words(status, _PLAIN.get(status, error.description or error.name)), code)
    else:
        response = problem(status, code, error.description or error.name)
    if allowed := dict(error.get_headers()).get("Allow"):
        response.headers["Allow"] = allowed
    return response


def failure(reference: str) -> Response:
    """Answer a failure of connector itself: 500, and nothing of what failed."""
    said = f"connector failed to answer. Tell the operator the reference {reference}."
    if _for_browser():
        again = "This is a mistake of ours. Try again in a minute; if it stays so, give whoever operates this site the reference."
        return _page(500, _words(500, again), "failure", reference)
    return problem(500, "failure", said, reference=reference)


def is_api() -> bool:
    """Whether the address is one of the API, which has no pages for errors and tells expected and advice on their own."""
    return request.path == "/api" or request.path.startswith("/api/")


def _for_browser() -> bool:
    return not is_api() and wants_page(False)


def _page(
    status: int, words: Words, code: str, reference: str = "", facts: Mapping[str, Any] | None = None, organization: str = ""
) -> Response:
    said = {"code": code, "reference": reference, "facts": facts or {}, "organization": organization}
    return page("refused.html", status, leads_away=False, words=words, **said)


def problem(status: int, code: str, detail: str, expected: str = "", advice: str = "", *, reference: str = "") -> Response:
    """An error as problem details (RFC 9457), with the stable code; what is empty is left out."""
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    more = {"expected": expected, "advice": advice, "reference": reference}
    response = jsonify(told | {name: said for name, said in more.items() if said})
    response.status_code = status
    response.content_type = "application/problem+json"
    return response
