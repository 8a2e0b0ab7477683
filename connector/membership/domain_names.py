"""E-mail domains as text: one spelling for each, so that equal means equal. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

import idna

from connector.errors import Invalid

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def normal_domain(text: str) -> str:
    """Return the domain as it is kept: lower-case ASCII, letters of other scripts encoded (UTS 46, RFC 5891), no dot at the end.

    Raises Invalid `domain_invalid` for anything but a domain with at least two labels: addresses, URLs, wildcards, IP addresses.
    """
    try:
        name = idna.encode(text.strip().removesuffix("."), uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        name = ""
    labels = name.split(".")
    if len(labels) < 2 or len(name) > 253 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        raise Invalid(
            "domain_invalid",
            "This is not an e-mail domain.",
            expected="a whole domain such as example.com, without @, wildcard or path",
        )
    return name


@lru_cache(maxsize=4096)
def _known(domain: str) -> str | None:
    try:
        return normal_domain(domain)
    except Invalid:
        return None


def domain_of(email: str) -> str | None:
    """Return the domain of an address as `normal_domain` writes it; None unless it is a name, one @ and a domain."""
    local, _, domain = email.partition("@")
    if not local or "@" in domain:
        return None
    return _known(domain)
