"""Several threads that begin at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from connector.errors import ConnectorError

Result = TypeVar("Result")


def race(verbs: Sequence[Callable[[], Result]]) -> tuple[list[Result], list[str]]:
    """Run all verbs at once; return the results of those that succeeded and the error codes of those that were refused."""
    ready = Barrier(len(verbs))

    def run(verb: Callable[[], Result]) -> Result | ConnectorError:
        ready.wait(timeout=30)
        try:
            return verb()
        except ConnectorError as error:
            return error

    with ThreadPoolExecutor(len(verbs)) as threads:
        ended = list(threads.map(run, verbs))
    return [one for one in ended if not isinstance(one, ConnectorError)], [e.code for e in ended if isinstance(e, ConnectorError)]
