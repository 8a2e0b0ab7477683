"""Group-name patterns: what they match, what they refuse, and that none is slow."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import Invalid
from connector.membership.pattern import MAX_NAME, MAX_PATTERN, compile_pattern, fill, slugify

MATCHES = [
    ("eng", "eng", ()),
    ("eng", "ENG", ()),
    ("ENG", "eng", ()),
    ("eng", "eng-data", None),  # the whole name
    ("eng", "an eng", None),
    ("^eng$", "eng", ()),
    ("eng-*", "Eng-Data", ("data",)),
    ("eng-*", "eng-", ("",)),
    ("eng*", "engineers", ("ineers",)),
    ("*", "anything at all", ("anything at all",)),
    ("*-*", "a-b-c", ("a-b", "c")),  # the first takes all it can
    ("*-admins", "ops-admins", ("ops",)),
    ("eng-(.*)", "eng-data", ("data",)),
    ("^ENG-(.+)$", "eng-x", ("x",)),
    ("eng-(.+)", "eng-", None),
    ("eng-.*", "eng-data", ()),  # a quantifier, no capture
    ("[a-c]*", "abba", ()),
    ("[a-c]*", "abd", None),
    ("\\d*x", "12x", ()),
    ("\\w*", "a_1", ()),
    ("\\w*", "a-1", None),
    ("[^-]+-(.*)", "ops-a-b", ("a-b",)),
    ("[\\d.]+", "1.2", ()),
    ("[A-Z]+", "ß", None),
    ("[A-Z]+", "Éa", None),
    ("[a-]+", "a-a", ()),
    ("[İ]x", "ix", ()),
    ("(eng|ops)-*", "ops-a", ("ops", "a")),
    ("(a|ab)c", "abc", ("ab",)),
    ("(|x)y", "y", ("",)),
    ("((a)|(b))c", "bc", ("b", "", "b")),
    ("colou?r", "color", ()),
    ("colou?r", "colour", ()),
    ("a+b", "aaab", ()),
    ("C\\+\\+", "c++", ()),
    ("\\*", "*", ()),
    ("\\*", "x", None),
    ("price in \\$", "price in $", ()),
    ("a.c", "a\nc", ()),
    ("İK-*", "İK-Ankara", ("ankara",)),
    ("Müller", "Mu\u0308ller", ()),  # composed and decomposed forms are one
    ("Team: A/B, C & D", "team: a/b, c & d", ()),
]


@pytest.mark.parametrize(("pattern", "name", "captures"), MATCHES)
def test_a_pattern_matches_the_whole_name_without_case(pattern: str, name: str, captures: tuple[str, ...] | None) -> None:
    """Pattern, name, captures; None where it does not match."""
    assert compile_pattern(pattern).match(name) == captures


REFUSED = [
    ("", "empty"),
    ("x" * (MAX_PATTERN + 1), "201 characters"),
    ("a|b", '"|" stands outside parentheses, at character 2'),
    ("(a", '"(" is never closed, at character 3'),
    ("a)b", '")" closes nothing, at character 2'),
    ("+a", '"+" means nothing here'),
    ("(?:a)", '"?" means nothing here'),
    ("a**", '"*" has nothing to repeat, at character 3'),
    (".*?", '"?" has nothing to repeat, at character 3'),
    ("(a)*", '"*" has nothing to repeat, at character 4'),
    ("(a+)+", '"+" has nothing to repeat, at character 5'),
    ("a{2}", '"{" means nothing here'),
    ("a]", '"]" means nothing here'),
    ("a^b", '"^" means nothing here'),
    ("a$b", '"$" means nothing here'),
    ("[]", "the class is empty"),
    ("[ab", '"[" is never closed, at character 4'),
    ("[z-a]", '"z-a" is not a range, at character 2'),
    ("\\D", '"\\D" is not known, at character 1'),
    ("\\b", '"\\b" is not known'),
    ("a\\", '"\\" is not known, at character 2'),
    ("()" * 10, "more than 9 captures"),
    (".*" * 10, "more than 9 repeats"),
]


@pytest.mark.parametrize(("pattern", "why"), REFUSED)
def test_what_is_not_of_the_language_is_refused_with_its_place(pattern: str, why: str) -> None:
    """The refusal says what and where."""
    with pytest.raises(Invalid) as refused:
        compile_pattern(pattern)
    assert refused.value.code == "pattern_invalid"
    assert why in refused.value.detail
    assert refused.value.expected


def test_a_pattern_of_the_longest_size_is_read() -> None:
    """200 characters are allowed, and match themselves."""
    assert compile_pattern("x" * MAX_PATTERN).match("x" * MAX_PATTERN) == ()


def test_a_name_of_any_length_is_answered() -> None:
    """500 characters match, more never do."""
    assert compile_pattern("*").match("x" * MAX_NAME) == ("x" * MAX_NAME,)
    assert compile_pattern("*").match("x" * (MAX_NAME + 1)) is None


HOSTILE = [
    (".*" * 9 + "x", "a"),
    ("a*" * 9 + "x", "a"),
    ("a?" * 90 + "a" * 10, "a"),
    ("a+" * 9 + "b", "a"),
    ("(a|a|a|a|a|a|a|a|a|a|a)" * 8 + "b", "a"),
    ("(" * 9 + "a" + "|a)" * 9 + "b", "a"),
    ("[^b]*" * 9 + "b", "a"),
]


@pytest.mark.parametrize(("pattern", "letter"), HOSTILE)
def test_patterns_that_ruin_other_matchers_are_quick(pattern: str, letter: str) -> None:
    """Each of these takes a backtracking matcher minutes or ages on 500 equal letters; here a fraction of a second."""
    compiled = compile_pattern(pattern)
    began = time.process_time()
    compiled.match(letter * MAX_NAME)
    assert time.process_time() - began < 3


ATOMS = st.sampled_from(["a", "b", "B", "1", ".", "[ab]", "[^a]", "[a-b1]", "\\d", "\\w", "\\-", "-"])
QUANTIFIED = st.builds(
    lambda atom, sign: atom if sign == "*" and atom in ("a", "b", "B", "1", "\\-", "-") else atom + sign,
    ATOMS,
    st.sampled_from(["", "", "", "*", "+", "?"]),
)
SEQUENCE = st.lists(QUANTIFIED, max_size=4).map("".join)
CAPTURE = st.lists(SEQUENCE, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})")
PATTERNS = st.lists(st.one_of(SEQUENCE, CAPTURE), min_size=1, max_size=3).map("".join).filter(bool)


def repeats(pattern: str) -> int:
    return sum(sign in "*+" for sign in pattern)


@given(PATTERNS.filter(lambda pattern: repeats(pattern) <= 9), st.text("abAB1-x", max_size=8))
def test_patterns_mean_what_regular_expressions_mean(pattern: str, name: str) -> None:
    """Python's own `re` is the oracle for everything but the bare star."""
    expected = re.fullmatch(pattern, name.lower(), re.IGNORECASE)
    captures = tuple(text or "" for text in expected.groups()) if expected else None
    assert compile_pattern(pattern).match(name) == captures


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_matched_or_refused(pattern: str, name: str) -> None:
    """Whatever an admin types, the answer is a match, no match or a refusal that says why."""
    try:
        compiled = compile_pattern(pattern)
    except Invalid:
        return
    captures = compiled.match(name)
    assert captures is None or len(captures) == compiled.captures


@given(st.text("abcÄİß-_ .*+", max_size=30))
def test_a_name_with_its_signs_escaped_matches_itself(name: str) -> None:
    """Escaping every sign gives the literal pattern."""
    pattern = "".join(char if char.isalnum() else f"\\{char}" for char in name)
    if pattern:
        assert compile_pattern(pattern).match(name) == ()


SLUGS = [
    ("Data Platform", "data-platform"),
    ("Zoë & Søren", "zoe-sren"),
    ("  --x--  ", "x"),
    ("Ａ１", "a1"),
    ("漢字", None),
    ("", None),
    ("---", None),
    ("x" * 80, "x" * 60),
    ("x" * 59 + " y", "x" * 59),
]


@pytest.mark.parametrize(("text", "slug"), SLUGS)
def test_a_slug_is_short_plain_and_never_empty(text: str, slug: str | None) -> None:
    """Accents are dropped, anything else becomes a hyphen; nothing left is None."""
    assert slugify(text) == slug


@pytest.mark.parametrize(
    ("template", "captures", "slug"),
    [
        ("ops", (), "ops"),
        ("{1}", ("Data Team",), "data-team"),
        ("t-{1}", ("x",), "t-x"),
        ("{2}-{1}", ("a", "b"), "b-a"),
        ("{1}{1}", ("a",), "aa"),
        ("t-{1}", ("漢字",), None),
        ("t-{2}", ("漢字", "b"), "t-b"),  # only the captures it uses matter
        ("t-{1}", ("",), None),
    ],
)
def test_a_template_is_filled_with_the_slugs_of_captures(template: str, captures: tuple[str, ...], slug: str | None) -> None:
    """A capture without a slug gives nothing rather than a team called `t`."""
    assert fill(template, captures) == slug


@pytest.mark.parametrize("template", ["{2}", "{0}", "{}", "{x}", "{-1}", "{1.real}", "{²}"])
def test_a_template_cannot_ask_for_what_was_not_captured(template: str) -> None:
    """Places are numbers of captures and nothing else."""
    with pytest.raises(Invalid) as refused:
        fill(template, ("a",))
    assert refused.value.code == "slug_invalid"
