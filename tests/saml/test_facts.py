"""What the trace keeps of a message: how it is built, and nothing of the person it is about."""

from __future__ import annotations

from connector.directory.traces import MESSAGE
from connector.saml.facts import facts_of, redacted
from idp_fixtures.saml.names import encoded
from tests.saml.samples import ADA, IDPS, answer, sign_on


def test_a_message_is_kept_without_what_it_says_of_a_person() -> None:
    """Names, algorithms, addresses and times stay; values, keys and signatures do not."""
    for vendor in IDPS:
        kept = redacted(encoded(answer(vendor))) + str(facts_of(encoded(answer(vendor)), sign_on(vendor)))
        personal = (ADA.email, ADA.first_name, ADA.last_name, ADA.id, *ADA.groups)
        assert [each for each in personal if each in kept] == []
        assert "AttributeStatement" in kept
        assert "SignatureMethod" in kept
        assert sign_on(vendor).addresses["acs_url"] in kept


def test_a_message_that_cannot_be_read_is_not_kept() -> None:
    """Nor more than its share of one that is long."""
    assert redacted("%%%") == redacted("PHg+") == ""
    assert len(redacted(encoded(answer(attributes=[(f"a{n}", ("x",)) for n in range(60)])))) <= MESSAGE
