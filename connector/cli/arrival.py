"""Whether a request has arrived whole: the framing of HTTP/1.1 (RFC 9112 sections 6 and 7.1), and nothing else of it.

Whoever serves the request must not have to wait for its client. What will never be whole, or is too long to wait for, is refused
here; a head that makes no sense is handed on, and the server's parser refuses it.
"""

from __future__ import annotations

import re

HEAD = 64 * 1024
"""Bytes of a head that is still waited for; the parser's own limits are lower."""

BODY = 2 * 1024 * 1024
"""Bytes of a body that is waited for. A longer one is handed on as its head alone, and refused unread."""

BULK = 10 * 1024 * 1024
"""The same where many requests come as one (RFC 7644 section 3.7)."""

_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*+:[ \t]*+0*+(\d*+)[ \t]*+\r\n", re.IGNORECASE)  # possessive: never tried again
_CHUNKED = re.compile(rb"\r\ntransfer-encoding[ \t]*:[^\r]*chunked", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect[ \t]*:[ \t]*100-continue", re.IGNORECASE)
_TO_BULK = re.compile(rb"[A-Z]+ [^ ?]*/Bulk/*(?:\?[^ ]*)? ")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_CHUNK_LINE = 1024
_CHUNKS = 65_536  # a body in pieces of a few bytes costs more time than it is long


class Arrival:
    """One request as it comes in: its head as bytes, its body decoded. Every byte is looked at once, however small the pieces.

    `refusal` is the status of HTTP for what is not waited for; `unread` tells that the body is not there and never will be. What
    was received after the end of the request is left in `received`.
    """

    def __init__(self) -> None:
        self.received = bytearray()
        self.head = b""
        self.body = bytearray()
        self.whole = False
        self.refusal: int | None = None
        self.unread = False
        self.wants_continue = False
        self._longest = BODY
        self._length: int | None = None  # of the body; None while the head is not there, and for chunks
        self._looked = 0  # up to here the head holds no end
        self._chunks = 0

    @property
    def held(self) -> int:
        """Bytes of memory that wait here."""
        return len(self.received) + len(self.head) + len(self.body)

    @property
    def over(self) -> bool:
        """Tell whether there is nothing more to wait for: the request is whole, or refused."""
        return self.whole or self.refusal is not None

    def feed(self, data: bytes) -> bool:
        """Take what came; tells whether it is over."""
        self.received += data
        if not self.head:
            self._read_head()
        if self._length is not None:
            self._read_body(self._length)
        elif self.head:
            self._read_chunks()
        return self.over

    def _read_head(self) -> None:
        end = self.received.find(b"\r\n\r\n", max(self._looked - 3, 0)) + 4
        if end < 4:
            self._looked = len(self.received)
            self.refusal = 431 if self._looked > HEAD else None
            return
        self.head = bytes(self.received[:end])
        del self.received[:end]
        self._longest = BULK if _TO_BULK.match(self.head) else BODY
        if not _CHUNKED.search(self.head):
            self._know_length()
        self.wants_continue = bool(_EXPECTS.search(self.head)) and not self.unread

    def _know_length(self) -> None:
        found = _LENGTH.search(self.head)
        digits = (found[1] if found else b"") or b"0"
        self.unread = len(digits) > len(str(self._longest)) or int(digits) > self._longest
        self._length = 0 if self.unread else int(digits)

    def _read_body(self, length: int) -> None:
        self.whole = len(self.received) >= length
        if self.whole:
            self.body, self.received = self.received[:length], self.received[length:]

    def _read_chunks(self) -> None:
        """Step from chunk to chunk; the last is empty and followed by trailers and an empty line."""
        at = 0
        while not self.over and (after := self._read_chunk(at)) is not None:
            at = after
        del self.received[:at]

    def _read_chunk(self, at: int) -> int | None:
        """Take one chunk; returns where the next begins, None while this one is not there."""
        line = self.received.find(b"\r\n", at, at + _CHUNK_LINE)
        if line < 0:
            self.refusal = 400 if len(self.received) - at > _CHUNK_LINE else None
            return None
        found = _CHUNK.fullmatch(self.received, at, line)
        if found is None:
            self.refusal = 400
            return None
        size = int(found[1], 16)
        return self._take(line + 2, size) if size else self._read_trailers(line)

    def _take(self, begin: int, size: int) -> int | None:
        end = begin + size
        if len(self.body) + size > self._longest or self._chunks > _CHUNKS:
            self.refusal = 413
        elif end + 2 <= len(self.received):
            self.refusal = None if self.received[end : end + 2] == b"\r\n" else 400
            self.body += self.received[begin:end]
            self._chunks += 1
            return end + 2
        return None

    def _read_trailers(self, line: int) -> int | None:
        """Pass over trailers, which mean nothing here (RFC 9112 section 7.1.2)."""
        end = self.received.find(b"\r\n\r\n", line) + 4
        self.whole = end >= 4
        self.refusal = 431 if not self.whole and len(self.received) - line > HEAD else None
        return end if self.whole else None
