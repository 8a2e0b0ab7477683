"""What is recorded for programs, in words for people."""

from __future__ import annotations

import pytest

from connector.admin import people_words, recorded
from connector.web import pages

RULE = "01a20346-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            f"team:engineering (rule {RULE}) is outranked by team:engineering as maintainer (rule {RULE})",
            "Team engineering: maintainer (by a rule) counts, and member (by a rule) adds nothing to it",
        ),
        (
            "role member (converted) is outranked by role admin (manual)",
            "Role: admin (given by hand) counts, and member (kept from the time before) adds nothing to it",
        ),
        (
            f"project:apollo as viewer (system) is outranked by project:apollo as editor (rule {RULE})",
            "Project apollo: editor (by a rule) counts, and viewer (everybody has it) adds nothing to it",
        ),
        (
            f'group "team:ops" -> rule {RULE} -> team:ops as maintainer: not applied yet',
            'Group "team:ops" → team ops as maintainer: not applied yet',
        ),
    ],
)
def test_reasons_are_told_in_sentences_for_people(reason: str, told: str) -> None:
    """Without ids and marks of sources; what a provider calls its groups stays as it is."""
    assert people_words.plain(reason) == told


def test_causes_are_told_as_what_ends_them() -> None:
    """In the history and in the audit trail."""
    told = "until the identity provider activates them", "until an admin lifts it"
    assert recorded.changed({"causes": "directory"}, {"causes": "admin"}) == [("out", *told)]


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("The last one failed, 2026-11-22 12:50 UTC.", "The last one failed, 22 November 2026, 12:50 UTC."),
        ("It was 2026-01-02 03:04:05 UTC here", "It was 2 January 2026, 03:04:05 UTC here"),
        ("The last one ends on 2027-01-02.", "The last one ends on 2 January 2027."),
        ("a day such as 2026-11-22", "a day such as 2026-11-22"),
        ("On 2026-02-30", "On 2026-02-30"),
    ],
)
def test_sentences_tell_moments_as_pages_do(sentence: str, told: str) -> None:
    """One way to write them on all pages; how something is to be typed stays as it is typed, and what is no day too."""
    assert pages.said(sentence) == told
