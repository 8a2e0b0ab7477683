"""gunicorn's threaded worker, with one difference: a request gets a thread when it has arrived whole.

As shipped, a client that sends half a request keeps the thread that reads it, and sixteen of them stop the service. Here the main
loop collects what comes, so that such a client holds a socket and nothing else, for PATIENCE seconds at most.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from connector.cli.arrival import Arrival

PATIENCE = 20.0
"""Seconds in which a request has to arrive."""

HELD = 64 * 1024 * 1024
"""Bytes of unfinished requests held in one process; beyond them the oldest is given up."""

_PIECE = 256 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """See the module. Connections wait in `pending_conns`, which the base class closes when their time is over."""

    def enqueue_req(self, conn: TConn) -> None:
        """Every way to a thread leads through here: a new connection, a kept one that speaks again, a pipelined request."""
        conn.arrival = Arrival()
        if conn.initialized:
            conn.arrival.feed(conn.parser.unreader.take_buffered())
        if self._receive(conn):
            self._start(conn)
        else:
            self._wait(conn)

    def on_pending_socket_readable(self, conn: TConn, client: Any) -> None:
        """More of an unfinished request came."""
        if self._receive(conn):
            self.poller.unregister(client)
            self.pending_conns.remove(conn)
            self._start(conn)
        elif len(conn.arrival.received) > _PIECE:
            self._keep_within_bounds()

    def _receive(self, conn: TConn) -> bool:
        """Read what is there without waiting. A closed or broken connection counts as whole: its thread will see it."""
        arrival: Arrival = conn.arrival
        if arrival.whole:
            return True
        try:
            conn.sock.setblocking(False)
            data = conn.sock.recv(_PIECE)
            if not data or arrival.feed(data):
                return True
            if arrival.wants_continue:
                arrival.wants_continue = False
                conn.sock.send(_CONTINUE)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False

    def _start(self, conn: TConn) -> None:
        """Hand the whole request to a thread, whose parser finds it read already."""
        received, conn.arrival = bytes(conn.arrival.received), None
        conn.init()
        conn.parser.unreader.unread(received)
        super().enqueue_req(conn)

    def _wait(self, conn: TConn) -> None:
        conn.timeout = time.monotonic() + PATIENCE
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, 1, partial(self.on_pending_socket_readable, conn))
        if self.nr_conns >= self.worker_connections:
            self._give_up(self.pending_conns[0])

    def _keep_within_bounds(self) -> None:
        while sum(len(conn.arrival.received) for conn in self.pending_conns) > HELD:
            self._give_up(self.pending_conns[0])

    def _give_up(self, conn: TConn) -> None:
        """Close the connection that has been arriving for longest: most likely it never will."""
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def _cap_keepalive(self, deadline: float) -> None:
        """A stopping worker waits neither for kept connections nor for unfinished requests longer than `deadline`."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)
