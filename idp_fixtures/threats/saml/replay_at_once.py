"""A genuine answer is sent six times at the same moment, to two processes: only one may become a session.

Known from: checks that read first and write later; race conditions in replay caches.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.browser import Reply
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Five of six are refused."""
    begun = stage.begin()
    message = make(stage.answer(begun))
    browsers = [begun.browser.elsewhere() for _ in range(6)]
    replies: list[Reply] = []
    threads = [threading.Thread(target=lambda each=each: replies.append(stage.send(begun, message, each))) for each in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [reply for reply in replies if reply.code]
    if len(refused) != 5:
        raise AssertionError(f"{6 - len(refused)} of six answers at once were accepted.")
    for number, reply in enumerate(refused, 1):
        yield Attempt(f"loser {number}", reply, ("request_used", "message_replayed"))
