"""Who gets a thread: requests that may wait for one lock never take them all.

A write may have to wait for a lock, and keeps its thread meanwhile. How many threads may serve writes of one resource, of one
connection, and writes at all, is bounded; what comes beyond that waits without a thread. So whoever waits for something else, or
for nothing, is served as if nothing had happened. The same goes for sign-ins, which may have to wait for a provider.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from urllib.parse import unquote

Bounds = Mapping[Hashable, int]
"""How many threads may be in each of the lanes of one request."""

_OUTWARD = frozenset({"login", "callback", "logout", "backchannel-logout"})
"""What of sso/CONNECTION may have to ask a provider, which may be slow, or be meant to be."""

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_CONNECTION, _RESOURCE = 3, 5
"""Segments of an address: scim/v2/CONNECTION, and below it Groups/ID."""


class Lanes:
    """The lanes of one process with `threads` threads; used by its main loop alone.

    One thread is left for `/healthz`, two are left by writes. Five eighths of the threads may serve writes of one connection; a
    quarter those of one resource, and its Bulks. Three eighths may serve sign-ins that can wait for the provider of one
    connection, five eighths those of all.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._inside: Counter[Hashable] = Counter()

    def of(self, head: bytes) -> Bounds:
        """Return the lanes of a request by its head, which need not make sense."""
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        segments = [segment for segment in unquote(rest.partition(" ")[0].partition("?")[0]).split("/") if segment]
        if segments == ["healthz"]:
            return {}
        lanes: dict[Hashable, int] = {"all": max(self._threads - 1, 1)}
        if segments[:1] == ["sso"] and segments[2:3] and segments[2] in _OUTWARD:
            lanes["outward"] = max(self._threads * 5 // 8, 1)
            lanes["outward", segments[1]] = max(self._threads * 3 // 8, 1)
        if method in _READS or segments[-1:] == [".search"]:
            return lanes
        lanes["writes"] = max(self._threads - 2, 1)
        lanes[tuple(segments[:_CONNECTION])] = max(self._threads * 5 // 8, 1)
        if len(segments) >= _RESOURCE or segments[_CONNECTION:] == ["Bulk"]:
            lanes[tuple(segments[:_RESOURCE])] = max(self._threads // 4, 1)
        return lanes

    def enter(self, lanes: Bounds) -> bool:
        """Take a place in each of the lanes, or in none if one of them is full; tells which."""
        if any(self._inside[lane] >= bound for lane, bound in lanes.items()):
            return False
        self._inside.update(lanes.keys())
        return True

    def leave(self, lanes: Bounds) -> None:
        """Give the places back."""
        for lane in lanes:
            self._inside[lane] -= 1
            if not self._inside[lane]:
                del self._inside[lane]
