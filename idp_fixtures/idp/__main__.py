"""python -m idp_fixtures.idp --port 8090 --saml NAME ENTITY_ID ACS_URL SLO_URL --oidc NAME CLIENT_ID SECRET REDIRECT_URI"""

from __future__ import annotations

import argparse
import logging
import sys
import threading

from idp_fixtures.idp import Application, Provider, serving
from idp_fixtures.people import PEOPLE, person
from idp_fixtures.saml.vendors import VENDORS


def main() -> None:
    """Serve until interrupted."""
    options = _options()
    people = [person(each[0], each[1], *each[2:]) for each in options.person] or PEOPLE
    provider = Provider(people, options.vendor, options.name)
    for name, entity_id, acs_url, slo_url in options.saml:
        provider.register(Application(name, entity_id=entity_id, acs_url=acs_url, slo_url=slo_url))
    for name, client_id, secret, redirect_uri in options.oidc:
        provider.register(Application(name, client_id=client_id, client_secret=secret, redirect_uris=(redirect_uri,)))
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with serving(provider, options.port):
        sys.stdout.write(f"{provider.name} at {provider.url} (SAML metadata: {provider.url}/saml/metadata)\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m idp_fixtures.idp", description="An identity provider on loopback.")
    parser.add_argument("--port", type=int, default=8090, help="port on 127.0.0.1 (0: a free one)")
    parser.add_argument("--name", default="Example ID", help="what its pages are headed with")
    parser.add_argument("--vendor", default="generic", choices=sorted(VENDORS), help="whose habits it has")
    saml = ("NAME", "ENTITY_ID", "ACS_URL", "SLO_URL")
    parser.add_argument("--saml", nargs=4, action="append", default=[], metavar=saml, help="a service provider")
    oidc = ("NAME", "CLIENT_ID", "SECRET", "REDIRECT_URI")
    parser.add_argument("--oidc", nargs=4, action="append", default=[], metavar=oidc, help="an OpenID client")
    parser.add_argument("--person", nargs="+", action="append", default=[], metavar="EMAIL", help='EMAIL "First Last" [GROUP...]')
    return parser.parse_args()


if __name__ == "__main__":
    main()
