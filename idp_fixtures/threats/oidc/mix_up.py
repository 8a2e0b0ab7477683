"""Two providers, one of them the attacker's: the client is made to bring the honest one's code to the other, or the reverse.

Known from: Fett, Küsters, Schmitz (2016); RFC 9207, whose `iss` is checked when sent and demanded when announced.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.oidc.tokens import ABSENT
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage

CODE = "oidc_other_provider"


def attack(stage: Stage) -> Iterator[Attempt]:
    """Another iss, none though announced, and another connection's whole answer."""
    foreign = stage.others["foreign"]
    for value in (foreign.idp.url, stage.idp.url + "/", "", ABSENT, "x" * 5000):
        begun = stage.begin()
        shown = "absent" if value is ABSENT else repr(value)[:40]
        yield Attempt(shown, stage.send(begun, stage.answer(begun, iss=value)), (CODE,))
    theirs = foreign.begin()
    reply = stage.send(theirs, foreign.answer(theirs))
    yield Attempt("another connection's answer", reply, ("request_unknown", "other_browser"))
    begun = stage.begin()
    reply = stage.send(begun, stage.answer(begun, code=foreign.code(theirs), iss=ABSENT))
    yield Attempt("another provider's code", reply, (CODE, "oidc_code_refused"))
    silent = stage.anew()
    begun = silent.begin()
    yield Attempt(
        "another iss with an error",
        silent.send(begun, {"error": "access_denied", "iss": "https://x.example", "state": begun.asked["state"]}),
        (CODE,),
    )
