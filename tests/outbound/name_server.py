"""A real DNS server on 127.0.0.1, over UDP, that says what it is told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass(slots=True)
class NameServer:
    """TXT records by name, each as written in a zone file; names with other records only; and a failure for everything.

    `asked` are the names that were looked up.
    """

    address: tuple[str, int]
    texts: dict[str, list[str]] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    failure: dns.rcode.Rcode | None = None
    silent: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        """What is sent back."""
        question = query.question[0]
        name = question.name.to_text().rstrip(".").lower()
        self.asked.append(name)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if self.failure is not None:
            response.set_rcode(self.failure)
        elif name in self.texts and question.rdtype == dns.rdatatype.TXT:
            response.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *self.texts[name]))
        elif name not in self.others:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


@contextmanager
def name_server() -> Iterator[NameServer]:
    """Serve until the end of the block."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        server = NameServer(sock.getsockname())
        stopped = threading.Event()
        sock.settimeout(0.1)
        thread = threading.Thread(target=_serve, args=(sock, server, stopped), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            stopped.set()
            thread.join(timeout=5)


def _serve(sock: socket.socket, server: NameServer, stopped: threading.Event) -> None:
    while not stopped.is_set():
        with suppress(TimeoutError):
            packet, client = sock.recvfrom(4096)
            answer = server.answer(dns.message.from_wire(packet))
            if not server.silent:
                sock.sendto(answer.to_wire(), client)
