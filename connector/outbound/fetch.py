"""One request to somebody else's server, bounded in every way: metadata, discovery, keys, tokens.

The address comes from people and documents that are not to be trusted with our network: only https, only public addresses, no
redirect, no proxy of the environment, no credentials in the address. The name is resolved once, and the connection goes to the
address that was checked, so an answer that changes in between (DNS rebinding) leads nowhere. `seconds` is the end of everything,
from the look-up of the name to the last byte: a server that sends a byte now and then gains nothing by it.
"""

from __future__ import annotations

import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as ReadTimeout
from urllib3.response import BaseHTTPResponse

from connector.errors import Upstream
from connector.outbound.addresses import is_public
from connector.outbound.trust import trust

_PIECE = 65_536
_ADDRESSES = 4  # of one name that are tried
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back. Names of headers are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str


class Fetcher:
    """The one way out to web servers. Safe to share between threads."""

    def __init__(self, private_allowed: bool) -> None:
        self.private_allowed = private_allowed
        self._trust = trust()
        self._trust.sslsocket_class = _TimedTls

    def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        data: Mapping[str, str] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = 1_000_000,
        seconds: float = 5,
    ) -> Fetched:
        """Ask for `url` and return the answer, whatever its status, unless it is a redirect. A mapping as `data` is a form.

        Raises Upstream: `fetch_refused` (an address connector does not go to), `fetch_redirected`, `fetch_timeout` (more than
        `seconds`), `fetch_too_large` (more than `limit` bytes once unpacked), `fetch_failed`.
        """
        target = self._target(url)
        until = time.monotonic() + seconds
        try:
            with self._connected(target, until) as sock:
                return _exchange(sock, target, method, data, headers, limit)
        except (TimeoutError, ReadTimeout):
            raise Upstream(
                "fetch_timeout",
                f"The server {target.host} has not answered within {seconds:g} seconds.",
                expected="a whole answer in that time",
                advice="See whether the address is right and whether a firewall lets connector reach it; then try again.",
            ) from None
        except ssl.SSLCertVerificationError:
            raise _failed(
                f"The server {target.host} shows a certificate that is not trusted for this name.",
                "Renew the certificate there, or name the file of its authority in the variable SSL_CERT_FILE of connector.",
            ) from None
        except (OSError, HTTPException, HTTPError):
            raise _failed(
                f"The server {target.host} cannot be reached, or its answer broke off or is not HTTP.",
                "See whether the address is right, whether the server runs and whether connector's network reaches it.",
            ) from None

    def _target(self, url: str) -> _Target:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise _refused("The address cannot be read.") from None
        if not url.isascii() or not url.isprintable() or " " in url or "\\" in url or not _HOST.fullmatch(parts.hostname or ""):
            raise _refused("The address has no host name, or characters that do not belong into an address.")
        if "@" in parts.netloc:
            raise _refused("The address has a user name or a password in it.")
        if parts.scheme != "https" and not (parts.scheme == "http" and self.private_allowed):
            raise _refused("The address does not begin with https://.")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return _Target(parts.scheme, str(parts.hostname), _PORTS[parts.scheme] if port is None else port, path)

    def _connected(self, target: _Target, until: float) -> _Timed | _TimedTls:
        """A connection to one of the addresses that were checked; over TLS, with the certificate checked for the name."""
        found = _look_up(target, until)
        if not self.private_allowed and not all(is_public(str(address[4][0])) for address in found):
            raise _refused(f"The name {target.host} leads to an address inside a private network, or to no usable one.")
        sock = _connect(found[:_ADDRESSES], until)
        return sock if target.scheme == "http" else self._secured(sock, target, until)

    def _secured(self, sock: _Timed, target: _Target, until: float) -> _TimedTls:
        tls: Any = self._trust.wrap_socket(sock, do_handshake_on_connect=False, server_hostname=target.host.rstrip("."))
        tls.until = until
        try:
            tls.settimeout(_left(until))
            tls.do_handshake()
        except BaseException:
            tls.close()
            raise
        return cast(_TimedTls, tls)


class _Timed(socket.socket):
    """A socket with a last moment: each operation may take what is left of the time, so all of them together end then.

    The standard library bounds one operation; a header of many small pieces is many.
    """

    until: float

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_left(self.until))
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.settimeout(_left(self.until))
        super().sendall(*args, **kwargs)


class _TimedTls(ssl.SSLSocket):
    """The same over TLS, where everything is sent by `send`."""

    until: float

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_left(self.until))
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_left(self.until))
        return super().send(*args, **kwargs)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


_Address = tuple[Any, Any, int, str, tuple[Any, ...]]


def _look_up(target: _Target, until: float) -> list[_Address]:
    """Ask the resolver of the system, once. It cannot be given a time, so a thread of its own waits for it."""
    answers: queue.SimpleQueue[list[_Address] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(list(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)))
        except (OSError, ValueError) as error:  # a label that is too long is a UnicodeError
            answers.put(error)

    threading.Thread(target=ask, name="connector-resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=_left(until))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        advice = "Correct the host name in the address, or the resolver of this machine."
        raise _failed(f"The name {target.host} is not known to DNS.", advice)
    return answer


def _connect(addresses: list[_Address], until: float) -> _Timed:
    """Try the addresses in their order; each gets its share of the time, so that a dead one leaves some for the next."""
    failure: OSError = OSError()
    for place, (family, kind, protocol, _, where) in enumerate(addresses):
        sock = _Timed(family, kind, protocol)
        sock.until = until
        try:
            sock.settimeout(_left(until) / (len(addresses) - place))
            sock.connect(where)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def _exchange(
    sock: _Timed | _TimedTls,
    target: _Target,
    method: str,
    data: Mapping[str, str] | bytes | None,
    headers: Mapping[str, str] | None,
    limit: int,
) -> Fetched:
    kind = HTTPSConnection if target.scheme == "https" else HTTPConnection
    connection = kind(target.host, target.port, timeout=_left(sock.until))
    connection.sock = sock
    sent = {"User-Agent": "connector", "Accept-Encoding": "identity", "Connection": "close", **(headers or {})}
    if isinstance(data, Mapping):
        sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        data = urlencode(data).encode()
    try:
        connection.request(method, target.path, body=data, headers=sent, preload_content=False)
        with closing(connection.getresponse()) as response:
            _refuse_redirect(response, target)
            return Fetched(response.status, response.headers, _body(response, target, limit))
    finally:
        connection.close()


def _refuse_redirect(response: BaseHTTPResponse, target: _Target) -> None:
    if 300 <= response.status < 400:
        raise Upstream(
            "fetch_redirected",
            f"The server {target.host} sends connector on to another address (status {response.status}).",
            expected="the document itself, since connector follows no redirects",
            advice="Give the address at which the document really is: open this one in a browser and copy where it ends.",
        )


def _body(response: BaseHTTPResponse, target: _Target, limit: int) -> bytes:
    """Read what is there as it comes, and unpack no more than may be kept."""
    body = bytearray()
    while piece := response.read1(min(_PIECE, limit + 1 - len(body)), decode_content=True):
        body += piece
        if len(body) > limit:
            raise Upstream(
                "fetch_too_large",
                f"The server {target.host} sends more than {limit} bytes.",
                expected="a document of at most that size",
                advice="See whether the address leads to the document that is meant.",
            )
    return bytes(body)


def _refused(detail: str) -> Upstream:
    return Upstream(
        "fetch_refused",
        detail,
        expected="https://, a public host and a path",
        advice="Correct the address. For development and tests, CONNECTOR_FETCH_PRIVATE=1 allows http and private addresses.",
    )


def _failed(detail: str, advice: str) -> Upstream:
    return Upstream("fetch_failed", detail, expected="an answer over HTTP", advice=advice)
