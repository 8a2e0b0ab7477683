"""Every refusal of the domain, as one tree. None of them knows HTTP.

    ConnectorError
    ├── Invalid           what arrived cannot be understood or is not allowed      (usage of the product)
    │   ├── Unfit         a message of the API is not as it is described: `faults` say where
    │   └── Unprocessable it can be understood, and speaks of what there is not
    ├── NotFound          nothing by that name here, or not for you
    ├── Gone              it was here, and is over for good
    ├── Conflict          the state of things forbids it; another order of steps would work
    │   └── Taken         a unique name is in use already
    ├── Outdated          what the client knows of a thing is not its state of today
    ├── TooLarge          more than is taken in one message
    ├── Unsupported       it is written in a form that is not taken
    ├── NotEntitled       this installation is not set up to give it, whoever asks
    ├── Forbidden         known and understood, but not in this state or not with these rights
    ├── Unauthenticated   no credential, or none that lives
    ├── Upstream          somebody else's server did not answer as it should
    ├── TooMany           asked too often: try again after `retry_after` seconds
    └── Unavailable       not now: try again after `retry_after` seconds

Each carries a stable `code` (texts may change, codes do not), what arrived, what was expected and what to do about it. The
protocol rooms turn them into their own error forms: `scim/errors.py` into RFC 7644 section 3.12, the command line into
`{"code", "detail"}`.
"""

from __future__ import annotations

from collections.abc import Sequence


class ConnectorError(Exception):
    """The base of every refusal.

    `code` is stable and listed in docs/errors.md; `detail` is a sentence for the person who reads it; `expected` says what would
    have been right and `advice` where to change it. Neither carries a secret.
    """

    def __init__(self, code: str, detail: str, *, expected: str = "", advice: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.expected = expected
        self.advice = advice


class Invalid(ConnectorError):
    """What arrived cannot be understood or is not allowed."""


class Unfit(Invalid):
    """A message is not as it is described. `faults` say where, as JSON Pointers (RFC 6901) by `pointer`, and what by `detail`."""

    def __init__(self, code: str, detail: str, faults: Sequence[dict[str, str]], *, expected: str) -> None:
        super().__init__(code, detail, expected=expected, advice="GET /api/openapi.json says what is taken.")
        self.faults = faults


class Unprocessable(Invalid):
    """It can be understood, and speaks of what there is not, or leaves out what this kind of thing needs."""


class NotFound(ConnectorError):
    """There is nothing by that name here."""


class Gone(ConnectorError):
    """It was here, and is over for good: asking again changes nothing."""


class Conflict(ConnectorError):
    """The state of things forbids it."""


class Taken(Conflict):
    """A name that must be unique is in use."""


class Outdated(ConnectorError):
    """The client asked for a change of another version than there is."""


class TooLarge(ConnectorError):
    """More arrived than is taken in one message."""


class Unsupported(ConnectorError):
    """What arrived is written in a form that is not taken."""


class NotEntitled(ConnectorError):
    """This installation is not set up to give it, whoever asks."""


class Forbidden(ConnectorError):
    """Understood, and not allowed in this state."""


class Unauthenticated(ConnectorError):
    """No credential, or none that lives."""


class Upstream(ConnectorError):
    """A server that connector asked did not answer, or not with what was asked for."""


class TooMany(ConnectorError):
    """Asked too often: the same may be asked again after `retry_after` seconds."""

    def __init__(self, code: str, detail: str, *, retry_after: int, expected: str = "", advice: str = "") -> None:
        super().__init__(code, detail, expected=expected, advice=advice)
        self.retry_after = retry_after


class Unavailable(ConnectorError):
    """Not now: the same request may be sent again after `retry_after` seconds."""

    def __init__(self, code: str, detail: str, *, retry_after: int, expected: str = "", advice: str = "") -> None:
        super().__init__(code, detail, expected=expected, advice=advice)
        self.retry_after = retry_after
