"""Six genuine answers to one request arrive at the same moment, the same one or different ones: only one may become a session.

Known from: checks that read first and write later; race conditions in replay caches.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.browser import Browser, Reply
from idp_fixtures.threats.saml._stage import Begun, Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Five of six are refused, at another process than the one that asked."""
    for form in ("the same", "different"):
        begun = stage.begin()
        same = make(stage.answer(begun))
        yield from _raced(stage, begun, form, [same if form == "the same" else make(stage.answer(begun)) for _ in range(6)])


def _raced(stage: Stage, begun: Begun, form: str, messages: list[bytes]) -> Iterator[Attempt]:
    replies: list[Reply] = []

    def send(message: bytes, browser: Browser) -> None:
        replies.append(stage.send(begun, message, browser))

    threads = [threading.Thread(target=send, args=(message, begun.browser.elsewhere())) for message in messages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [reply for reply in replies if reply.code]
    if len(refused) != 5:
        raise AssertionError(f"{6 - len(refused)} of six answers at once were accepted.")
    for number, reply in enumerate(refused, 1):
        yield Attempt(f"{form}, loser {number}", reply, ("request_used", "message_replayed"))
