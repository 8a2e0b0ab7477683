"""PATCH against a model: RFC 7644 section 3.5.2 written down once more, as plainly as can be, and compared over any operations.

The model knows one attribute of each form: `title` single, `name` complex, `emails` and `roles` lists of objects; and members as
a set. Where the RFC leaves something open the model says what connector does, and why.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.errors import Invalid
from connector.scim.documents import read_user
from connector.scim.patch import user_patch
from tests.scim.conftest import Idp
from tests.scim.samples import USER, message

Operation = dict[str, Any]
Document = dict[str, Any]


class NoTargetError(Exception):
    """A value path that selects nothing: the whole PATCH is refused."""


# ------------------------------------------------------------------------------------------------------------- the model


def modelled(document: Document, operations: list[Operation]) -> Document:
    """All operations in order, each on what the one before left. In the end, what is unassigned is not there, nor an element
    that says nothing but its type: Entra sends such for addresses that a person does not have.
    """
    after = copy.deepcopy(document)
    for operation in operations:
        if "path" in operation:
            _apply(after, operation["op"].lower(), operation["path"], operation.get("value"))
        else:
            for path, value in operation["value"].items():
                _apply(after, operation["op"].lower(), path, value)
    for name in ("emails", "roles"):
        _assign(after, name, [element for element in after.get(name, []) if element.keys() - {"type", "primary"}])
    return after


def _apply(document: Document, op: str, path: str, value: Any) -> None:
    name, selects, rest = path.partition("[")
    if selects:
        condition, _, part = rest.partition("]")
        _on_elements(document, op, name, condition, part.removeprefix("."), value)
    elif "." in name:
        name, _, part = name.partition(".")
        _assign(document.setdefault(name, {}), part, None if op == "remove" else value)
    elif op == "remove":
        document.pop(name, None)
    elif name == "name":
        for part, item in value.items():
            _assign(document.setdefault(name, {}), part, item)
    elif isinstance(value, list):
        _on_list(document, op, name, copy.deepcopy(value))
    else:
        _assign(document, name, value)
    if document.get(name) in ({}, []):
        del document[name]


def _assign(place: Document, name: str, value: Any) -> None:
    """Null and empty text unassign (C27), as an empty list does."""
    if value in (None, "", []):
        place.pop(name, None)
    else:
        place[name] = value


def _on_list(document: Document, op: str, name: str, new: list[Document]) -> None:
    """`add` appends what is not there yet, `replace` replaces the list."""
    old = document.get(name, []) if op == "add" else []
    fresh = [element for element in new if element not in old]
    document[name] = [*old, *fresh]
    _one_primary(document[name], fresh)


def _on_elements(document: Document, op: str, name: str, condition: str, part: str, value: Any) -> None:
    """`attr operator value`, on the elements for which it is true; an `eq` that is true of none describes a new one (C17)."""
    asked, operator, wanted = condition.split(" ", 2)
    elements = document.setdefault(name, [])
    chosen = [element for element in elements if _true_of(element, asked, operator, wanted.strip('"'))]
    if not chosen:
        if op == "remove" or operator != "eq":
            raise NoTargetError
        chosen = [{asked: wanted.strip('"')}]
        elements.extend(chosen)
    said = {part: value} if part else value
    if op == "remove" and not part:
        document[name] = [element for element in elements if not any(element is one for one in chosen)]
        return
    for element in chosen:
        for key, item in said.items():
            _assign(element, key, None if op == "remove" else item)
    if said and said.get("primary") is True and op != "remove":
        _one_primary(elements, chosen)


def _true_of(element: Document, asked: str, operator: str, wanted: str) -> bool:
    found = element.get(asked)
    text = None if found is None else str(found).lower()
    return text is not None and (text == wanted.lower() if operator == "eq" else wanted.lower() in text)


def _one_primary(elements: list[Document], changed: list[Document]) -> None:
    """Making one primary demotes the others (section 3.5.2); of several made so at once the first is."""
    chosen = next((element for element in changed if element.get("primary") is True), None)
    for element in elements:
        if chosen is not None and element is not chosen and element.get("primary") is True:
            element["primary"] = False


# ------------------------------------------------------------------------------------------------------------- operations

TEXTS = st.sampled_from(["a", "B", "c d", "É"])
TYPES = st.sampled_from(["work", "home", "other"])
LISTS = st.sampled_from(["emails", "roles"])
ASSIGNS = st.sampled_from(["add", "Add", "replace", "Replace"])
ELEMENT = st.fixed_dictionaries({"value": TEXTS}, optional={"type": TYPES, "display": TEXTS})
ELEMENTS = st.lists(ELEMENT, min_size=1, max_size=3, unique_by=repr).flatmap(
    lambda listed: st.integers(-3, len(listed) - 1).map(
        lambda chosen: [{**element, "primary": True} if index == chosen else element for index, element in enumerate(listed)]
    )
)
PARTS = st.sampled_from(["name.givenName", "name.familyName"])
NAMES = st.dictionaries(st.sampled_from(["givenName", "familyName"]), TEXTS | st.none(), min_size=1)
CONDITIONS = st.one_of(
    TYPES.map(lambda one: f'type eq "{one}"'),
    TYPES.map(lambda one: f'type eq "{one.upper()}"'),
    TEXTS.map(lambda one: f'value co "{one}"'),
)
SELECTED = st.builds("{}[{}]".format, LISTS, CONDITIONS)


def operation(op: st.SearchStrategy[str], path: st.SearchStrategy[str], value: st.SearchStrategy[Any]) -> Any:
    """An operation with a path and a value."""
    return st.fixed_dictionaries({"op": op, "path": path, "value": value})


WHOLE = st.fixed_dictionaries({}, optional={"title": TEXTS, "name": NAMES, "name.givenName": TEXTS, "emails": ELEMENTS})
OPERATIONS = st.one_of(
    operation(ASSIGNS, st.just("title"), TEXTS | st.just("")),
    operation(ASSIGNS, st.just("name"), NAMES),
    operation(ASSIGNS, PARTS, TEXTS),
    operation(ASSIGNS, LISTS, ELEMENTS),
    operation(ASSIGNS, SELECTED, st.fixed_dictionaries({"value": TEXTS}, optional={"display": TEXTS, "primary": st.booleans()})),
    operation(ASSIGNS, SELECTED.map("{}.value".format), TEXTS),
    operation(ASSIGNS, SELECTED.map("{}.primary".format), st.booleans()),
    st.fixed_dictionaries(
        {"op": st.sampled_from(["remove", "Remove"]), "path": st.sampled_from(["title", "name"]) | PARTS | LISTS}
    ),
    st.fixed_dictionaries({"op": st.just("remove"), "path": SELECTED}),
    st.fixed_dictionaries({"op": st.just("remove"), "path": SELECTED.map("{}.display".format)}),
    st.fixed_dictionaries(
        {
            "op": ASSIGNS,
            "value": st.fixed_dictionaries(
                {}, optional={"title": TEXTS, "name": NAMES, "name.givenName": TEXTS, "emails": ELEMENTS}
            ),
        }
    ),
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXTS,
        "name": st.dictionaries(st.just("givenName"), TEXTS, min_size=1),
        "emails": ELEMENTS,
        "roles": ELEMENTS,
    },
)


@settings(max_examples=400)
@given(document=DOCUMENTS, operations=st.lists(OPERATIONS, min_size=1, max_size=6))
def test_patch_does_what_the_model_does(document: Document, operations: list[Operation]) -> None:
    """Whatever the document and the operations; where the model finds no target, the whole PATCH is refused."""
    stored = read_user({"userName": "ann", **document}).document
    edit = user_patch(message(*operations), "u1")
    try:
        expected = modelled(document, operations)
    except NoTargetError:
        with pytest.raises(Invalid) as refusal:
            edit(stored, True)
        assert refusal.value.code == "no_target"
        return
    after = dict(edit(stored, True).document)
    assert (after.pop("schemas"), after.pop("userName"), after.pop("active")) == ([USER], "ann", True)
    assert after == expected


# ---------------------------------------------------------------------------------------------------------------- members

PEOPLE = ["ada", "bob", "cyd", "dan", "eve"]
SOME = st.lists(st.sampled_from(PEOPLE), max_size=4)
MEMBER_STEPS: st.SearchStrategy[tuple[str, list[str]]] = st.one_of(
    st.tuples(st.sampled_from(["add", "replace", "take", "refilter"]), SOME),
    st.tuples(st.sampled_from(["only", "but"]), st.sampled_from(PEOPLE).map(lambda one: [one])),
    st.just(("clear", [])),
)


def _said(step: str, ids: list[str]) -> Operation:
    """The forms in which identity providers speak of members."""
    listed = [{"value": one} for one in ids]
    either = " or ".join(f'value eq "{one}"' for one in ids or ["nobody"])
    forms: dict[str, Operation] = {
        "add": {"op": "Add", "path": "members", "value": listed},
        "replace": {"op": "replace", "path": "members", "value": listed},
        "take": {"op": "Remove", "path": "members", "value": listed},
        "refilter": {"op": "remove", "path": f"members[{either}]"},
        "only": {"op": "remove", "path": f"members[not ({either})]"},
        "but": {"op": "remove", "path": f'members[value eq "{ids[0] if ids else ""}"]'},
        "clear": {"op": "remove", "path": "members"},
    }
    return forms[step]


def _done(members: set[str], step: str, ids: list[str]) -> set[str]:
    """The same, on a set."""
    if step == "add":
        return members | set(ids)
    if step == "replace":
        return set(ids)
    if step == "only":
        return members & set(ids)
    return set() if step == "clear" else members - set(ids)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=SOME, steps=st.lists(MEMBER_STEPS, min_size=1, max_size=5))
def test_member_operations_do_what_they_do_to_a_set(idp: Idp, before: list[str], steps: list[tuple[str, list[str]]]) -> None:
    """On both databases, several operations in one message, each seeing what the one before left."""
    ids = {name: _known(idp, "Users", "userName", name) for name in PEOPLE}
    group = _known(idp, "Groups", "displayName", "Staff")
    names = {identity: name for name, identity in ids.items()}
    start = {"op": "replace", "path": "members", "value": [{"value": ids[name]} for name in before]}
    operations = [start, *(_said(step, [ids[name] for name in people]) for step, people in steps)]
    assert idp.send("PATCH", f"/Groups/{group}", message(*operations)).status_code == 204
    expected = set(before)
    for step, people in steps:
        expected = _done(expected, step, people)
    members = idp.get(f"/Groups/{group}").get_json(force=True).get("members", [])
    assert {names[member["value"]] for member in members} == expected


def _known(idp: Idp, kind: str, attribute: str, name: str) -> str:
    """The id of a user or group that is made when it is first asked for."""
    found = idp.get(f"/{kind}", filter=f'{attribute} eq "{name}"').get_json(force=True)["Resources"]
    one: Document = found[0] if found else idp.made(kind, **{attribute: name})
    return str(one["id"])
