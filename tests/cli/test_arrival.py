"""A request gets a thread when it has arrived whole; what whole means is told here, piece by piece."""

from __future__ import annotations

import pytest

from connector.cli.arrival import BODY, HEAD, Arrival

HEADS = b"POST /scim HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEADS + b"Transfer-Encoding: chunked\r\n\r\n"

WHOLE = {
    "no body": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "empty body": HEADS + b"Content-Length: 0\r\n\r\n",
    "body of known length": HEADS + b"content-length : 5\r\n\r\nhello",
    "chunks": CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
    "chunk that looks like an end": CHUNKED + b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n",
    "chunk extension and trailer": CHUNKED + b"1;a=b\r\nx\r\n0\r\nEtag: y\r\n\r\n",
    "capital size": CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("message", WHOLE.values(), ids=WHOLE.keys())
def test_a_message_is_whole_with_its_last_byte_and_not_before(message: bytes) -> None:
    """Fed at once, in two pieces cut anywhere, and byte by byte."""
    assert Arrival().feed(message)
    for cut in range(1, len(message)):
        arrival = Arrival()
        assert not arrival.feed(message[:cut]), message[:cut]
        assert arrival.feed(message[cut:])
        assert bytes(arrival.received) == message
    slow = Arrival()
    assert [slow.feed(message[at : at + 1]) for at in range(len(message))] == [False] * (len(message) - 1) + [True]


@pytest.mark.parametrize(
    "message",
    [
        b"x" * (HEAD + 1),
        CHUNKED + b"what\r\n",
        CHUNKED + b"1" * 2000,
        CHUNKED + b"%x\r\n" % (BODY + 1),
        HEADS + b"Content-Length: %d\r\n\r\n" % (BODY + 1),
    ],
    ids=["endless head", "no size", "endless size", "huge chunk", "huge body"],
)
def test_what_makes_no_sense_or_is_too_long_is_handed_on_to_be_refused(message: bytes) -> None:
    """It is not held until it is there, for it never may be."""
    assert Arrival().feed(message)


def test_chunks_without_end_are_handed_on_when_they_are_more_than_is_held() -> None:
    """However small each of them is."""
    arrival = Arrival()
    arrival.feed(CHUNKED)
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    fed = 0
    while not arrival.feed(chunk):
        fed += len(chunk)
        assert fed < BODY + HEAD


def test_a_client_that_waits_for_100_continue_is_noticed() -> None:
    """RFC 9110 section 10.1.1: it sends its body when it is asked to."""
    arrival = Arrival()
    arrival.feed(HEADS + b"Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n")
    assert arrival.wants_continue
    assert arrival.feed(b"hello")
