"""The signature or its digest uses SHA-1, which can be forged.

Known from: SHAttered (2017), "SHA-1 is a Shambles" (2020: chosen prefixes for 45,000 dollars).
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.signing import Signer
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Signature, digest, and both, by the right key."""
    key = stage.vendor.signer.key
    for algorithm, digest in (("rsa-sha1", "sha256"), ("rsa-sha256", "sha1"), ("rsa-sha1", "sha1")):
        signer = Signer(key=key, algorithm=algorithm, digest=digest)
        yield stage.attempt(f"{algorithm}, {digest}", "saml_algorithm", signer=signer)
