"""A genuine logout request is used again, after the victim signed in anew.

Known from: a redirect with a signed query stays in histories and logs; saml-core-2.0-os 3.7.1 gives it an end for that.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.logout import Logout, logout_request
from idp_fixtures.saml.message import make
from idp_fixtures.saml.signing import query
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """The same request twice; the second does nothing."""
    name_id = str(getattr(stage.victim, stage.vendor.name_id))
    told = Logout(
        issuer=stage.vendor.issuer,
        destination=stage.logout_url,
        name_id=name_id,
        name_id_format=stage.vendor.name_id_format,
        session_index=None,
        now=stage.now(),
    )
    text = query("SAMLRequest", logout_request(told), None, stage.vendor.signer)
    begun = stage.begin()
    stage.send(begun, make(stage.answer(begun, stage.victim)))
    first = stage.new_browser().get(f"{stage.logout_url}?{text}")
    if first.code:
        raise AssertionError(f"The genuine logout was refused: {first.code}.")
    if begun.browser.get(stage.inside_url).status == 200:
        raise AssertionError("The genuine logout ended nothing.")
    again = stage.begin()
    stage.send(again, make(stage.answer(again, stage.victim)))
    yield Attempt("again", stage.new_browser().get(f"{stage.logout_url}?{text}"), ("message_replayed",))
    if again.browser.get(stage.inside_url).status != 200:
        raise AssertionError("The replayed logout ended the new session.")
    yield Attempt("in another process", stage.new_browser().elsewhere().get(f"{stage.logout_url}?{text}"), ("message_replayed",))
