"""Versions of resources as entity tags (RFC 7644 section 3.14, RFC 9110 sections 8.8.3 and 13.1).

`W/"3"` is the third version of what the identity provider said. The groups of a user are shown with it and kept elsewhere, so a
digest of them follows where there are any: `W/"3.1f2e3d4c5b6a"`. Who reads again compares the whole tag. Who writes compares the
part before the point: a push of a user's own data is not outdated because a group was renamed.

Tags are compared weakly, as the examples of RFC 7644 do; what is no tag matches nothing, so that a change is refused rather than
lost.
"""

from __future__ import annotations

import hashlib
import re

from connector.directory.model import Check, StoredGroup, StoredUser, unchecked
from connector.errors import Outdated
from connector.scim.refusals import shown

_TAG = re.compile(r'(?:[Ww]/)?"([^"]*)"')
_DIGEST = 6  # bytes: enough to tell two states of one user apart, which is all it is for


def version_of(stored: StoredUser | StoredGroup) -> str:
    """Return the entity tag of a resource, which is its `meta.version` too. A user must come with its groups."""
    if isinstance(stored, StoredGroup) or not stored.groups:
        return f'W/"{stored.version}"'
    told = "\n".join(sorted(f"{group.id} {group.display_name}" for group in stored.groups))
    return f'W/"{stored.version}.{hashlib.blake2b(told.encode(), digest_size=_DIGEST).hexdigest()}"'


def is_known(if_none_match: str | None, version: str) -> bool:
    """Tell whether a reader has this version already, which is answered with 304 (RFC 9110 section 13.1.2)."""
    return if_none_match is not None and _names(if_none_match, version.removeprefix("W/").strip('"'))


def required(if_match: str | None, if_none_match: str | None) -> Check:
    """Return what the headers of a change ask of the version stored (RFC 9110 sections 13.1.1 and 13.1.2).

    The check raises Outdated `version_outdated`.
    """
    if if_match is None and if_none_match is None:
        return unchecked

    def check(version: int) -> None:
        if if_match is not None and not _is_of(if_match, version):
            raise _outdated("If-Match", if_match, f'W/"{version}", which is stored today')
        if if_none_match is not None and _is_of(if_none_match, version):
            raise _outdated("If-None-Match", if_none_match, f'anything but W/"{version}", which is stored today')

    return check


def _names(header: str, tag: str) -> bool:
    return header.strip() == "*" or tag in _TAG.findall(header)


def _is_of(header: str, version: int) -> bool:
    return header.strip() == "*" or str(version) in [tag.partition(".")[0] for tag in _TAG.findall(header)]


def _outdated(header: str, arrived: str, expected: str) -> Outdated:
    return Outdated(
        "version_outdated",
        f"{header} arrived as {shown(arrived)}.",
        expected=expected,
        advice="Read the resource again, make the change to it as it is now, and send that with its version.",
    )
