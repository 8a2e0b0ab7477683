"""A browser, as far as attacks need one: it keeps cookies, follows nothing by itself, and can be copied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer over HTTP. Names of headers are in lower case; `seconds` is how long it took."""

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float

    @property
    def location(self) -> str:
        """Where the answer sends the browser; empty when nowhere."""
        return self.headers.get("location", "")

    @property
    def code(self) -> str:
        """The stable code of a refusal; empty when it is none."""
        return self.headers.get("x-connector-error", "")


class Browser(Protocol):
    """Whoever drives the attacks gives one of these."""

    def get(self, url: str) -> Reply:
        """Ask for an address."""

    def post(self, url: str, form: Mapping[str, str]) -> Reply:
        """Send a form."""

    def elsewhere(self) -> Browser:
        """The same cookies, and another server process on the same database behind the address."""
