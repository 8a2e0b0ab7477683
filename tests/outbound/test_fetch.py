"""The fetcher against servers that misbehave, and against addresses it must not go to. All sockets are real."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from connector.errors import Upstream
from connector.outbound import fetch
from connector.outbound.fetch import Fetched, Fetcher
from tests.outbound.servers import Authority, listening, ok, says

SECONDS = 0.5
LEFT = 5.0
"""Far more than that even on a busy machine, and far less than the slow servers below would take."""


@pytest.fixture
def fetcher() -> Fetcher:
    """One that may go to 127.0.0.1, as in development."""
    return Fetcher(private_allowed=True)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority the operator trusts, as SSL_CERT_FILE says it."""
    made = Authority.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


def refusal(run: Callable[[], Fetched]) -> Upstream:
    with pytest.raises(Upstream) as raised:
        run()
    return raised.value


# ----------------------------------------------------------------------------------------------------------- what is fetched


def test_an_answer_comes_back_whole(fetcher: Fetcher) -> None:
    """Status, headers in any case, body; and the request said which host, and that nothing packed is wanted."""
    with listening(says(ok(b'{"issuer": "x"}', "Content-Type: application/json"))) as server:
        answer = fetcher.fetch(f"http://127.0.0.1:{server.port}/a/b?c=d%20e#not-sent", headers={"Accept": "application/json"})
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "application/json", b'{"issuer": "x"}')
    request = server.heard[0].decode()
    assert request.startswith("GET /a/b?c=d%20e HTTP/1.1\r\n")
    for line in (
        f"Host: 127.0.0.1:{server.port}",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "User-Agent: connector",
    ):
        assert f"{line}\r\n" in request


def test_a_status_that_is_no_success_is_an_answer(fetcher: Fetcher) -> None:
    """A token endpoint explains itself with 400; who asked reads it."""
    with listening(says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}")) as server:
        assert fetcher.fetch(f"http://127.0.0.1:{server.port}/").status == 400


def test_a_mapping_is_posted_as_a_form(fetcher: Fetcher) -> None:
    """As the token endpoint of OAuth wants it (RFC 6749 section 4.1.3)."""
    with listening(says(ok(b""))) as server:
        fetcher.fetch(f"http://127.0.0.1:{server.port}/token", method="POST", data={"code": "a b&c", "n": "ü"})
    request = server.heard[0].decode()
    assert "Content-Type: application/x-www-form-urlencoded\r\n" in request
    assert request.endswith("\r\n\r\ncode=a+b%26c&n=%C3%BC")


@pytest.mark.parametrize(
    "answer",
    [
        ok(gzip.compress(b"packed"), "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\npac\r\n3\r\nked\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\npacked",
    ],
    ids=["packed although not asked for", "in chunks", "until the connection ends"],
)
def test_every_way_to_send_a_body_is_understood(fetcher: Fetcher, answer: bytes) -> None:
    with listening(says(answer)) as server:
        assert fetcher.fetch(f"http://127.0.0.1:{server.port}/").body == b"packed"


# ------------------------------------------------------------------------------------------------------------------- bounds


def drip(start: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    """Send `start`, then a piece every 50 ms, for ever: no single wait is long."""

    def talk(sock: socket.socket) -> None:
        with suppress(OSError):
            sock.sendall(start)
            for _ in range(200):
                time.sleep(0.05)
                sock.sendall(piece)

    return talk


def quiet(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.recv(1)  # until the other side goes


def stop_in_the_middle(sock: socket.socket) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na")
    quiet(sock)


SLOW = {
    "says nothing": quiet,
    "stops in the middle of the body": stop_in_the_middle,
    "drips its status line": drip(b"HTTP/1.1 200 ", b"O"),
    "drips headers": drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "drips interim answers": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "drips its body": drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"a"),
    "drips chunks": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    "drips the length of a chunk": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    "drips what unpacks to nothing": drip(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x03", b"name"
    ),
}


@pytest.mark.parametrize("talk", SLOW.values(), ids=SLOW.keys())
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_a_server_that_takes_its_time_is_left(authority: Authority, talk: Callable[[socket.socket], None], secure: bool) -> None:
    """The deadline is the end of everything, however often a byte arrives."""
    scheme, tls = ("https", authority.serving("127.0.0.1")) if secure else ("http", None)
    with listening(talk, tls=tls) as server:
        begun = time.monotonic()
        error = refusal(lambda: Fetcher(True).fetch(f"{scheme}://127.0.0.1:{server.port}/", seconds=SECONDS))
        took = time.monotonic() - begun
    assert error.code == "fetch_timeout"
    assert SECONDS * 0.9 <= took < LEFT


def test_a_handshake_that_drips_is_left(fetcher: Fetcher) -> None:
    """The server takes the connection and sends the header of a TLS record that never ends."""
    with listening(drip(b"\x16\x03\x03\x40\x00", b"\x02")) as server:
        begun = time.monotonic()
        error = refusal(lambda: fetcher.fetch(f"https://127.0.0.1:{server.port}/", seconds=SECONDS))
    assert error.code == "fetch_timeout"
    assert time.monotonic() - begun < LEFT


def test_a_name_server_that_is_silent_is_left(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver knows no deadline of ours."""
    stopped = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: stopped.wait(20) and [])
    begun = time.monotonic()
    error = refusal(lambda: fetcher.fetch("https://idp.example/", seconds=SECONDS))
    stopped.set()
    assert error.code == "fetch_timeout"
    assert time.monotonic() - begun < LEFT


HUGE = {
    "announced": b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b"a" * 2_000,
    "in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"3e8\r\n" + b"a" * 1000 + b"\r\n1\r\na\r\n0\r\n\r\n",
    "without an end": b"HTTP/1.0 200 OK\r\n\r\n" + b"a" * 1001,
    "packed": ok(gzip.compress(b"a" * 50_000_000), "Content-Encoding: gzip"),
    "packed twice": ok(gzip.compress(gzip.compress(b"a" * 50_000_000)), "Content-Encoding: gzip, gzip"),
}


@pytest.mark.parametrize("answer", HUGE.values(), ids=HUGE.keys())
def test_what_is_too_large_is_not_read(fetcher: Fetcher, answer: bytes) -> None:
    """1000 bytes are allowed, unpacked; 50 MB packed into 50 kB are not unpacked to see that."""
    with listening(says(answer)) as server:
        error = refusal(lambda: fetcher.fetch(f"http://127.0.0.1:{server.port}/", limit=1000))
    assert error.code == "fetch_too_large"


def test_the_largest_allowed_is_read(fetcher: Fetcher) -> None:
    """The limit itself is still allowed, packed or not."""
    with listening(says(ok(gzip.compress(b"a" * 1000), "Content-Encoding: gzip"))) as server:
        assert len(fetcher.fetch(f"http://127.0.0.1:{server.port}/", limit=1000).body) == 1000


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 304])
def test_a_redirect_is_not_followed(fetcher: Fetcher, status: int) -> None:
    """It would lead around every check of the address; the other place is neither asked nor named."""
    with listening(says(ok(b"secret"))) as inside:
        moved = f"HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:{inside.port}/x\r\nContent-Length: 0\r\n\r\n"
        with listening(says(moved.encode())) as server:
            error = refusal(lambda: fetcher.fetch(f"http://127.0.0.1:{server.port}/"))
    assert error.code == "fetch_redirected"
    assert inside.heard == []
    assert str(inside.port) not in error.detail + error.advice


BROKEN = {
    "no HTTP": b"220 mail.example ESMTP\r\n",
    "closes at once": b"",
    "a body that breaks off": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
    "chunks that break off": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "chunks that are none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmeow\r\n",
    "not packed as it says": ok(b"plain text", "Content-Encoding: gzip"),
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a header without end": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000,
    "very many headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_whole_answer_is_refused_without_repeating_it(fetcher: Fetcher, answer: bytes) -> None:
    with listening(says(answer)) as server:
        error = refusal(lambda: fetcher.fetch(f"http://127.0.0.1:{server.port}/", seconds=3))
    assert error.code == "fetch_failed"
    assert "meow" not in error.detail + error.advice + error.expected


def test_nobody_there(fetcher: Fetcher) -> None:
    """A port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert refusal(lambda: fetcher.fetch(f"https://127.0.0.1:{port}/")).code == "fetch_failed"


# --------------------------------------------------------------------------------------------------------------- where it goes


INSIDE = [
    "127.0.0.1",
    "127.9.9.9",
    "localhost",
    "2130706433",  # 127.0.0.1 as one number,
    "0x7f000001",  # in hexadecimal,
    "0177.0.0.1",  # in octal
    "127.1",  # and short
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::1]",
    "[fd00::1]",
    "[fe80::1]",
    "[ff02::1]",
    "0.0.0.0",
    "0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
]


@pytest.mark.parametrize("host", INSIDE)
def test_addresses_that_are_not_of_the_public_internet_are_refused(host: str) -> None:
    """However they are written: they are judged after the resolver has read them, and no connection is tried."""
    error = refusal(lambda: Fetcher(False).fetch(f"https://{host}:1/", seconds=3))
    # A resolver that does not take such a form answers that there is no such name, which is as good.
    assert error.code == "fetch_refused" or "not known to DNS" in error.detail


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "0.0.0.0"])
def test_the_plain_forms_are_refused_for_what_they_are(host: str) -> None:
    """These every resolver reads, so the table above is not passed by names that are unknown."""
    assert refusal(lambda: Fetcher(False).fetch(f"https://{host}:1/")).code == "fetch_refused"


NOT_AN_ADDRESS = [
    "http://idp.example/",
    "ftp://idp.example/",
    "file:///etc/passwd",
    "https:///path",
    "https://",
    "idp.example/metadata",
    "",
    "https://ada:secret@idp.example/",
    "https://idp.example@127.0.0.1/",
    "https://idp.example:99999/",
    "https://idp.example:x/",
    "https://idp.example\\@127.0.0.1/",
    "https://idp.example/a b",
    "https://idp.example/\r\nX: y",
    "https://idp.example/\x00",
    "https://münchen.example/",
    "https://%31%32%37.0.0.1/",
    "https://[::1/",
]


@pytest.mark.parametrize("url", NOT_AN_ADDRESS)
def test_addresses_that_are_none_are_refused(url: str) -> None:
    """Before anything is looked up; what arrived is not repeated, a password may stand in it."""
    error = refusal(lambda: Fetcher(False).fetch(url))
    assert error.code == "fetch_refused"
    assert "secret" not in error.detail + error.advice


def resolver(*answers: list[str]) -> Callable[..., list[Any]]:
    """A resolver that gives these answers in turn, the last one for ever."""
    left = list(answers)

    def look_up(_host: str, port: int, **_kwargs: object) -> list[Any]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port)) for address in found]

    return look_up


def test_a_name_with_one_address_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the order of the answers would decide."""
    monkeypatch.setattr(socket, "getaddrinfo", resolver(["93.184.216.34", "127.0.0.1"]))
    assert refusal(lambda: Fetcher(False).fetch("https://idp.example:1/")).code == "fetch_refused"


def test_a_name_is_resolved_once_and_connected_to_what_was_checked(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the second answer would lead to another machine. Nobody asks for it."""
    with listening(says(ok(b"checked"))) as server, listening(says(ok(b"rebound")), host="127.0.0.2") as other:
        monkeypatch.setattr(socket, "getaddrinfo", resolver(["127.0.0.1"], ["127.0.0.2"]))
        answer = fetcher.fetch(f"http://idp.example:{server.port}/")
    assert answer.body == b"checked"
    assert f"Host: idp.example:{server.port}\r\n".encode() in server.heard[0]
    assert other.heard == []


def test_the_next_address_is_tried_when_one_is_dead(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with an IPv6 address that leads nowhere is the usual case."""
    with listening(says(ok(b"alive"))) as server:
        monkeypatch.setattr(socket, "getaddrinfo", resolver(["127.0.0.3", "127.0.0.1"]))
        assert fetcher.fetch(f"http://idp.example:{server.port}/").body == b"alive"


def test_no_proxy_of_the_environment_is_asked(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(says(ok(b"proxy"))) as proxy, listening(says(ok(b"direct"))) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert fetcher.fetch(f"http://127.0.0.1:{server.port}/").body == b"direct"
    assert proxy.heard == []


def has_ipv6_loopback() -> bool:
    """Whether the kernel has it: containers are often started without IPv6."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6_loopback(), reason="nothing can be spoken to over IPv6 where the kernel has none")
def test_an_ipv6_address_is_spoken_to(fetcher: Fetcher) -> None:
    with listening(says(ok(b"six")), host="::1") as server:
        answer = fetcher.fetch(f"http://[::1]:{server.port}/")
    assert answer.body == b"six"
    assert f"Host: [::1]:{server.port}\r\n".encode() in server.heard[0]


# --------------------------------------------------------------------------------------------------------------- certificates


def test_the_certificate_is_checked_for_the_name_and_the_name_is_sent(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to a number; the handshake and the request speak of the name."""
    asked: list[str | None] = []
    tls = authority.serving("idp.example")
    tls.sni_callback = lambda _sock, name, _context: asked.append(name)
    monkeypatch.setattr(socket, "getaddrinfo", resolver(["127.0.0.1"]))
    with listening(says(ok(b"secure")), tls=tls) as server:
        assert Fetcher(True).fetch(f"https://idp.example:{server.port}/").body == b"secure"
    assert asked == ["idp.example"]
    assert f"Host: idp.example:{server.port}\r\n".encode() in server.heard[0]


def test_without_private_addresses_a_public_server_is_fetched_from_over_https(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in production; that 127.0.0.1 is public is pretended here."""
    monkeypatch.setattr(fetch, "is_public", lambda address: address == "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", resolver(["127.0.0.1"]))
    with listening(says(ok(b"secure")), tls=authority.serving("idp.example")) as server:
        assert Fetcher(False).fetch(f"https://idp.example:{server.port}/").body == b"secure"


def test_a_certificate_of_another_name_is_refused(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver(["127.0.0.1"]))
    with listening(says(ok(b"secure")), tls=authority.serving("other.example")) as server:
        error = refusal(lambda: Fetcher(True).fetch(f"https://idp.example:{server.port}/"))
    assert error.code == "fetch_failed"
    assert "certificate" in error.detail
    assert server.heard == []


def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    """In development too: private addresses are allowed there, unknown authorities are not."""
    with listening(says(ok(b"secure")), tls=Authority.make(tmp_path).serving("127.0.0.1")) as server:
        error = refusal(lambda: Fetcher(True).fetch(f"https://127.0.0.1:{server.port}/"))
    assert error.code == "fetch_failed"
    assert "SSL_CERT_FILE" in error.advice
