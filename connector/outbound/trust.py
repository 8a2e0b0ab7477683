"""Whose certificates connector trusts: authorities of the system (SSL_CERT_FILE names others) and those of Python's certifi."""

from __future__ import annotations

import ssl

import certifi


def trust() -> ssl.SSLContext:
    """A client's side of TLS that checks certificate and name."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context
