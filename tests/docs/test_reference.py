"""The reference pages and the program say the same: settings, commands, errors, events, SCIM."""

from __future__ import annotations

import dataclasses
import json
import re

import click
import pytest

from connector import errors
from connector.config import Settings
from connector.membership.mapping import PROJECT_LEVELS, TEAM_LEVELS
from connector.membership.pattern import compile_pattern, fill
from connector.membership.settings import NAMESPACES, document
from connector.scim import bulk_message, discovery, documents, filters, members, messages, operations, values, wire
from connector.scim.errors import refusal_of
from connector.scim.schemas import GROUP, USER, Attribute
from tests.docs import inventory, regenerate
from tests.docs.pages import code, read, rows, section
from tests.support import guides, permissions

REGENERATE = "it is generated; write it anew with: python -m tests.docs.regenerate"


def first_cells(text: str) -> list[str]:
    """The words in backticks of the first cell of every row."""
    return [word for row in rows(text) for word in code(row[0])]


# ---------------------------------------------------------------------------------------------------------------- settings


def settings_in_source() -> dict[str, str]:
    """Setting -> field of Settings, by the comment above each field."""
    source = (inventory.CODE / "config.py").read_text()
    return dict(re.findall(r"^    # (CONNECTOR_\w+):.*\n(?:    #.*\n)*    (\w+):", source, re.MULTILINE))


def test_every_field_of_the_settings_says_which_variable_it_is() -> None:
    """Otherwise a field without a comment would escape the next test."""
    assert sorted(settings_in_source().values()) == sorted(field.name for field in dataclasses.fields(Settings))


def test_every_setting_is_documented_and_no_other() -> None:
    """The table of docs/settings.md."""
    assert sorted(first_cells(read("docs/settings.md"))) == sorted(settings_in_source())


def test_the_settings_of_organizations_are_documented_with_their_defaults() -> None:
    """The table of docs/organizations.md: namespace, name, default."""
    told = [(row[0], code(row[1])[0], row[2]) for row in rows(section("docs/organizations.md", "Settings"))]
    known = [(name, *each) for name, kind in NAMESPACES.items() for each in document(kind()).items()]
    assert told == [(name, each, said if isinstance(said, str) else json.dumps(said)) for name, each, said in known]


# ---------------------------------------------------------------------------------------------------------------- commands


def test_the_page_of_commands_is_what_the_help_texts_say() -> None:
    """The whole page is made of them."""
    assert read("docs/commands.md") == regenerate.commands_page(), REGENERATE


def test_every_command_and_every_option_has_a_help_text() -> None:
    """A command that says nothing of itself could not be documented."""
    silent = [path for path, command in regenerate.commands() if not command.help]
    options = [
        (path, each) for path, command in regenerate.commands() for each in command.params if isinstance(each, click.Option)
    ]
    silent += [f"{path} {option.opts[0]}" for path, option in options if not option.help]
    assert silent == []


def test_the_page_of_permissions_is_what_the_operations_and_the_presets_say() -> None:
    """The whole page is made of them; that it is true is tested in tests/api/test_permissions.py."""
    assert read("docs/permissions.md") == permissions.page(), REGENERATE


@pytest.mark.parametrize("name", guides.PAGES)
def test_the_page_of_a_provider_says_what_its_guide_says(name: str) -> None:
    """The whole page is made of the guide that the wizard shows."""
    assert read(name) == guides.page(guides.PAGES[name]), REGENERATE


# ------------------------------------------------------------------------------------------------------------------ errors


def documented_errors() -> dict[str, tuple[set[str], str]]:
    """Code -> its kinds and what it is over SCIM, by docs/errors.md."""
    found = [row for row in rows(read("docs/errors.md")) if len(row) == 4]
    return {code(row[0])[0]: (set(row[1].split(", ")), row[2]) for row in found}


def test_every_error_code_is_documented_with_its_kind_and_no_other() -> None:
    """Codes are found in the source wherever an error is made."""
    assert {name: kinds for name, (kinds, _) in documented_errors().items()} == inventory.error_codes()


def test_no_error_is_documented_twice() -> None:
    """One code, one row."""
    listed = [code(row[0])[0] for row in rows(read("docs/errors.md")) if len(row) == 4]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("name", sorted(name for name, (_, scim) in documented_errors().items() if scim != "-"))
def test_an_error_looks_over_scim_as_documented(name: str) -> None:
    """Status and scimType of RFC 7644 section 3.12."""
    kinds, said = documented_errors()[name]
    assert said in {over_scim(name, kind) for kind in kinds}


def over_scim(name: str, kind: str) -> str:
    """What RFC 7644 calls an error of this kind."""
    maker = getattr(errors, kind)
    refusal = refusal_of(maker(name, "", retry_after=1) if kind == "Unavailable" else maker(name, ""))
    return f"{refusal.status} {refusal.scim_type or ''}".strip()


def test_every_code_the_protocol_room_raises_says_what_it_is_over_scim() -> None:
    """Codes that appear in connector/scim cannot be marked as never happening there."""
    source = "\n".join(path.read_text() for path in (inventory.CODE / "scim").glob("*.py"))
    unsaid = [name for name, (_, scim) in documented_errors().items() if scim == "-" and f'Invalid("{name}"' in source]
    assert unsaid == []


# ------------------------------------------------------------------------------------------------------------------ events


def test_every_kind_of_event_is_documented_and_no_other() -> None:
    """Kinds are found in the source wherever a change is told."""
    assert sorted(first_cells(section("docs/events.md", "Kinds"))) == sorted(inventory.event_kinds())


# -------------------------------------------------------------------------------------------------------------------- SCIM


def test_the_tables_of_attributes_are_what_the_schemas_say() -> None:
    """The part of docs/scim.md between its two marks."""
    page = read("docs/scim.md")
    assert page == regenerate.scim_page(page), REGENERATE


def names(table: dict[str, Attribute]) -> set[str]:
    """All attributes and sub-attributes, but those every resource has."""
    tops = {one.name for key, one in table.items() if key not in ("schemas", "id", "externalid", "meta", "password")}
    return tops | {part.name for key, one in table.items() if one.name in tops for part in (one.parts or {}).values()}


def test_every_attribute_a_filter_or_path_may_name_is_documented() -> None:
    """The tables the protocol reads by, not those it shows."""
    known = names(dict(USER.attributes)) | names(dict(GROUP.attributes))
    for extension in USER.extensions.values():
        known |= names(dict(extension))
    assert known - set(code(section("docs/scim.md", "Attributes"))) == set()


LIMITS = {
    "body": f"{wire.MAX_BODY // 2**20} MB",
    "body of a Bulk": f"{discovery.MAX_PAYLOAD // 2**20} MB",
    "depth of JSON": str(messages.MAX_DEPTH),
    "lists and objects in a body": str(messages.MAX_CONTAINERS),
    "operations in a PATCH": str(operations.MAX_OPERATIONS),
    "operations in a Bulk": str(discovery.MAX_OPERATIONS),
    "method, path, bulkId and version of one of them": f"{bulk_message.MAX_TEXT} characters",
    "members named in one request": str(members.MAX_MEMBERS),
    "elements of a list attribute": str(values.MAX_ELEMENTS),
    "userName, externalId, displayName of a group": f"{documents.MAX_NAME} characters",
    "filter": f"{filters.MAX_LENGTH} characters, {filters.MAX_DEPTH} levels, {filters.MAX_TERMS} comparisons, "
    f"{filters.MAX_LISTS} of them in lists",
    "page": f"{discovery.MAX_PAGE}, default {discovery.DEFAULT_PAGE}",
}


def test_the_documented_limits_are_those_of_the_program() -> None:
    """And all of them are listed."""
    assert {row[0]: row[1] for row in rows(section("docs/scim.md", "Limits"))} == LIMITS


def test_every_dialect_is_documented_with_the_page_of_its_vendor() -> None:
    """A quirk is one function in scim/dialects.py; each has a row, except the one shared by paths of `or`."""
    known = [name for name in inventory.functions("scim/dialects.py") if not name.startswith("_")]
    assert len(rows(section("docs/scim.md", "What identity providers really send"))) == len(known)


# ------------------------------------------------------------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("pattern", "slug", "group", "result"),
    [row for row in rows(section("docs/rules.md", "Patterns")) if len(row) == 4],
    ids=lambda cell: cell.strip("`"),
)
def test_a_pattern_does_what_the_page_says(pattern: str, slug: str, group: str, result: str) -> None:
    """The examples are run."""
    captures = compile_pattern(pattern.strip("`")).match(group.strip("`"))
    got = "no match" if captures is None else fill(slug.strip("`"), captures) or "nothing"
    assert got == result.strip("`")


def test_the_levels_of_teams_and_projects_are_those_of_the_page_of_errors() -> None:
    """They are named in one sentence there."""
    [row] = [row for row in rows(read("docs/errors.md")) if code(row[0]) == ["level_invalid"]]
    assert code(row[3]) == [*TEAM_LEVELS, *PROJECT_LEVELS]
