"""An identity that nobody asked for waits for a click: written down, and read again; sealed in between (purpose `confirm`)."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from connector.membership.identity import LogoutHandle, Profile, SubjectId, VerifiedIdentity

_MOMENTS = ("message_until", "authenticated_at", "ends_at")


def write_down(identity: VerifiedIdentity) -> dict[str, str]:
    """What `requests.Sending.given` takes."""
    return {"identity": json.dumps(asdict(identity), default=datetime.isoformat)}


def read_again(kept: dict[str, str]) -> VerifiedIdentity:
    """What `write_down` was given."""
    said: dict[str, Any] = json.loads(kept["identity"])
    profile = said["profile"]
    profile["groups"] = None if profile["groups"] is None else tuple(profile["groups"])
    for name in _MOMENTS:
        said[name] = None if said[name] is None else datetime.fromisoformat(said[name])
    attributes = {name: tuple(values) for name, values in said["attributes"].items()}
    who = {"subject": SubjectId(**said["subject"]), "profile": Profile(**profile), "logout": LogoutHandle(**said["logout"])}
    return VerifiedIdentity(**{**said, **who, "attributes": attributes})
