"""The ID token says it needs no signature.

Known from: RFC 8725 section 2.1; CVE-2015-9235 and every spelling of "none" since.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from idp_fixtures.oidc import tokens
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage, changed

CODES = ("oidc_algorithm", "oidc_signature", "oidc_token_malformed")


def attack(stage: Stage) -> Iterator[Attempt]:
    """In all spellings, as a list, without an algorithm, with a signature taken away, and where discovery invites it."""
    for spelling in ("none", "None", "NONE", "nOnE", "", " none", ["none"], None, 0, True):
        yield stage.token(repr(spelling), partial(tokens.unsigned, alg=spelling), *CODES)
    key = stage.idp.token_key
    yield stage.token("no algorithm", lambda claims: tokens.unsigned(claims, alg=tokens.ABSENT), *CODES)
    yield stage.token("no signature", lambda claims: tokens.sign(claims, key).rpartition(".")[0] + ".", *CODES)
    yield stage.token("no third part", lambda claims: tokens.sign(claims, key).rpartition(".")[0], *CODES)
    invited = stage.anew()
    with invited.twisted(discovery=changed(id_token_signing_alg_values_supported=["none"])):
        yield invited.token("discovery offers it", tokens.unsigned, *CODES)
