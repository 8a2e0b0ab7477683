"""One answer arrives six times at the same moment, at two processes: its code is tried once, and one session comes of it.

Known from: checks that read first and write later; providers that end everything when a code comes twice.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from idp_fixtures.threats import Attempt
from idp_fixtures.threats.browser import Reply
from idp_fixtures.threats.oidc._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Five of six are refused."""
    begun = stage.begin()
    answer = stage.answer(begun)
    browsers = [begun.browser.elsewhere() for _ in range(6)]
    replies: list[Reply] = []
    threads = [
        threading.Thread(target=lambda each: replies.append(stage.send(begun, answer, each)), args=(each,)) for each in browsers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [reply for reply in replies if reply.code]
    if len(refused) != 5:
        raise AssertionError(f"{6 - len(refused)} of six answers at once were accepted.")
    for number, reply in enumerate(refused, 1):
        yield Attempt(f"loser {number}", reply, ("request_used",))
