"""The signature is an HMAC, and its key is something everybody knows: the identity provider's certificate.

Known from: key confusion (CVE-2015-9235 in JWT; in XML signature wherever the message chooses how a key is used).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from idp_fixtures.saml.signing import Signer
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """By everything that could be taken for the key."""
    key = stage.vendor.signer.key
    secrets = {
        "the certificate's PEM": key.certificate.encode(),
        "the certificate's DER": base64.b64decode(key.certificate_body),
        "the public key's PEM": key.public_key.encode(),
    }
    for form, secret in secrets.items():
        signer = Signer(key=key, algorithm="hmac-sha256", secret=secret, key_info=False)
        yield stage.attempt(form, "saml_algorithm", person=stage.victim, signer=signer)
