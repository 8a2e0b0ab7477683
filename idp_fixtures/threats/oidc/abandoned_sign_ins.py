"""Sign-ins are begun and never ended: to fill tables and cookies, or to keep others out.

Known from: state in cookies that pile up until requests are refused (Authlib, Flask); floods without an account.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage

MANY = 60


def attack(stage: Stage) -> Iterator[Attempt]:
    """One browser begins sixty times: its cookies stay as they are, its first tab still works, and nobody else's does there."""
    first = stage.begin()
    answer = stage.answer(first)
    cookies = {first.browser.get(stage.login_url).headers["set-cookie"].partition(";")[0] for _ in range(MANY)}
    if len(cookies) != 1:
        raise AssertionError(f"{MANY} sign-ins gave a browser {len(cookies)} cookies.")
    abandoned = stage.begin()
    yield Attempt("somebody else's", stage.send(abandoned, stage.answer(abandoned), first.browser), ("other_browser",))
    if stage.send(first, answer).code:
        raise AssertionError("Abandoned sign-ins kept somebody out.")
