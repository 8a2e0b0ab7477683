"""Which addresses are of the public Internet, by the registries of special-purpose addresses (RFC 6890)."""

from __future__ import annotations

import pytest

from connector.outbound.addresses import is_public

PUBLIC = [
    "93.184.216.34",
    "8.8.8.8",
    "172.32.0.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",  # what a network without IPv4 makes of a public address (RFC 6052)
    "2002:808:808::1",
]
SPECIAL = [
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "fe80::1", "fe80::1%lo", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "2001:db8::1", "2001::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    """Also those that carry a public IPv4 address."""
    assert is_public(address)


@pytest.mark.parametrize("address", SPECIAL)
def test_special_addresses_are_not(address: str) -> None:
    """Loopback, private, link-local, shared, reserved, documentation, multicast; and what carries one of them."""
    assert not is_public(address)
