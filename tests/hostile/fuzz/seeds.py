"""Inputs to begin with, per target: one of each form, and what was found to break something once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_HEAD = b"POST /scim HTTP/1.1\r\nHost: a\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

SEEDS: Mapping[str, Sequence[bytes]] = {
    "arrival": [
        b"GET / HTTP/1.1\r\n\r\n",
        _HEAD + b"Content-Length: 5\r\n\r\nhello",
        _HEAD + b"Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n",
        _CHUNKED + b"5;a=b\r\nhello\r\n0\r\nEtag: y\r\n\r\n",
        _CHUNKED + b"-7\r\n",  # an endless loop
    ],
    "body": [
        b'{"schemas": ["urn:x"], "Operations": [{"op": "add", "value": null}]}',
        rb'{"a": "\ud83d\ude00 \u0000 \\", "b": [1, -1.5e3, true, {}]}',
        b'{"a": 1e999, "b": NaN}',
        b"[" * 65 + b'"' + b'\\"' * 5000,  # time that grew with the square
    ],
    "filter": [
        b'userName eq "ann" and (emails[type eq "work" and value co "@b"] or not (active eq true))',
        b'urn:a:b:User:x[y gt 1.5e3].z sw "\\u00e9" or meta.created lt "2026-01-01T00:00:00Z"',
        b'id eq "x" and manager eq "y" or members eq "z" or groups.display ew "w" or title pr or title eq null',
        b"urn:a:b:User:x[" + b"y[" * 30 + b"z pr" + b"]" * 31,  # deeper than SQLite can parse
    ],
    "patch": [
        b"",
        bytes(range(40)),
        bytes(range(200, 240)),
        b"\x03\x02\x01\x08" * 12,
        b"\x01\x02\x08\x01\x01\x02\x00\x03\x00\x04" * 4,
    ],
    "path": [
        b'emails[type eq "work"].value',
        b"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
        b'members[value eq "a" or value eq "b"]',
        b"urn:a:b:User:x[y eq 2 and not (z pr)].w",
        b"name.givenName",
    ],
}
