"""Guides: how each identity provider is set up, in its own words. One source for the wizard, for advice and for docs/guides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connector.admin.guides import entra, generic, google, jumpcloud, okta, onelogin, ping
from connector.admin.guides.model import Guide, Kind

GUIDES: Mapping[str, Guide] = MappingProxyType(
    {each.GUIDE.idp: each.GUIDE for each in (okta, entra, google, jumpcloud, onelogin, ping, generic)}
)
"""Every guide by the name of its provider, as `connections.IDPS` has them, in the order of the grid."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One field of the grid: the provider, its name, a line below it, and the track that choosing it settles, if it does."""

    idp: str
    name: str
    hint: str
    kind: Kind | None = None


def tiles() -> tuple[Tile, ...]:
    """The grid: every provider, and two for all the others."""
    known = [Tile(guide.idp, guide.name, _hint(guide)) for guide in GUIDES.values() if guide.idp != "generic"]
    programs = ", ".join(product.name for product in GUIDES["generic"].products)
    return (*known, Tile("generic", "Any SAML", programs, "saml"), Tile("generic", "Any OpenID Connect", programs, "oidc"))


def _hint(guide: Guide) -> str:
    ways = {"saml": "SAML", "oidc": "OpenID Connect", "scim": "pushes users and groups"}
    return ", ".join(ways[track.kind] for track in guide.tracks)


def search(text: str) -> tuple[Tile, ...]:
    """The tiles whose provider is called so, now or earlier, in whole or in part; case and spaces around do not matter. An empty
    text finds all of them."""
    wanted = text.strip().casefold()
    return tuple(tile for tile in tiles() if any(wanted in name.casefold() for name in _names(tile)))


def _names(tile: Tile) -> Iterable[str]:
    guide = GUIDES[tile.idp]
    yield tile.name
    if tile.kind is None:
        yield from (guide.idp, guide.name, *guide.also_known)
        return
    yield from ("custom", "generic", *_ALSO[tile.kind])
    for product in guide.products:
        if tile.kind in product.notes:
            yield from (product.name, *product.also_known)


_ALSO: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {"saml": ("SAML 2.0", "Shibboleth", "SimpleSAMLphp", "Auth0"), "oidc": ("OIDC", "OpenID", "Auth0"), "scim": ()}
)
"""Other words for the two tiles of all the others."""
