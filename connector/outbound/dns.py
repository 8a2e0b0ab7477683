"""What DNS says at a name: its TXT records, or why there are none. A failing server is told apart from an absent record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import dns.exception
import dns.name
import dns.resolver

SECONDS = 4.0
"""How long a look-up may take, all servers and tries together."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`found`: `values` are the TXT records, each joined from its strings (RFC 1035 section 3.3.14). `no_name` and `no_record`:
    DNS says that there is nothing. `failed`: DNS did not say; `reason` ends a sentence that begins with "DNS"."""

    state: Literal["found", "no_name", "no_record", "failed"]
    values: tuple[str, ...] = ()
    reason: str = ""


def txt(name: str, server: tuple[str, int] | None = None) -> Answer:
    """Look the TXT records of `name` up, by the resolver of the system, or by the one at an address and port."""
    try:
        found = _resolver(server).resolve(dns.name.from_text(name), "TXT", lifetime=SECONDS)
    except dns.resolver.NXDOMAIN:
        return Answer("no_name")
    except dns.resolver.NoAnswer:
        return Answer("no_record")
    except dns.exception.Timeout:
        return Answer("failed", reason="did not answer in time")
    except dns.resolver.NoNameservers:
        return Answer("failed", reason="answered with a failure of its servers (SERVFAIL or the like)")
    except (dns.exception.DNSException, OSError):
        return Answer("failed", reason="could not be asked from this machine")
    return Answer("found", tuple(b"".join(record.strings).decode("utf-8", "replace") for record in found))


def _resolver(server: tuple[str, int] | None) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=server is None)
    if server is not None:
        resolver.nameservers, resolver.port = [server[0]], server[1]
    return resolver
