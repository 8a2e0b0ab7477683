"""Which addresses connector lets itself be sent to: those of the public Internet, unless the operator allows more.

The ranges are those of the IANA special-purpose registries (RFC 6890), as `ipaddress` knows them. An IPv6 address that carries an
IPv4 one (mapped, NAT64, 6to4) is judged by what it carries.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """True when the address, as the resolver writes it, belongs to the public Internet."""
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour or _behind_nat64(address)
        if carried is None:
            return address in _UNICAST and address.is_global
        address = carried
    return address.is_global and not address.is_multicast


def _behind_nat64(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
