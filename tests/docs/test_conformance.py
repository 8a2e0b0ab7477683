"""docs/conformance.md claims nothing that no test shows: every test it names is there, and every row it must have."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from idp_fixtures.conversation import names
from idp_fixtures.threats import threats
from tests.docs.pages import code, read, rows, section
from tests.support.project import ROOT
from tests.threats import test_oidc, test_saml

PAGE = read("docs/conformance.md")
ROWS = rows(PAGE)
CONVERSATION = re.compile(r"idp_fixtures/conversations/(\w+)\.json")
REPLAYS = ("a_staged_directory_answers_every_request", "a_live_directory_answers_the_same")


@cache
def functions_of(file: str) -> frozenset[str]:
    """The names of the test functions that a file defines."""
    body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    return frozenset(node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def is_there(evidence: str) -> bool:
    """Whether a test (`tests/FILE.py::NAME`, with or without the case in brackets) or a recorded conversation exists."""
    if conversation := CONVERSATION.fullmatch(evidence):
        return conversation[1] in names()
    file, _, name = evidence.partition("::")
    return (ROOT / file).is_file() and name.partition("[")[0] in functions_of(file)


def test_every_test_and_conversation_named_is_there() -> None:
    """Whoever renames a test or takes it away says what shows the row from now on."""
    named = {(row[0], one) for row in ROWS for one in code(row[2])}
    assert len(named) > 500
    assert [(requirement, one) for requirement, one in sorted(named) if not is_there(one)] == []


def test_only_what_is_not_done_may_be_shown_by_nothing() -> None:
    """In the column stand tests, each once, or a dash."""
    for requirement, state, shown, _ in ROWS:
        evidence = code(shown)
        assert evidence or state == "not", requirement
        assert shown == (", ".join(f"`{one}`" for one in dict.fromkeys(evidence)) or "-"), requirement


def test_what_is_short_of_done_says_what_there_is_instead() -> None:
    """One of three words; a remark, of whole sentences, belongs to *partly* and *not*."""
    for requirement, state, _, remark in ROWS:
        assert state in ("done", "partly", "not"), requirement
        assert (remark == "-") == (state == "done"), requirement
        assert remark == "-" or remark.endswith("."), requirement


def test_no_row_is_of_another_form() -> None:
    """Four cells each, and no requirement twice in a section."""
    assert {len(row) for row in ROWS} == {4}
    assert all(row[0] for row in ROWS)
    for part in re.split(r"^#+ .+$", PAGE, flags=re.MULTILINE):
        requirements = [row[0] for row in rows(part)]
        assert len(requirements) == len(set(requirements))


def test_recorded_conversations_are_replayed() -> None:
    """A conversation shows something because two tests replay all of them."""
    replaying = functions_of("tests/conversations/test_conversations.py")
    assert all(any(name.startswith(f"test_{beginning}") for name in replaying) for beginning in REPLAYS)


SECTIONS = ["RFC 7643: core schema", "RFC 7644: protocol", "RFC 9865: paging by cursor", "RFC 9967: security events for SCIM"]
SECTIONS += ["OAuth: RFC 6749, RFC 6750, RFC 8414", "SCIM interoperability profile (draft-zollner-scim-interop-profile-01)"]
SECTIONS += ["IPSIE account lifecycle (AL SCIM 2.0 profile, draft 00)", "Microsoft Entra ID", "Okta", "Other identity providers"]
SECTIONS += ["Behaviours", "What went wrong at others", "Signing in", "Where the texts disagree"]


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_specification_and_vendor_has_a_section(heading: str) -> None:
    """With rows in it."""
    assert rows(section("docs/conformance.md", heading))


NUMBERED = {"C": 37, "D": 11, "O": 6, "J": 1, "L": 1, "E": 19, "F": 7, "S": 44}


@pytest.mark.parametrize("letter", NUMBERED)
def test_no_row_of_a_numbered_list_is_missing(letter: str) -> None:
    """Tests and docstrings speak of C7 or D8: behaviours, Entra, Okta, others, pitfalls, decisions, signing in."""
    found = {row[0].split()[0] for row in ROWS}
    wanted = {f"{letter}{number}" for number in range(1, NUMBERED[letter] + 1)}
    assert {name for name in found if re.fullmatch(rf"{letter}\d+", name)} == wanted


def test_each_of_the_25_tests_of_entras_gallery_stands_there_once() -> None:
    """By its number and name, as the fixtures list them; each is held by the conversation that they name."""
    listed = rows(section("idp_fixtures/README.md", "Entra's gallery validation"))
    told = rows(section("docs/conformance.md", "The 25 tests of its gallery validation"))
    assert [row[0].split()[0] for row in told] == [row[0] for row in listed] == [str(number) for number in range(1, 26)]
    assert [code(row[0]) for row in told] == [code(row[1]) for row in listed]
    for (requirement, state, shown, _), (_, _, conversation) in zip(told, listed, strict=True):
        held = f"idp_fixtures/conversations/{code(conversation)[0]}.json" in code(shown)
        assert held or state == "not", requirement


@pytest.mark.parametrize("conversation", names())
def test_every_recorded_conversation_shows_something(conversation: str) -> None:
    """A vendor whose messages are replayed has a row; the two stories of the demo are only told."""
    named = {found[1] for row in ROWS for one in code(row[2]) if (found := CONVERSATION.fullmatch(one))}
    assert conversation in named or conversation.startswith("demo_")


ATTACKED = re.compile(r"tests/threats/test_(saml|oidc)\.py::(test_\w+)\[(\w+)\]")
ATTACKS = {"saml": test_saml.ON_POSTGRES, "oidc": test_oidc.ON_POSTGRES}


@pytest.mark.parametrize(("protocol", "heading"), [("saml", "Threats to SAML"), ("oidc", "Threats to OpenID Connect")])
def test_every_threat_has_one_row(protocol: str, heading: str) -> None:
    """By the name of its module; what is said to be shown on PostgreSQL is attacked there."""
    cases = [ATTACKED.fullmatch(code(row[2])[0]) for row in rows(section("docs/conformance.md", heading))]
    assert sorted(case[3] for case in cases if case) == [threat.name for threat in threats(protocol)]
    named = {case.groups() for row in ROWS for one in code(row[2]) if (case := ATTACKED.fullmatch(one))}
    on_postgres = {name for where, function, name in named if where == protocol and function.endswith("on_postgresql")}
    assert on_postgres == ATTACKS[protocol]
    assert {name for where, _, name in named if where == protocol} == {threat.name for threat in threats(protocol)}


INNER = {"tests/scim/test_matching.py"}  # plain Python beside SQL, of which tests/storage/test_search.py is the outside
ROOMS = ("scim", "saml", "oidc", "sign_in", "threats")
FILES = sorted(str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / "tests" / room).glob("test_*.py"))


@pytest.mark.parametrize("file", FILES)
def test_every_file_of_tests_of_the_protocols_shows_something(file: str) -> None:
    """What is worth a file of tests is worth a row."""
    named = {one.partition("::")[0] for row in ROWS for one in code(row[2])}
    assert file in named | INNER
