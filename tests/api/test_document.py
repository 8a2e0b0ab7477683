"""The description of the API: OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1), and the page that shows it."""

from __future__ import annotations

import inspect
import json
import re
from collections import Counter
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from connector import errors
from connector.api import routes as routes
from connector.api.document import document, refusals_of
from connector.api.operation import OPERATIONS, PERSONAL, Operation, Raw
from connector.api.words import TAGS
from connector.membership.roles import PERMISSIONS
from connector.web.refusals import STATUS
from tests.docs.pages import code, read, rows
from tests.support.api import BASE, COOKIE, Api

OF_THE_SERVER = {"not_found": 404, "request_entity_too_large": 413, "failure": 500}
"""Codes that come from the web server, whatever it is asked."""


@cache
def told() -> dict[str, Any]:
    """The document, as it is sent."""
    sent: dict[str, Any] = json.loads(json.dumps(document(BASE, COOKIE)))
    return sent


def described(operation: Operation) -> dict[str, Any]:
    """What the document says of an operation."""
    found: dict[str, Any] = told()["paths"][re.sub("[<>]", lambda m: {"<": "{", ">": "}"}[m[0]], operation.path)]
    return dict(found[operation.method.lower()])


# ------------------------------------------------------------------------------------------------------------ the document


def test_it_is_openapi_3_1() -> None:
    """The schema that the OpenAPI initiative publishes takes it."""
    wrong = [f"{each.instance_path}: {each.message}" for each in jsonschema_rs.validator_for(OPENAPI_31).iter_errors(told())]
    assert wrong == []


def test_its_schemas_are_json_schema_2020_12() -> None:
    """Every component, and every reference leads to one."""
    components = told()["components"]["schemas"]
    for schema in components.values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    named = set(re.findall(r"#/components/schemas/([^\"]+)", json.dumps(told())))
    assert named <= set(components)


def test_components_have_names_that_people_gave_them() -> None:
    """Two classes of one name would be told apart by their modules, and a client would have types called after our files."""
    assert [name for name in told()["components"]["schemas"] if "__" in name or "Input" in name or "Output" in name] == []


def test_it_is_public_and_may_be_kept(api: Api) -> None:
    """The same for everybody; known by its entity tag."""
    first, second = api.nobody().get("/api/openapi.json"), api.as_("ada@acme.example").get("/api/openapi.json")
    assert first.json == second.json == told()
    assert (first.headers["Content-Type"], first.headers["Cache-Control"]) == ("application/json", "public, max-age=3600")
    known = api.nobody().get("/api/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (known.status, known.text) == (304, "")


# ---------------------------------------------------------------------------------------------------------- the operations


@pytest.mark.parametrize("operation", ["remove_rule", "delete_connection"])
def test_what_needs_one_of_two_parameters_says_so(operation: str) -> None:
    """A schema of parameters cannot: the operation and both parameters do, and so does the refusal."""
    told = next(each for each in OPERATIONS if each.id == operation)
    assert "Exactly one of `withdraw=true` and `keep=true` is needed" in told.description
    assert told.query is not None
    for name in ("withdraw", "keep"):
        assert "Exactly one of this and" in str(told.query.model_fields[name].description)


def test_operations_have_stable_names_of_two_words() -> None:
    """Clients that are generated call their functions by them."""
    names = Counter(each.id for each in OPERATIONS)
    assert [name for name, times in names.items() if times > 1 or not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []


def test_every_address_of_the_api_is_described(api: Api) -> None:
    """But for the page that shows the description."""
    served = {rule.endpoint.removeprefix("api.") for rule in api.app.url_map.iter_rules() if rule.rule.startswith("/api")}
    assert served == {each.id for each in OPERATIONS} | {"docs"}


def test_an_operation_says_what_it_is_for() -> None:
    """A summary as a heading, a description in sentences, a subject that is described, a permission that there is."""
    for each in OPERATIONS:
        assert each.tag in TAGS, each.id
        assert 3 <= len(each.summary) <= 80, each.id
        assert not each.summary.endswith("."), each.id
        assert each.description.endswith("."), each.id
        assert each.permission in {None, PERSONAL, *PERMISSIONS}, each.id
        assert not (each.public and each.permission), each.id


def source_of(operation: Operation) -> str:
    """The source of a handler, and of the helpers beside it that it calls."""
    own = inspect.getsource(operation.handler)
    helpers = inspect.getmembers(inspect.getmodule(operation.handler), inspect.isfunction)
    return own + "".join(inspect.getsource(each) for name, each in helpers if f" {name}(" in own and name.startswith("_"))


def test_what_an_operation_is_declared_to_do_it_does() -> None:
    """A key or a version that the handler does not hand on would be promised and passed over."""
    for each in OPERATIONS:
        source = source_of(each)
        assert ("call.once" in source) == each.idempotent, each.id
        assert ("call.seen" in source) == each.compares, each.id
        assert (each.answer is None) == (each.status == 204), each.id


def test_the_example_of_a_body_is_one_that_is_taken() -> None:
    """By the model that reads it, and by the schema that describes it."""
    for each in OPERATIONS:
        if each.body is not None:
            media = described(each)["requestBody"]["content"]["application/json"]
            each.body.model_validate_json(json.dumps(media["example"]))
            schema = {**media["schema"], "components": told()["components"]}
            jsonschema_rs.Draft202012Validator(schema).validate(media["example"])


def statuses_in_the_docs() -> dict[str, set[int | None]]:
    """Code -> the statuses of its kinds, as docs/errors.md has them."""
    listed = [row for row in rows(read("docs/errors.md")) if len(row) == 4]
    kinds = {name: re.split(r",\s*", row[1]) for row in listed for name in code(row[0])}
    return {name: {_status(kind) for kind in its} for name, its in kinds.items()}


def _status(kind: str) -> int | None:
    """The status of the nearest kind that has one."""
    mro = getattr(errors, kind, object).__mro__
    return next((STATUS[each] for each in mro if each in STATUS), None)


def test_every_code_is_documented_with_a_kind_of_its_status() -> None:
    """docs/errors.md says what each code means; its kind says the status."""
    documented, wrong = statuses_in_the_docs(), set()
    for each in OPERATIONS:
        for status, codes in refusals_of(each).items():
            for name in codes - OF_THE_SERVER.keys():
                if status not in documented.get(name, ()):
                    wrong.add(f"{each.id}: {name} is told as {status} and documented as {documented.get(name, 'nothing')}")
    assert wrong == set()


def test_what_stands_in_an_address_is_described() -> None:
    """In the order in which it stands there."""
    for each in OPERATIONS:
        parameters = [parameter for parameter in described(each).get("parameters", []) if parameter["in"] == "path"]
        assert [parameter["name"] for parameter in parameters] == list(each.variables)
        assert all(parameter["description"].endswith(".") for parameter in parameters)


def test_an_answer_that_is_json_has_a_schema() -> None:
    """Otherwise nothing could be held against it."""
    for each in OPERATIONS:
        if each.answer is not None and not isinstance(each.answer, Raw):
            assert described(each)["responses"][str(each.status)]["content"]["application/json"]["schema"], each.id


# ---------------------------------------------------------------------------------------------------------------- the page


def test_the_page_shows_every_operation_and_leads_nowhere_else(api: Api) -> None:
    """Every link in it ends at something on it, or at the document; nothing is loaded from elsewhere, and no script is needed."""
    page = api.nobody().get("/api/docs")
    anchors = re.findall(r' id="([^"]+)"', page.text)
    assert [name for name, times in Counter(anchors).items() if times > 1] == []
    assert {each.id for each in OPERATIONS} <= set(anchors)
    links = re.findall(r'<a [^>]*href="([^"]+)"', page.text)
    assert {link for link in links if link[1:] not in anchors} == {"/api/openapi.json"}
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "https://" not in re.sub(r"<(pre|code|p)\b.*?</\1>", "", page.text, flags=re.DOTALL)


def test_the_page_writes_what_it_is_told_as_text(api: Api) -> None:
    """Types and permissions are said in words; nothing of the source shows through."""
    text = api.nobody().get("/api/docs").text
    for said in ("POST", "Members whose role holds <code>teams.manage</code>", "Every member.", "list of", "or null"):
        assert said in text
    assert "anyOf" not in text
    assert "$ref" not in text
