"""The userinfo endpoint tells of somebody else than the ID token.

Known from: OpenID Connect Core 1.0 section 5.3.2: the sub must be compared, else its claims must not be used.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.oidc.tokens import ABSENT
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage, bad_documents, changed


def attack(stage: Stage) -> Iterator[Attempt]:
    """At a connection that asks it: another subject, none, and no document."""
    asked = stage.others["userinfo"]
    for value in (asked.victim.id, "", ABSENT, None, 7, [asked.attacker.id], asked.attacker.id.upper()):
        shown = "absent" if value is ABSENT else repr(value)
        yield asked.attempt(shown, "oidc_userinfo_subject", userinfo=changed(sub=value))
    for form, (twist, codes) in bad_documents(asked.trap_url).items():
        yield asked.attempt(form, *codes, "oidc_userinfo_subject", userinfo=twist)
    overriding = changed(email=asked.victim.email, email_verified=True)
    begun = asked.begin()
    with asked.twisted(userinfo=overriding):
        reply = asked.send(begun, asked.answer(begun))
    page = begun.browser.get(asked.inside_url).text if not reply.code else ""
    if asked.victim.email in page:
        raise AssertionError("Userinfo overrode what was signed.")
