"""FORMS: what `web/forms.py` reads of a form, for whoever visits a page of the console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connector.admin.frame import Visit
from connector.provisioning.once import Once
from connector.web import forms
from connector.web.forms import Made
from connector.web.forms import asked as asked
from connector.web.forms import number as number
from connector.web.forms import optional as optional
from connector.web.forms import text as text
from connector.web.forms import ticked as ticked


def made_once(visit: Visit, make: Callable[[Once | None], Made]) -> Any:
    """Run a verb that makes something, as `web.forms.made_once`."""
    return forms.made_once(visit.actor, make)
