"""Whether a request has arrived whole: the framing of HTTP/1.1 (RFC 9112 sections 6 and 7.1), and nothing else of it.

What makes no sense counts as whole: it is handed on, and the server's parser refuses it.
"""

from __future__ import annotations

import re

HEAD = 64 * 1024
"""Bytes of a head that is still waited for; the parser's own limits are lower."""

BODY = 10 * 1024 * 1024
"""Bytes of a body that is waited for. A longer one is handed on at its head, and refused unread."""

_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding[ \t]*:[^\r]*chunked", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect[ \t]*:[ \t]*100-continue", re.IGNORECASE)


class Arrival:
    """The bytes of one request as they come in. Every byte is looked at once, however small the pieces."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.whole = False
        self.wants_continue = False
        self._chunked = False
        self._looked = 0  # up to here the head holds no end; later, where the next chunk begins
        self._end: int | None = None  # where a body of known length ends

    def feed(self, data: bytes) -> bool:
        """Take what came; tells whether the request is whole now."""
        self.received += data
        if self._end is None and not self._chunked:
            self._read_head()
        if self._chunked:
            self._read_chunks()
        elif self._end is not None:
            self.whole = len(self.received) >= self._end
        self.whole = self.whole or len(self.received) > HEAD + BODY
        return self.whole

    def _read_head(self) -> None:
        end = self.received.find(b"\r\n\r\n", max(self._looked - 3, 0))
        if end < 0:
            self._looked = len(self.received)
            self.whole = self._looked > HEAD
            return
        head = bytes(self.received[: end + 2])
        self.wants_continue = bool(_EXPECTS.search(head))
        length = _LENGTH.search(head)
        if _CHUNKED.search(head):
            self._chunked, self._looked = True, end + 4
            return
        size = int(length[1]) if length else 0
        self._end = end + 4 + (size if size <= BODY else 0)

    def _read_chunks(self) -> None:
        """Step from chunk to chunk; the last is empty and followed by trailers and an empty line."""
        while not self.whole:
            line = self.received.find(b"\r\n", self._looked, self._looked + 1024)
            if line < 0:
                self.whole = len(self.received) - self._looked > 1024
                return
            try:
                size = int(self.received[self._looked : line].partition(b";")[0], 16)
            except ValueError:
                self.whole = True
                return
            if size == 0:
                self.whole = self.received.find(b"\r\n\r\n", line) >= 0 or len(self.received) - line > HEAD
                return
            if line + 2 + size + 2 > len(self.received):
                self.whole = size > BODY
                return
            self._looked = line + 2 + size + 2
