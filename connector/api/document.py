"""DOCUMENT: the API described as OpenAPI 3.1, made from the operations as they are declared.

What every operation may answer by itself stands here once (`refusals_of`); the rest comes from the declarations. Bodies and
answers are described by JSON Schema 2020-12, as the models and the frozen views have it. The document is public: it says what
there is and nothing of who uses it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, get_args, get_origin

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from connector.api.operation import OPERATIONS, PERSONAL, Operation, Raw
from connector.api.paging import Listing
from connector.api.samples import sample
from connector.api.words import INFO, PARAMETERS, TAGS
from connector.provisioning.pages import Page

JSON, PROBLEM = "application/json", "application/problem+json"
_REF = "#/components/schemas/{model}"

Described = dict[str, Any]


class _Schemas(GenerateJsonSchema):
    """Fields without made-up titles; of a view every field is there that is not LEFT_OUT."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def dataclass_schema(self, schema: Any) -> Described:
        told: Described = super().dataclass_schema(schema)
        fields = dataclasses.fields(schema["cls"])
        told["required"] = [field.name for field in fields if not field.metadata.get("left_out")]
        for field in fields:
            told["properties"][field.name].pop("default", None)
        return told


@lru_cache(maxsize=4)
def document(base_url: str, cookie: str) -> Described:
    """Return the document for an installation that is reached at `base_url` and keeps its sessions in `cookie`."""
    schemas, components = _schemas()
    paths: dict[str, Described] = {}
    for each in OPERATIONS:
        paths.setdefault(_template(each.path), {})[each.method.lower()] = _operation(each, schemas)
    used = {each.tag for each in OPERATIONS}
    return {
        "openapi": "3.1.1",
        "info": {"title": "connector", "version": version("connector"), "description": INFO},
        "servers": [{"url": base_url}],
        "tags": [{"name": name, "description": told} for name, told in TAGS.items() if name in used],
        "security": [{"session": []}, {"key": []}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _security(cookie)},
    }


def _security(cookie: str) -> Described:
    return {
        "session": {"type": "apiKey", "in": "cookie", "name": cookie, "description": "A browser that somebody signed in with."},
        "key": {"type": "http", "scheme": "bearer", "description": "An API key; it begins with `cnk_`."},
    }


def _template(path: str) -> str:
    return path.replace("<", "{").replace(">", "}")


# ---------------------------------------------------------------------------------------------------------------- schemas


def _schemas() -> tuple[dict[Any, Described], Described]:
    """The schema of every body, query and answer, by what stands in the declaration, and the components they lead to."""
    bodies = {each.body for each in OPERATIONS if each.body} | {each.query for each in OPERATIONS if each.query}
    answers = {_item(each.answer) for each in OPERATIONS if each.answer is not None and not isinstance(each.answer, Raw)}
    wanted = [(each, "validation", TypeAdapter(each)) for each in bodies]
    wanted += [(each, "serialization", TypeAdapter(each)) for each in answers]
    found, definitions = TypeAdapter.json_schemas(wanted, ref_template=_REF, schema_generator=_Schemas)  # type: ignore[arg-type]
    components = definitions.get("$defs", {}) | {"Problem": _PROBLEM_SCHEMA}
    return {named: schema for (named, _), schema in found.items()}, dict(sorted(components.items()))


def _item(answer: Any) -> Any:
    """What a page is a page of; anything else stands for itself."""
    return get_args(answer)[0] if get_origin(answer) is Page else answer


_PROBLEM_SCHEMA: Described = {
    "type": "object",
    "description": "A refusal (RFC 9457). `code` is stable, texts may change.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string", "description": "What arrived."},
        "expected": {"type": "string", "description": "What would have been right."},
        "advice": {"type": "string", "description": "What to do."},
        "reference": {"type": "string", "description": "What the log of the server has it under."},
        "errors": {
            "type": "array",
            "description": "Where a body or a query is wrong.",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON Pointer (RFC 6901)."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


# ------------------------------------------------------------------------------------------------------------- operations


def _operation(each: Operation, schemas: Mapping[Any, Described]) -> Described:
    told: Described = {"operationId": each.id, "tags": [each.tag], "summary": each.summary}
    if each.description:
        told["description"] = each.description
    if parameters := [*_in_path(each), *_in_query(each, schemas), *_in_headers(each)]:
        told["parameters"] = parameters
    if each.body:
        media = {"schema": schemas[each.body], "example": sample(each.body)}
        required = any(field.is_required() for field in each.body.model_fields.values())
        told["requestBody"] = {"required": required, "content": {JSON: media}}
    told["responses"] = _responses(each, schemas)
    if each.public:
        told["security"] = []
    if each.permission:
        told["x-permission"] = each.permission
    return told


def _in_path(each: Operation) -> Iterable[Described]:
    for name in each.variables:
        described = PARAMETERS.get(name, f"The id of the {name.replace('_', ' ')}.")
        yield {"name": name, "in": "path", "required": True, "description": described, "schema": {"type": "string"}}


def _in_query(each: Operation, schemas: Mapping[Any, Described]) -> Iterable[Described]:
    if each.query is None:
        return
    for name, field in each.query.model_json_schema(schema_generator=_Schemas)["properties"].items():
        told = {"name": name, "in": "query", "required": each.query.model_fields[name].is_required()}
        if described := field.pop("description", None):
            told["description"] = described
        yield told | {"schema": _without_null(field)}


def _without_null(field: Described) -> Described:
    """A parameter is there or not; it is never null."""
    others: list[Described] = [each for each in field.get("anyOf", []) if each != {"type": "null"}]
    if len(others) != 1:
        return field
    return {name: said for name, said in field.items() if name not in ("anyOf", "default")} | others[0]


_WORKSPACE = "Where to work: an organization, by id or slug, or `~personal`. Without it, where the session works."
_WORKSPACE_OF_ADDRESS = (
    "Which organization `~current` is, by id or slug. Without it, the one that the session or the key works in."
)


def _in_headers(each: Operation) -> Iterable[Described]:
    if each.in_workspace:
        yield _header("X-Workspace", _WORKSPACE_OF_ADDRESS if "o" in each.variables else _WORKSPACE)
    if each.idempotent:
        told = "Sent again with the same key within a day, the request is answered as before and nothing is done twice."
        yield _header("Idempotency-Key", told, {"type": "string", "pattern": "^[!-~]{1,255}$"})
    if each.compares:
        yield _header("If-Match", "The ETag that was read: the change is made only while the thing is still that.")
    elif each.etag and not each.changes:
        yield _header("If-None-Match", "The ETag that is known: 304 while the thing is still that.")


def _header(name: str, description: str, schema: Described | None = None) -> Described:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema or {"type": "string"}}


# ---------------------------------------------------------------------------------------------------------------- answers


def _responses(each: Operation, schemas: Mapping[Any, Described]) -> Described:
    told: Described = {str(each.status): _success(each, schemas)}
    if each.etag and not each.changes:
        told["304"] = {"description": HTTPStatus(304).phrase, "headers": {"ETag": _ETAG}}
    for status, codes in sorted(refusals_of(each).items()):
        told[str(status)] = _refusal(status, codes)
    return told


_ETAG = {"description": "The strong entity tag of what is answered.", "schema": {"type": "string"}}


def _success(each: Operation, schemas: Mapping[Any, Described]) -> Described:
    told: Described = {"description": HTTPStatus(each.status).phrase}
    headers: Described = {"ETag": _ETAG} if each.etag and each.answer is not None else {}
    if each.idempotent:
        headers["Idempotency-Replayed"] = {
            "description": "`true` when this was answered before.",
            "schema": {"type": "string", "const": "true"},
        }
    if get_origin(each.answer) is Page:
        headers["Link"] = {"description": 'The next page, as `<address>; rel="next"`.', "schema": {"type": "string"}}
    if headers:
        told["headers"] = headers
    if isinstance(each.answer, Raw):
        told["content"] = {media: {} for media in each.answer.media}
    elif each.answer is not None:
        told["content"] = {JSON: {"schema": _answer_schema(each.answer, schemas)}}
    return told


def _answer_schema(answer: Any, schemas: Mapping[Any, Described]) -> Described:
    schema: Described = schemas[_item(answer)]
    if get_origin(answer) is not Page:
        return schema
    cursor = {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "What leads to the next page, null on the last."}
    items = {"type": "array", "items": schema}
    return {"type": "object", "required": ["items", "next_cursor"], "properties": {"items": items, "next_cursor": cursor}}


def _refusal(status: int, codes: Iterable[str]) -> Described:
    this = {"properties": {"status": {"const": status}, "code": {"enum": sorted(codes)}}}
    told: Described = {"description": ", ".join(f"`{code}`" for code in sorted(codes))}
    if status in (429, 503):
        told["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    if status == 401:
        told["headers"] = {"WWW-Authenticate": {"description": "`Bearer`", "schema": {"type": "string"}}}
    return told | {"content": {PROBLEM: {"schema": {"allOf": [{"$ref": _REF.format(model="Problem")}, this]}}}}


def refusals_of(each: Operation) -> dict[int, set[str]]:
    """Every status an operation may refuse with, and its codes: what all have by themselves, and what it declares."""
    found: dict[int, set[str]] = {}
    for status, codes in (*_by_itself(each), *((status, (code,)) for code, status in each.errors.items())):
        found.setdefault(status, set()).update(codes)
    return found


def _by_itself(each: Operation) -> Iterable[tuple[int, tuple[str, ...]]]:
    yield 400, ("query_invalid",)
    yield 429, ("too_many_requests",)
    yield 500, ("failure",)
    yield 503, ("busy", "database_unavailable")
    yield from _for_who_asks(each)
    if each.variables:
        yield 404, ("not_found",)
    if each.body:
        yield 400, ("body_invalid",)
        yield 413, ("request_entity_too_large",)
        yield 415, ("content_type",)
    if each.query and issubclass(each.query, Listing):
        yield 400, ("cursor_invalid",)
    if each.idempotent:
        yield 400, ("idempotency_key_invalid",)
        yield 409, ("idempotency_key_reused", "secret_key_changed")
        yield 413, ("request_entity_too_large",)
    if each.compares:
        yield 412, ("version_mismatch",)


def _for_who_asks(each: Operation) -> Iterable[tuple[int, tuple[str, ...]]]:
    if each.changes:
        yield 403, ("foreign_origin", "wrong_address")
    if each.public:
        return
    yield 401, ("signed_out", "key_unknown")
    if each.permission == PERSONAL:
        yield 403, ("personal_closed",)
    elif each.permission is not None:
        yield 403, ("permission_missing", "scope_missing")
    if each.in_workspace:
        yield 403, ("workspace_closed",)
        yield 404, ("organization_not_found",)
