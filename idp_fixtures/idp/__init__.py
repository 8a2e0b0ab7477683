"""A small identity provider on loopback: SAML 2.0 and OpenID Connect, for the demo and for tests.

    with serving(Provider(people=PEOPLE)) as idp:
        idp.register(Application("connector", entity_id=…, acs_url=…))
        requests.get(idp.url + "/saml/metadata")

It signs with keys of its own process, keeps everything in memory, and believes whoever says who they are: never expose it.
"""

from idp_fixtures.idp.provider import Application, Provider
from idp_fixtures.idp.server import serving

__all__ = ["Application", "Provider", "serving"]
