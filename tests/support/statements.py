"""What is sent to the database, however it is sent: by SQLAlchemy, or on the driver (`storage/hot.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, Engine, event

from connector.storage import hot


@contextmanager
def statements(where: Engine | Connection) -> Iterator[list[str]]:
    """Collect the statements sent inside the block, by anybody for those on the driver."""
    sent: list[str] = []
    run = hot.run

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    def noted(tx: Connection, text: str, parameters: Any, **how: Any) -> AbstractContextManager[Any]:
        sent.append(text)
        return run(tx, text, parameters, **how)

    event.listen(where, "before_cursor_execute", note)
    try:
        with patch.object(hot, "run", noted):
            yield sent
    finally:
        event.remove(where, "before_cursor_execute", note)
