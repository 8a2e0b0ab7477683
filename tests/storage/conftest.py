"""What only PostgreSQL can do: transactions that really run side by side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.storage.database import Database


@pytest.fixture
def server(postgres_url: str) -> Iterator[Database]:
    """A migrated, empty PostgreSQL database, open."""
    database = Database.open(postgres_url)
    yield database
    database.close()
