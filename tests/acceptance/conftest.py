"""An empty installation for every row: first on SQLite, then on PostgreSQL. `site.py` says what can be done with it."""

from __future__ import annotations

import pytest

from tests.acceptance.site import Site
from tests.api.conftest import _app as _app
from tests.api.conftest import api as api
from tests.support.api import Api


@pytest.fixture
def site(api: Api) -> Site:
    """The installation."""
    return Site(api)
