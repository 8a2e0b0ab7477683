"""A request gets a thread when it has arrived whole; what whole means is told here, piece by piece."""

from __future__ import annotations

import pytest

from connector.cli.arrival import BODY, BULK, HEAD, Arrival
from connector.scim import discovery, wire

HEADS = b"POST /scim HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEADS + b"Transfer-Encoding: chunked\r\n\r\n"

WHOLE = {
    "no body": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b""),
    "empty body": (HEADS + b"Content-Length: 0\r\n\r\n", b""),
    "body of known length": (HEADS + b"content-length : 5\r\n\r\nhello", b"hello"),
    "length with zeros before it": (HEADS + b"Content-Length: 0000000000000000000005\r\n\r\nhello", b"hello"),
    "chunks": (CHUNKED + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world"),
    "chunk that looks like an end": (CHUNKED + b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", b"\r\n0\r\n\r\n"),
    "chunk extension and trailer": (CHUNKED + b"1;a=b\r\nx\r\n0\r\nEtag: y\r\n\r\n", b"x"),
    "capital size": (CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
}


@pytest.mark.parametrize(("message", "body"), WHOLE.values(), ids=WHOLE.keys())
def test_a_message_is_whole_with_its_last_byte_and_not_before(message: bytes, body: bytes) -> None:
    """Fed at once, in two pieces cut anywhere, and byte by byte; what comes after it is left for the next."""
    for cut in range(1, len(message)):
        arrival = Arrival()
        assert not arrival.feed(message[:cut]), message[:cut]
        assert arrival.feed(message[cut:] + b"GET")
        assert (arrival.whole, arrival.refusal, bytes(arrival.body), bytes(arrival.received)) == (True, None, body, b"GET")
        assert message.startswith(arrival.head)
        assert arrival.head.endswith(b"\r\n\r\n")
    slow = Arrival()
    assert [slow.feed(message[at : at + 1]) for at in range(len(message))] == [False] * (len(message) - 1) + [True]
    assert bytes(slow.body) == body


REFUSED = {
    "endless head": (b"x" * (HEAD + 1), 431),
    "no size": (CHUNKED + b"what\r\n", 400),
    "empty size": (CHUNKED + b"\r\n", 400),
    "size below nothing, once an endless loop": (CHUNKED + b"-7\r\n", 400),
    "size with a sign": (CHUNKED + b"+1\r\nx\r\n", 400),
    "size as Python would write it": (CHUNKED + b"0x1\r\nx\r\n", 400),
    "size with an underscore": (CHUNKED + b"1_0\r\n0123456789012345\r\n", 400),
    "size after a blank": (CHUNKED + b" 1\r\nx\r\n", 400),
    "endless size": (CHUNKED + b"1" * 2000, 400),
    "chunk longer than its size": (CHUNKED + b"2\r\nhello\r\n", 400),
    "huge chunk": (CHUNKED + b"%x\r\n" % (BODY + 1), 413),
    "chunks that are too much together": (CHUNKED + b"%x\r\n%b\r\n1\r\n" % (BODY, b"x" * BODY), 413),
    "chunks without number": (CHUNKED + b"1\r\nx\r\n" * 70_000, 413),
    "endless trailers": (CHUNKED + b"0\r\n" + b"x" * (HEAD + 1), 431),
}


@pytest.mark.parametrize(("message", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_what_makes_no_sense_or_never_ends_is_refused_at_once(message: bytes, status: int) -> None:
    """It is not held until it is there, for it never may be; and no thread is made to read it."""
    arrival = Arrival()
    assert arrival.feed(message)
    assert (arrival.whole, arrival.refusal) == (False, status)


@pytest.mark.parametrize("length", [b"%d" % (BODY + 1), b"9" * 30, b"9" * 5000])
def test_a_body_that_is_too_long_is_handed_on_as_its_head_alone(length: bytes) -> None:
    """So that the application can refuse it, once it knows who asks."""
    arrival = Arrival()
    assert arrival.feed(HEADS + b"Expect: 100-continue\r\nContent-Length: " + length + b"\r\n\r\n")
    assert (arrival.whole, arrival.unread, bytes(arrival.body), arrival.wants_continue) == (True, True, b"", False)


@pytest.mark.parametrize(
    ("path", "longest"),
    [("/Bulk", BULK), ("/Bulk/", BULK), ("/Bulk?a=b", BULK), ("/Users", BODY), ("/Bulk/x", BODY), ("/Users?a=/Bulk", BODY)],
)
def test_only_a_bulk_request_may_be_long(path: str, longest: int) -> None:
    """RFC 7644 section 3.7.3: maxPayloadSize is a limit of its own."""
    for length, unread in ((longest, False), (longest + 1, True)):
        arrival = Arrival()
        arrival.feed(f"POST /scim/v2/c{path} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode())
        assert arrival.unread == unread


def test_a_client_that_waits_for_100_continue_is_noticed() -> None:
    """RFC 9110 section 10.1.1: it sends its body when it is asked to."""
    arrival = Arrival()
    arrival.feed(HEADS + b"Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n")
    assert arrival.wants_continue
    assert arrival.feed(b"hello")


def test_what_is_waited_for_is_what_the_application_reads() -> None:
    """More would be held for nothing, less would never arrive."""
    assert (BODY, BULK) == (wire.MAX_BODY, discovery.MAX_PAYLOAD)
