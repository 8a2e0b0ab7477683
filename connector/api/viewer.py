"""The API's description: for programs (`/api/openapi.json`) and for people (`/api/docs`), who read the same document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import Response, render_template, request
from markupsafe import Markup

from connector.api.document import document
from connector.api.operation import PERSONAL, Call, Raw, operation
from connector.api.rendering import answer, etag_of
from connector.provisioning.acting import MEMBER
from connector.web import cookies, pages
from connector.web.house import house
from connector.web.jsonable import text_of

_STRONG = re.compile(r"\*\*([^*]+)\*\*")
_METHODS = ("get", "post", "put", "patch", "delete")


@operation(
    "GET", "/api/openapi.json", tag="Description", summary="This description, as OpenAPI 3.1",
    answer=Raw(("application/json",)), etag=True, public=True,
)  # fmt: skip
def get_openapi(call: Call) -> Response:
    """It is the same for everybody, and may be kept for an hour."""
    text = _text(*_here())
    response = answer(text, 200)
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.headers["ETag"] = etag_of(text)
    response.make_conditional(request)
    return response


def docs() -> Response:
    """GET /api/docs: the document as a page. It needs no script and asks nobody else."""
    return pages.protect(Response(_page(*_here()), content_type="text/html; charset=utf-8"))


def _here() -> tuple[str, str]:
    """What the document depends on: where connector is reached, and the name of its cookie."""
    return house().settings.base_url, cookies.session_name()


@lru_cache(maxsize=4)
def _text(base_url: str, cookie: str) -> str:
    return text_of(document(base_url, cookie))


@lru_cache(maxsize=4)
def _page(base_url: str, cookie: str) -> str:
    """Anybody may ask for it, and it takes long to write: so it is written once."""
    told = document(base_url, cookie)
    schemas = [(name, _schema(schema)) for name, schema in told["components"]["schemas"].items()]
    info = [prose(each) for each in told["info"]["description"].split("\n\n")]
    given = {"info": info, "version": told["info"]["version"], "tags": _by_tag(told), "schemas": schemas, "prose": prose}
    return render_template("api.html", **given)


def prose(text: str) -> Markup:
    """A description as HTML: what stands in backticks is code, what stands in pairs of stars is strong."""
    return Markup(_STRONG.sub(r"<strong>\1</strong>", str(pages.marked(text))))  # noqa: S704 - `marked` escapes


# ------------------------------------------------------------------------------------------------------------- operations


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a body: what kind it is, and the component that its kind leads to."""

    name: str
    kind: str
    link: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An operation as it is shown. `parameters` come with where they stand, `refusals` with their codes."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    who: str
    parameters: tuple[tuple[str, Field], ...]
    body: tuple[Field, ...]
    curl: str
    answers: tuple[tuple[str, str, str, str], ...]
    refusals: tuple[tuple[str, str], ...]


def _by_tag(told: Mapping[str, Any]) -> list[tuple[str, str, list[Shown]]]:
    """Every tag with its description and its operations, in the order of the document."""
    found: dict[str, list[Shown]] = {each["name"]: [] for each in told["tags"]}
    for path, methods in told["paths"].items():
        for method in (each for each in _METHODS if each in methods):
            found[methods[method]["tags"][0]].append(_shown(told, path, method, methods[method]))
    return [(each["name"], each["description"], found[each["name"]]) for each in told["tags"]]


def _shown(told: Mapping[str, Any], path: str, method: str, described: Mapping[str, Any]) -> Shown:
    return Shown(
        id=described["operationId"],
        method=method.upper(),
        path=path,
        summary=described["summary"],
        description=described.get("description", ""),
        who=_who(described),
        parameters=tuple(_parameter(each) for each in described.get("parameters", [])),
        body=_body(told, described),
        curl=_curl(told["servers"][0]["url"], path, method, described),
        answers=tuple(_answers(described)),
        refusals=tuple((status, each["description"]) for status, each in _responses(described) if _is_refusal(status)),
    )


def _who(described: Mapping[str, Any]) -> str:
    permission = described.get("x-permission")
    if described.get("security") == []:
        return "Anybody."
    if permission is None:
        return "Whoever is signed in, or has a key."
    if permission == PERSONAL:
        return (
            "You, for yourself: signed in by e-mail link or through the organization that has your domain, or with your own key."
        )
    return "Every member." if permission == MEMBER else f"Members whose role holds `{permission}`."


def _parameter(each: Mapping[str, Any]) -> tuple[str, Field]:
    kind, link = _kind(each["schema"])
    return each["in"], Field(each["name"], kind, link, each["required"], each.get("description", ""))


def _body(told: Mapping[str, Any], described: Mapping[str, Any]) -> tuple[Field, ...]:
    if "requestBody" not in described:
        return ()
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    return _schema(told["components"]["schemas"][_name_in(schema)] if "$ref" in schema else schema)


def _curl(base: str, path: str, method: str, described: Mapping[str, Any]) -> str:
    """The request, for a shell."""
    lines = [f"curl -X {method.upper()} '{base}{path}'" if method != "get" else f"curl '{base}{path}'"]
    if described.get("security") != []:
        lines.append('-H "Authorization: Bearer $KEY"')
    if "requestBody" in described:
        example = described["requestBody"]["content"]["application/json"]["example"]
        lines += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(example, ensure_ascii=False)}'"]
    return " \\\n  ".join(lines)


def _responses(described: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return sorted(described["responses"].items())


def _is_refusal(status: str) -> bool:
    return int(status) >= 400


def _answers(described: Mapping[str, Any]) -> Iterable[tuple[str, str, str, str]]:
    """Status, words, kind of body and where that is described."""
    for status, each in _responses(described):
        if not _is_refusal(status):
            kinds = [_kind(media.get("schema", {}), name) for name, media in each.get("content", {}).items()] or [("", "")]
            yield status, each["description"], ", ".join(kind for kind, _ in kinds), kinds[0][1]


# ---------------------------------------------------------------------------------------------------------------- schemas


def _schema(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    required = schema.get("required", ())
    named = schema.get("properties", {}).items()
    return tuple(Field(name, *_kind(each), name in required, each.get("description", "")) for name, each in named)


def _kind(schema: Mapping[str, Any], otherwise: str = "anything") -> tuple[str, str]:
    """What kind of value it is, in words, and the name of the component it leads to, if there is one."""
    if "$ref" in schema:
        return _name_in(schema), _name_in(schema)
    if "anyOf" in schema:
        kinds = [_kind(each) for each in schema["anyOf"]]
        return " or ".join(kind for kind, _ in kinds), next((link for _, link in kinds if link), "")
    if "enum" in schema or "const" in schema:
        return " | ".join(json.dumps(each) for each in schema.get("enum", [schema.get("const")])), ""
    if schema.get("type") == "array":
        kind, link = _kind(schema.get("items", {}))
        return f"list of {kind}", link
    if "items" in schema.get("properties", {}):
        kind, link = _kind(schema["properties"]["items"])
        return f"page: {kind}", link
    return schema.get("format") or schema.get("type", otherwise), ""


def _name_in(schema: Mapping[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
