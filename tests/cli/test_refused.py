"""The answers of the server itself, to what never becomes a request."""

from __future__ import annotations

import json

import pytest

from connector.cli.refused import answer_of


@pytest.mark.parametrize(
    ("asked", "kind", "code"),
    [
        (b"", "application/scim+json", None),
        (b"GET /scim/v2/c/Users HTTP/1.1\r\n", "application/scim+json", None),
        (b"POST /prefix/oauth/c/token HTTP/1.1\r\n", "application/scim+json", None),
        (b"GET /sso/c/login?next=/scim/ HTTP/1.1\r\n", "application/problem+json", "busy"),
        (b"POST /login HTTP/1.1\r\n", "application/problem+json", "busy"),
    ],
)
def test_who_finds_no_thread_is_told_in_the_form_of_what_they_asked(asked: bytes, kind: str, code: str | None) -> None:
    """Identity providers read SCIM's errors; everything else has problem details and the header with the code."""
    head, _, body = answer_of(503, asked).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 503 Service Unavailable"
    assert f"Content-Type: {kind}" in lines
    assert "Retry-After: 5" in lines
    assert (f"X-Connector-Error: {code}" in lines) == (code is not None)
    assert json.loads(body).get("code") == code
    assert f"Content-Length: {len(body)}" in lines
