"""The provider answers drop by drop, for as long as somebody listens: to hold threads, or to have connector break down.

Known from: Slowloris turned round; deadlines that are checked between chunks (requests' iter_content waits for n bytes).
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Response

from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage

CODE = "fetch_timeout"


def attack(stage: Stage) -> Iterator[Attempt]:
    """Metadata, keys and tokens."""
    fresh = stage.anew()
    with fresh.twisted(discovery=_dripping):
        yield Attempt("metadata", fresh.new_browser().get(fresh.login_url), (CODE,))
    yield stage.anew().attempt("keys", CODE, keys=_dripping)
    yield stage.attempt("tokens", CODE, token=_dripping)


def _dripping(_: Response) -> Response:
    """A byte now and then, at most for a minute."""

    def drops() -> Iterator[bytes]:
        for _ in range(300):
            time.sleep(0.2)
            yield b" "

    return Response(drops(), content_type="application/json")
