"""gunicorn's threaded worker, with two differences: no thread ever waits for a client, and neither does the main loop; and no
lock that some wait for takes the threads of the others.

As shipped, a client that sends half a request keeps the thread that reads it, and sixteen of them stop the service; a client that
does not close its side keeps the main loop for two seconds. Here the main loop collects what comes, so that such clients hold
a socket and nothing else, and for a bounded time. A thread gets a request when it has arrived whole, with its body beside it,
and when it will not be one too many of its kind (`lanes.py`).
"""

from __future__ import annotations

import io
import logging
import socket
import time
import traceback
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from connector.cli.arrival import Arrival
from connector.cli.lanes import Lanes
from connector.cli.refused import answer_of, status_of

PATIENCE = 20.0
"""Seconds in which a request has to arrive."""

TURN = 3.0
"""Seconds in which a request that has arrived has to get a thread."""

ANSWERING = 30.0
"""Seconds in which a client has to take one piece of an answer."""

LINGER = 2.0
"""Seconds for a client to take its last answer and close: closing at once would destroy what it has not read yet."""

HELD = 64 * 1024 * 1024
"""Bytes of unfinished requests held in one process; beyond them the oldest is given up."""

_PIECE = 256 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_log = logging.getLogger("connector.serve")


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """See the module. Connections wait in `pending_conns`, which the base class closes when their time is over; whole requests
    that have no place in their lanes wait in `queueing`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lanes = Lanes(self.cfg.threads)
        self.queueing: deque[TConn] = deque()
        self.lingering: deque[TConn] = deque()

    # ------------------------------------------------------------------------------------------------------- requests come

    def enqueue_req(self, conn: TConn) -> None:
        """Every way to a thread leads through here: a new connection, a kept one that speaks again, a pipelined request."""
        conn.arrival = Arrival()
        if conn.initialized:
            conn.arrival.feed(conn.parser.unreader.take_buffered())
        if self._receive(conn):
            self._proceed(conn)
        else:
            self._wait(conn)

    def on_pending_socket_readable(self, conn: TConn, client: Any) -> None:
        """More of an unfinished request came."""
        if self._receive(conn):
            self.poller.unregister(client)
            self.pending_conns.remove(conn)
            self._proceed(conn)
        elif conn.arrival.held > _PIECE:
            self._keep_within_bounds()

    def _receive(self, conn: TConn) -> bool:
        """Read what is there without waiting; tells whether there is nothing more to wait for."""
        arrival: Arrival = conn.arrival
        if arrival.over:
            return True
        try:
            conn.sock.setblocking(False)
            data = conn.sock.recv(_PIECE)
            if arrival.feed(data) or not data:
                return True
            if arrival.wants_continue:
                arrival.wants_continue = False
                conn.sock.send(_CONTINUE)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False

    def _proceed(self, conn: TConn) -> None:
        """A whole request goes to a thread. What never will be one is refused; who said nothing and left is not answered."""
        arrival: Arrival = conn.arrival
        if arrival.whole:
            self._start(conn)
            return
        if arrival.held:
            status = arrival.refusal or 400
            _log.warning("refused what is no request", extra={"fields": {"status": status}})
            with suppress(OSError):
                conn.sock.send(answer_of(status))
        self._linger(conn)

    def _start(self, conn: TConn) -> None:
        """The parser finds the head, and behind it what came after the request; the body is put beside it."""
        arrival: Arrival = conn.arrival
        conn.arrival, conn.body, conn.unread = None, bytes(arrival.body), arrival.unread
        conn.init()
        conn.parser.unreader.unread(arrival.head + bytes(arrival.received))
        conn.lanes, conn.asked = self.lanes.of(arrival.head), arrival.head
        if self.lanes.enter(conn.lanes):
            super().enqueue_req(conn)
        else:
            conn.timeout = time.monotonic() + TURN
            self.queueing.append(conn)

    def _start_next(self) -> None:
        """A place became free: who waited for longest goes first, but nobody waits for somebody else's lane."""
        waiting, self.queueing = self.queueing, deque()
        for conn in waiting:
            if self.lanes.enter(conn.lanes):
                super().enqueue_req(conn)
            else:
                self.queueing.append(conn)

    def _send_away(self, conn: TConn) -> None:
        _log.warning("refused what found no thread in time", extra={"fields": {"status": 503}})
        with suppress(OSError):
            conn.sock.setblocking(False)
            conn.sock.send(answer_of(503, conn.asked))
        self._linger(conn)

    def _wait(self, conn: TConn) -> None:
        conn.timeout = time.monotonic() + PATIENCE
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, 1, partial(self.on_pending_socket_readable, conn))
        if self.nr_conns >= self.worker_connections:
            self._give_up(self.lingering or self.pending_conns)

    def _keep_within_bounds(self) -> None:
        while sum(conn.arrival.held for conn in self.pending_conns) > HELD:
            self._give_up(self.pending_conns)

    # ------------------------------------------------------------------------------------------------- requests are served

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Runs in a thread, which never reads from the socket: the body is there already, or never will be."""
        req.body, conn.body = io.BytesIO(conn.body), b""
        req._expected_100_continue = False  # said already, or better not said
        if conn.unread:
            req.force_close()
        conn.sock.settimeout(ANSWERING)
        try:
            return super().handle_request(req, conn)
        finally:
            req.body = io.BytesIO()  # what the application did not read need not be read

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Refuse what gunicorn cannot parse. Its own answer is a page of HTML, and its log repeats what was sent."""
        status = status_of(exc)
        fields = {"status": status, "kind": type(exc).__name__}
        if status == 500:
            _log.error("request failed: %s", "".join(traceback.format_tb(exc.__traceback__)), extra={"fields": fields})
        else:
            _log.warning("refused what is no request", extra={"fields": fields})
        with suppress(OSError):
            client.sendall(answer_of(status))

    # --------------------------------------------------------------------------------------------------- connections end

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """A connection that is not kept is closed when its client has closed, or after LINGER."""
        self.lanes.leave(conn.lanes)
        self._start_next()  # before this connection's own next request
        if fs.cancelled() or fs.exception() or not fs.result():
            self._linger(conn)
        else:
            super().finish_request(conn, fs)

    def _linger(self, conn: TConn) -> None:
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        conn.timeout = time.monotonic() + LINGER
        self.lingering.append(conn)
        self.poller.register(conn.sock, 1, partial(self._pass_over, conn))

    def _pass_over(self, conn: TConn, client: Any) -> None:
        """Throw away what a client goes on to send, until it closes."""
        with suppress(BlockingIOError):
            try:
                gone = not client.recv(_PIECE)
            except ConnectionError:
                gone = True
            if gone:
                self.lingering.remove(conn)
                self.poller.unregister(client)
                self._close(conn)

    def _give_up(self, conns: deque[TConn]) -> None:
        """Close the connection that has waited for longest: most likely for nothing."""
        conn = conns.popleft()
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """Called once per turn of the main loop: close whose time is over."""
        super().murder_pending()
        while self.queueing and self.queueing[0].timeout <= time.monotonic():
            self._send_away(self.queueing.popleft())
        while self.lingering and self.lingering[0].timeout <= time.monotonic():
            self._give_up(self.lingering)

    def _cap_keepalive(self, deadline: float) -> None:
        """A stopping worker waits neither for kept connections nor for unfinished requests longer than `deadline`."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)
