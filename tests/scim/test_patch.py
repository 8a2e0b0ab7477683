"""PATCH by the specification: RFC 7644 section 3.5.2, and the rows C15 to C31 of the checklist in SCIM.md."""

from __future__ import annotations

from typing import Any

import pytest
import scim2_models
from scim2_models import EnterpriseUser, PatchOp

from connector.errors import Invalid
from connector.scim.documents import read_user
from connector.scim.patch import user_patch
from connector.scim.values import MAX_ELEMENTS
from tests.scim.samples import (
    BARBARA,
    CUSTOM,
    ENTERPRISE,
    HOME,
    USER,
    WORK,
    add,
    message,
    patched,
    pushed,
    put,
    refused,
    remove,
    stored,
)

SINGLE: list[tuple[str, dict[str, Any], str, Any]] = [
    ("add assigns", add("title", "Dr"), "title", "Dr"),
    ("replace of the unassigned adds", put("title", "Dr"), "title", "Dr"),
    ("add replaces a single value", add("externalId", "new"), "externalId", "new"),
    ("remove unassigns", remove("externalId"), "externalId", None),
    ("remove of the unassigned is harmless", remove("title"), "title", None),
    ("empty text clears (C27)", put("externalId", ""), "externalId", None),
    ("null clears (C27)", put("externalId", None), "externalId", None),
    ("a sub-attribute is set", put("name.givenName", "B"), "name", {"givenName": "B", "familyName": "Jensen"}),
    ("a sub-attribute is removed", remove("name.givenName"), "name", {"familyName": "Jensen"}),
    ("a complex value is merged (F2)", put("name", {"givenName": "B"}), "name", {"givenName": "B", "familyName": "Jensen"}),
    ("null inside clears that part", put("name", {"givenName": None}), "name", {"familyName": "Jensen"}),
    ("a whole complex value is removed", remove("name"), "name", None),
    ("names in any case (C15)", put("NAME.GIVENNAME", "B"), "name", {"givenName": "B", "familyName": "Jensen"}),
    ("URN:attr of the core schema (C15)", put(f"{USER}:title", "Dr"), "title", "Dr"),
    ("URN:attr.sub of the core schema", put(f"{USER}:name.givenName", "B"), "name", {"givenName": "B", "familyName": "Jensen"}),
    (
        "URN:attr of an extension",
        put(f"{ENTERPRISE}:department", "R"),
        ENTERPRISE,
        {"employeeNumber": "701984", "manager": {"value": "26118915"}, "department": "R"},
    ),
    (
        "URN:attr.sub of an extension",
        put(f"{ENTERPRISE}:manager.value", "m2"),
        ENTERPRISE,
        {"employeeNumber": "701984", "manager": {"value": "m2"}},
    ),
    ("the URN in another case", remove(f"{ENTERPRISE.upper()}:manager"), ENTERPRISE, {"employeeNumber": "701984"}),
    (
        "a whole extension is merged",
        add(ENTERPRISE, {"manager": None, "department": "R"}),
        ENTERPRISE,
        {"employeeNumber": "701984", "department": "R"},
    ),
    ("a whole extension is removed", remove(ENTERPRISE), ENTERPRISE, None),
    ("a whole extension is replaced by nothing", put(ENTERPRISE, None), ENTERPRISE, None),
    ("an empty extension says nothing", put(ENTERPRISE, {}), ENTERPRISE, BARBARA[ENTERPRISE]),
    ("an unknown extension's attribute", add(f"{CUSTOM}:level", 3), CUSTOM, {"level": 3}),
    ("an unknown extension's sub-attribute", add(f"{CUSTOM}:boss.name", "Z"), CUSTOM, {"boss": {"name": "Z"}}),
    ("a whole unknown extension", add(CUSTOM, {"level": 3, "tags": ["a"]}), CUSTOM, {"level": 3, "tags": ["a"]}),
    ("with objects in it", add(CUSTOM, {"boss": {"name": "Z"}}), CUSTOM, {"boss": {"name": "Z"}}),
]


@pytest.mark.parametrize(("operation", "name", "expected"), [row[1:] for row in SINGLE], ids=[row[0] for row in SINGLE])
def test_one_operation_on_a_single_value(operation: dict[str, Any], name: str, expected: Any) -> None:
    """What the named attribute is afterwards; None means unassigned. Nothing else moves."""
    before, after = stored(BARBARA), patched(operation)
    assert after.get(name) == expected
    for untouched in before.keys() - {name, "id", "schemas"}:
        assert after[untouched] == before[untouched]


NEW = {"value": "new@example.com"}
LISTS: list[tuple[str, dict[str, Any], list[Any] | None]] = [
    ("add appends", add("emails", [NEW]), [WORK, HOME, NEW]),
    ("one object stands for a list", add("emails", NEW), [WORK, HOME, NEW]),
    ("what is there is not added twice", add("emails", [HOME, NEW]), [WORK, HOME, NEW]),
    ("replace takes the new list", put("emails", [NEW]), [NEW]),
    ("replace by an empty list clears", put("emails", []), None),
    ("remove takes all", remove("emails"), None),
    ("a value path removes its elements", remove('emails[type eq "work"]'), [HOME]),
    ("in any case", remove('EMAILS[TYPE EQ "WORK"]'), [HOME]),
    ("a value path with logic", remove('emails[type eq "home" or primary eq true]'), None),
    (
        "a sub-attribute of selected elements",
        put('emails[type eq "home"].value', "x@y"),
        [WORK, {"value": "x@y", "type": "home"}],
    ),
    ("a selected element is merged", put('emails[type eq "home"]', {"value": "x@y"}), [WORK, {"value": "x@y", "type": "home"}]),
    (
        "a sub-attribute of selected elements is removed",
        remove('emails[type eq "work"].primary'),
        [{"value": "barbara@example.com", "type": "work"}, HOME],
    ),
    ("an element without content goes", remove('emails[type eq "home"].value'), [WORK]),
    (
        "an added primary demotes the others",
        add("emails", [{**NEW, "primary": True}]),
        [{**WORK, "primary": False}, HOME, {**NEW, "primary": True}],
    ),
    (
        "a promoted element demotes the others",
        put('emails[type eq "home"].primary', True),
        [{**WORK, "primary": False}, {**HOME, "primary": True}],
    ),
    (
        "a later primary element keeps it",
        put('emails[type eq "home"]', {"primary": "True"}),
        [{**WORK, "primary": False}, {**HOME, "primary": True}],
    ),
    ("attr.sub means every element", put("emails.display", "B"), [{**WORK, "display": "B"}, {**HOME, "display": "B"}]),
    (
        "an eq filter without match creates (C17)",
        add('emails[type eq "other"].value', "x"),
        [WORK, HOME, {"type": "other", "value": "x"}],
    ),
    (
        "and keeps the spelling of the filter",
        put('emails[type eq "Other"].value', "x"),
        [WORK, HOME, {"type": "Other", "value": "x"}],
    ),
    (
        "several joined by and",
        put('emails[type eq "other" and display eq "D"].value', "x"),
        [WORK, HOME, {"type": "other", "display": "D", "value": "x"}],
    ),
    ("nothing is created to hold nothing", put('emails[type eq "other"].value', ""), [WORK, HOME]),
    ("not even what the filter describes", put('emails[display eq "D"].value', None), [WORK, HOME]),
    (
        "a filter that matches partly creates a new element",
        add('emails[primary eq true and type eq "other"].value', "x"),
        [{**WORK, "primary": False}, HOME, {"primary": True, "type": "other", "value": "x"}],
    ),
]


@pytest.mark.parametrize(("operation", "expected"), [row[1:] for row in LISTS], ids=[row[0] for row in LISTS])
def test_one_operation_on_a_list(operation: dict[str, Any], expected: list[Any] | None) -> None:
    """The e-mails of Barbara afterwards: one of type work (primary) and one of type home before."""
    assert patched(operation).get("emails") == expected


@pytest.mark.parametrize(("named", "left"), [([WORK], [HOME]), ([{"value": "BABS@home.example"}], [WORK]), ([NEW], [WORK, HOME])])
def test_remove_with_a_value_takes_just_that(named: list[Any], left: list[Any]) -> None:
    """C19, for any multi-valued attribute."""
    assert patched({"op": "remove", "path": "emails", "value": named})["emails"] == left


def test_several_parts_end_in_one_created_element() -> None:
    """C17, D2: each operation finds what the one before it made."""
    path = 'addresses[type eq "work"].'
    operations = [add(path + "country", "DE"), add(path + "locality", "Bonn"), put(path + "primary", True)]
    assert patched(*operations)["addresses"] == [{"type": "work", "country": "DE", "locality": "Bonn", "primary": True}]


PATHLESS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("attributes", {"title": "Dr", "nickName": "B"}, {"title": "Dr", "nickName": "B"}),
    ("dotted keys", {"name.givenName": "B"}, {"name": {"givenName": "B", "familyName": "Jensen"}}),
    ("URN keys", {f"{ENTERPRISE}:employeeNumber": "1"}, {ENTERPRISE: {**BARBARA[ENTERPRISE], "employeeNumber": "1"}}),
    ("extension objects", {ENTERPRISE: {"employeeNumber": "1"}}, {ENTERPRISE: {**BARBARA[ENTERPRISE], "employeeNumber": "1"}}),
    (
        "dotted keys in them",
        {ENTERPRISE: {"manager.value": "m2"}},
        {ENTERPRISE: {**BARBARA[ENTERPRISE], "manager": {"value": "m2"}}},
    ),
    ("an unknown extension", {CUSTOM: {"level": 3}}, {CUSTOM: {"level": 3}}),
    ("with objects in it", {CUSTOM: {"boss": {"name": "Z"}}}, {CUSTOM: {"boss": {"name": "Z"}}}),
    ("an extension cleared", {ENTERPRISE: None}, {ENTERPRISE: None}),
    ("the core schema as an object", {USER: {"title": "Dr"}}, {"title": "Dr"}),
    ("value paths", {'emails[type eq "home"].value': "x"}, {"emails": [WORK, {"value": "x", "type": "home"}]}),
    ("schemas, which are computed", {"schemas": [USER], "title": "Dr"}, {"title": "Dr"}),
    ("names unknown to the core schema are ignored", {"shoeSize": 5, "a b": 1, "": 2, "title": "Dr"}, {"title": "Dr"}),
    ("null clears", {"externalId": None}, {"externalId": None}),
]


@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize(("value", "expected"), [row[1:] for row in PATHLESS], ids=[row[0] for row in PATHLESS])
def test_a_value_without_path_holds_attributes(value: dict[str, Any], expected: dict[str, Any], op: str) -> None:
    """C16. Only `replace` by null clears a whole extension; for the rest, add and replace mean the same here."""
    after = patched({"op": op, "value": value})
    if op == "add" and value == {ENTERPRISE: None}:
        expected = {ENTERPRISE: BARBARA[ENTERPRISE]}
    assert {name: after.get(name) for name in expected} == expected


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("an unknown attribute in a path (F1)", put("shoeSize", 5), "invalid_path"),
    ("an unknown sub-attribute", put("name.shoe", 5), "invalid_path"),
    ("a path that cannot be read", put("name..givenName", "B"), "invalid_path"),
    ("a path that is no text", {"op": "add", "path": 5, "value": 1}, "invalid_path"),
    ("a path that begins with a filter", put('[type eq "work"]', "B"), "invalid_path"),
    ("a path that goes on", put('emails[type eq "work"].value x', "B"), "invalid_path"),
    ("a value path on what is no list", put('name[givenName eq "B"]', "B"), "invalid_path"),
    ("an unknown part behind a value path", put('emails[type eq "work"].shoe', "B"), "invalid_path"),
    ("a value path with an unknown name", put('emails[shoe eq "work"].value', "B"), "invalid_filter"),
    ("a value path not closed", put('emails[type eq "work"', "B"), "invalid_filter"),
    ("a broken value path as a key", {"op": "add", "value": {'emails[type eq "work"': "B"}}, "invalid_filter"),
    ("remove without path", {"op": "remove", "value": {"title": "Dr"}}, "no_target"),
    ("remove of a core schema", remove(USER), "no_target"),
    ("a value path without match, removed", remove('emails[type eq "other"]'), "no_target"),
    ("and a part of it", remove('emails[type eq "other"].value'), "no_target"),
    ("a filter that describes no element", put('emails[type ne "work" and type ne "home"].value', "x"), "no_target"),
    ("a filter of texts that contain", put('emails[value co "@nowhere"].value', "x"), "no_target"),
    ("id (readOnly)", put("id", "u2"), "mutability"),
    ("meta (readOnly)", put("meta.created", "2011-05-13T04:42:34Z"), "mutability"),
    ("groups change through Group", add("groups", [{"value": "g"}]), "mutability"),
    ("a text is no object", put("externalId", {}), "invalid_value"),
    ("active is no object", put("active", {}), "invalid_value"),
    ("an unknown name of the enterprise extension", put(f"{ENTERPRISE}:wibble", "x"), "invalid_path"),
    ("the name of a manager is readOnly", put(f"{ENTERPRISE}:manager.displayName", "B"), "mutability"),
    ("userName is required", remove("userName"), "mutability"),
    ("schemas are required", remove("schemas"), "mutability"),
    ("userName cannot be cleared", put("userName", ""), "invalid_value"),
    (
        "a PATCH that clears everything keeps userName",
        {"op": "replace", "value": {"userName": None, "title": None}},
        "invalid_value",
    ),
    ("a number where a text is", put("title", 5), "invalid_value"),
    ("a text where an object is", put("name", "B"), "invalid_value"),
    ("a text that is no boolean", put("active", "yes"), "invalid_value"),
    ("no value", {"op": "replace", "path": "title"}, "invalid_value"),
    ("a value without path that is no object", {"op": "replace", "value": "B"}, "invalid_value"),
    ("an extension that is no object", put(ENTERPRISE, "B"), "invalid_value"),
    ("several elements where one is meant", put('emails[type eq "work"]', [{"value": "a"}, {"value": "b"}]), "invalid_value"),
    ("too many elements", add("emails", [{"value": str(number)} for number in range(MAX_ELEMENTS - 1)]), "invalid_value"),
    ("an unknown op", {"op": "move", "path": "title", "value": "B"}, "invalid_syntax"),
    ("no op", {"path": "title", "value": "B"}, "invalid_syntax"),
]


@pytest.mark.parametrize(("operation", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_refusal_has_the_code_of_table_9(operation: dict[str, Any], code: str) -> None:
    """RFC 7644 section 3.12: invalidPath, invalidFilter, noTarget, mutability, invalidValue, invalidSyntax."""
    assert refused(operation) == code


@pytest.mark.parametrize(
    ("path", "named"),
    [("groups", "groups"), ("meta.created", "meta.created"), (f"{ENTERPRISE}:manager.displayName", "manager.displayName")],
)
def test_a_refused_read_only_attribute_is_named_with_its_part(path: str, named: str) -> None:
    """A person has a displayName too, which may be changed: the sentence must not speak of that one."""
    with pytest.raises(Invalid) as refusal:
        user_patch(message(put(path, "B")), "1")
    assert refusal.value.detail.startswith(f'"{named}" is kept by connector')


def test_a_client_may_send_back_what_it_read() -> None:
    """Without a path, readOnly attributes are ignored as in PUT: the rest of the message counts."""
    echoed = {"groups": [{"value": "g"}], "meta": {"version": "x"}, "title": "new"}
    edited = user_patch(message({"op": "replace", "value": echoed}), "1")
    assert edited({"userName": "ada"}, True).document["title"] == "new"


def test_all_operations_or_none() -> None:
    """PATCH is atomic: the edit raises, and the stored document is untouched by what came before."""
    document = stored(BARBARA)
    edit = user_patch(message(put("title", "Dr"), put("name.givenName", "X"), remove('emails[type eq "other"]')), "u1")
    with pytest.raises(Invalid):
        edit(document, True)
    assert document == stored(BARBARA)


def test_an_edit_may_be_run_again() -> None:
    """The transaction may be rerun on another document: nothing is kept from the first run."""
    edit = user_patch(message(add("emails", [NEW]), put('emails[type eq "home"].value', "x")), "u1")
    first = edit(stored(BARBARA), True)
    assert edit(stored(BARBARA), True) == first
    assert edit(stored({"userName": "john"}), True).document["emails"] == [NEW, {"type": "home", "value": "x"}]


NO_CHANGE = [
    put("active", True),
    put("externalId", "bJensen"),
    add("emails", [HOME]),
    put('emails[type eq "work"].value', "barbara@example.com"),
    put(f"{ENTERPRISE}:manager", "26118915"),
    {"op": "replace", "value": {"id": "u1", "name": {"givenName": "Barbara"}}},
    put("password", "secret"),
    {"op": "add", "value": {"password": "secret"}},
    put("schemas", [USER]),
    remove("title"),
]


@pytest.mark.parametrize("operation", NO_CHANGE, ids=str)
def test_what_changes_nothing_gives_an_equal_document(operation: dict[str, Any]) -> None:
    """C28: lastModified and version move only on change; the order of names is part of it."""
    before = {name: value for name, value in stored(BARBARA).items() if name != "id"}
    assert list(patched(operation).items()) == list(before.items())


SAYS_ACTIVE = [
    (put("active", False), False, True),
    (put("active", "False"), False, True),
    ({"op": "replace", "value": {"active": False}}, False, True),
    (add(f"{USER}:ACTIVE", "false"), False, True),
    (put("title", "Dr"), True, False),
]


@pytest.mark.parametrize(("operation", "active", "says_active"), SAYS_ACTIVE, ids=[str(row[0]) for row in SAYS_ACTIVE])
def test_whether_the_message_spoke_of_active(operation: dict[str, Any], active: bool, says_active: bool) -> None:
    """C18; a PATCH that does not say true or false leaves the person as they are."""
    user = pushed(operation)
    assert (user.active, user.document["active"], user.says_active) == (active, active, says_active)


@pytest.mark.parametrize("operation", [remove("active"), put("active", None), put("active", "")], ids=str)
def test_removing_active_leaves_the_person_as_they_are(operation: dict[str, Any]) -> None:
    """Section 3.5.2.2: the attribute becomes unassigned; nobody is let in or put out by that, nor by what comes later."""
    user = pushed(operation, active=False)
    assert (user.active, user.says_active, user.document.get("active"), user.search.get("active")) == (False, False, None, None)
    later = user_patch(message(put("title", "Dr")), "u1")(user.document, False)
    assert (later.active, later.says_active, "active" in later.document) == (False, False, False)


def test_a_patch_does_not_revive_somebody_in_passing() -> None:
    """What is stored beside the document is what counts for somebody the message says nothing about."""
    assert pushed(put("title", "Dr"), active=False).active is False


def test_a_manager_takes_their_reference_along() -> None:
    """`$ref` points at the value it came with; a new value without one must not keep the old."""
    body = {**BARBARA, ENTERPRISE: {"manager": {"value": "m1", "$ref": "../Users/m1"}}}
    assert patched(put(f"{ENTERPRISE}:manager", "m2"), body=body)[ENTERPRISE] == {"manager": {"value": "m2"}}
    assert patched(put(f"{ENTERPRISE}:manager.value", "m1"), body=body)[ENTERPRISE] == body[ENTERPRISE]


def test_schemas_follow_what_is_used() -> None:
    """RFC 7643 section 3: an extension enters and leaves the list with its data."""
    assert patched(remove(ENTERPRISE))["schemas"] == [USER]
    assert patched(add(f"{CUSTOM}:level", 3))["schemas"] == [USER, ENTERPRISE, CUSTOM]


CUSTOM_LIST = {"userName": "ann", CUSTOM: {"Tags": ["a", "b"], "Places": [{"kind": "x", "name": "1"}, {"kind": "y"}]}}
CUSTOM_ROWS: list[tuple[str, dict[str, Any], str, Any]] = [
    ("add appends to a list", add(f"{CUSTOM}:tags", "c"), "Tags", ["a", "b", "c"]),
    ("replace takes the new value", put(f"{CUSTOM}:tags", ["c"]), "Tags", ["c"]),
    ("remove with a value", {"op": "remove", "path": f"{CUSTOM}:TAGS", "value": ["A"]}, "Tags", ["b"]),
    ("remove", remove(f"{CUSTOM}:tags"), "Tags", None),
    ("a value path", put(f'{CUSTOM}:places[kind eq "X"].name', "2"), "Places", [{"kind": "x", "name": "2"}, {"kind": "y"}]),
    ("a value path removed", remove(f'{CUSTOM}:places[kind eq "x"]'), "Places", [{"kind": "y"}]),
]


@pytest.mark.parametrize(("operation", "name", "expected"), [row[1:] for row in CUSTOM_ROWS], ids=[row[0] for row in CUSTOM_ROWS])
def test_lists_of_an_unknown_extension(operation: dict[str, Any], name: str, expected: Any) -> None:
    """Nothing is known of them, so the stored value tells whether it is a list; its spelling stays."""
    assert patched(operation, body=CUSTOM_LIST)[CUSTOM].get(name) == expected


ORACLE: list[list[dict[str, Any]]] = [
    [add("title", "Dr")],
    [put("name.givenName", "B")],
    [put("name", {"givenName": "B"})],
    [remove("name.givenName")],
    [remove("name")],
    [add("emails", [NEW])],
    [add("emails", [HOME])],
    [put("emails", [NEW])],
    [remove('emails[type eq "home"]')],
    [put('emails[type eq "home"].value', "x@y.example")],
    [put('emails[type eq "home"].primary', True)],
    [add("emails", [{**NEW, "primary": True}])],
    [put(f"{ENTERPRISE}:department", "R")],
    [remove(f"{ENTERPRISE}:employeeNumber")],
    [{"op": "replace", "value": {"title": "Dr", "active": False}}],
    [add("title", "A"), put("title", "B"), remove("title")],
    [put('emails[value co "@nowhere"].value', "x")],
    [put("id", "x")],
    [remove("userName")],
    [put("shoeSize", 5)],
    [{"op": "remove"}],
]


@pytest.mark.parametrize("operations", ORACLE, ids=str)
def test_patches_agree_with_scim2_models(operations: list[dict[str, Any]]) -> None:
    """An implementation of the RFC that is not ours comes to the same user, or refuses with the same scimType.

    Left out is remove by a value path without match: scim2-models lets it pass, table 9 calls it noTarget, and so do we.
    """
    body = {**BARBARA, ENTERPRISE: {"employeeNumber": "701984"}}
    expected = _by_scim2_models(body, operations)
    try:
        ours: Any = _comparable(patched(*operations, body=body))
    except Invalid as refusal:
        ours = refusal.code.replace("_", "")
    assert ours == expected


def _by_scim2_models(body: dict[str, Any], operations: list[dict[str, Any]]) -> Any:
    model = scim2_models.User[EnterpriseUser]
    user = model.model_validate(dict(read_user(body).document))
    try:
        PatchOp[model].model_validate(message(*operations)).patch(user)
    except scim2_models.SCIMException as refusal:
        return str(refusal.scim_type).lower()
    except ValueError as refusal:
        return str(refusal.errors()[0]["type"]).removeprefix("scim_").lower()  # type: ignore[attr-defined]
    return _comparable(user.model_dump())


def _comparable(document: dict[str, Any]) -> dict[str, Any]:
    """Without `schemas`, whose order and completeness differ, and without `primary: false`, which says what absence says."""
    emails = [{k: v for k, v in email.items() if v is not False} for email in document.get("emails", [])]
    return {**{key: value for key, value in document.items() if key != "schemas"}, "emails": emails}
