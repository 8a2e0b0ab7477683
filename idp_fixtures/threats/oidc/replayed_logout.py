"""A genuine logout token is used again, after the victim has signed in anew.

Known from: OpenID Connect Back-Channel Logout 1.0 section 2.6 (8): a jti that was seen is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.oidc import tokens
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """The same token twice; the second does nothing."""
    begun = stage.begin()
    stage.send(begun, stage.answer(begun, stage.victim))
    said = {"sub": stage.victim.id, "jti": f"once-{stage.now().timestamp()}"}
    claims = tokens.logout_claims(stage.idp.url, stage.application.client_id, now=stage.now(), **said)
    form = {"logout_token": tokens.sign(claims, stage.idp.token_key, typ="logout+jwt")}
    first = stage.new_browser().post(stage.logout_url, form)
    if first.status != 200 or begun.browser.get(stage.inside_url).status == 200:
        raise AssertionError(f"The genuine logout ended nothing: {first.status} {first.code}.")
    again = stage.begin()
    stage.send(again, stage.answer(again, stage.victim))
    yield Attempt("again", stage.new_browser().post(stage.logout_url, form), ("message_replayed",))
    yield Attempt("in another process", stage.new_browser().elsewhere().post(stage.logout_url, form), ("message_replayed",))
    if again.browser.get(stage.inside_url).status != 200:
        raise AssertionError("The replayed logout ended the new session.")
