"""The API as its clients see it, with every answer held against the document.

    api.as_("ada@acme.example").post("/api/orgs", {"slug": "acme", "display_name": "Acme"}).ok()["id"]
    api.as_("bob@acme.example").get("/api/orgs/acme").refused(404, "organization_not_found")
    api.key("ada@acme.example", organization=acme, scopes=["org.read"]).get("/api/orgs/acme/teams", limit=2).ok()["items"]
    api.nobody().get("/api/me").refused(401, "signed_out")

`as_` signs somebody in, whom there need not be before: by e-mail link, or by what is given (`Proof("break_glass", id)`,
`people.through(home)`). `ok()` is the JSON of an answer below 300; `refused()` is that of a refusal, whose code it checks. Both
come from an `Answer` (`status`, `headers`, `json`, `text`). Headers are keywords in `headers={}`, the query is keywords.

Whatever is asked, the answer must be described: its status, its type, each of its fields, its headers and, of a refusal, its
code. An answer that is not fails the test that asked. So does every 500.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jsonschema_rs
from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from connector.accounts import keys, persons
from connector.accounts.sessions import Proof
from connector.api.document import document
from connector.api.operation import OPERATIONS, Operation
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.accounts.people import sign_in

COOKIE = "connector_session"
BASE = "http://127.0.0.1:8000"
LINK = Proof("email_link")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Headers
    text: str

    @property
    def json(self) -> Any:
        """Its body."""
        return json.loads(self.text)

    def ok(self) -> Any:
        """Its body, None without one; fails when it is a refusal."""
        assert self.status < 300, self.text
        return self.json if self.text else None

    def refused(self, status: int, code: str) -> Any:
        """Its problem details; fails when it is anything else than this refusal."""
        assert (self.status, self.json.get("code")) == (status, code), self.text
        return self.json


@dataclass(frozen=True)
class Client:
    """Somebody who asks, with the headers that show who it is."""

    app: Flask
    shown: Mapping[str, str] = field(default_factory=dict)

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, **query: Any) -> Answer:
        """GET with these parameters."""
        return self.send("GET", path, headers=headers, **query)

    def post(
        self, path: str, body: Any = None, *, data: bytes | None = None, headers: Mapping[str, str] | None = None, **query: Any
    ) -> Answer:
        """POST with this JSON, or with these bytes that are said to be JSON, or without a body."""
        return self.send("POST", path, body, data=data, headers=headers, **query)

    def put(self, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **query: Any) -> Answer:
        """PUT."""
        return self.send("PUT", path, body, headers=headers, **query)

    def patch(self, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **query: Any) -> Answer:
        """PATCH."""
        return self.send("PATCH", path, body, headers=headers, **query)

    def delete(self, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **query: Any) -> Answer:
        """DELETE."""
        return self.send("DELETE", path, body, headers=headers, **query)

    def having(self, **headers: str) -> Client:
        """The same with more headers; underscores are hyphens: `having(X_Workspace="acme")`."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client(self.app, {**self.shown, **more})

    def everything(self, path: str, **query: Any) -> list[Any]:
        """The items of all pages of a list."""
        page = self.get(path, **query).ok()
        items = list(page["items"])
        while page["next_cursor"] is not None:
            page = self.get(path, **{**query, "cursor": page["next_cursor"]}).ok()
            items += page["items"]
        return items

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        """Send it and check what comes back."""
        text = data if body is None else json.dumps(body).encode()
        kind = {} if text is None else {"Content-Type": "application/json"}
        sent = {**kind, **self.shown, **(headers or {})}
        with self.app.test_client(use_cookies=False) as client:
            response = client.open(path, method=method, headers=sent, data=text, query_string=query or None)
            answer = Answer(response.status_code, response.headers, response.get_data(as_text=True))
        check(self.app, method, path, answer)
        return answer


@dataclass(frozen=True)
class Api:
    """An installation, and who may ask it."""

    app: Flask
    database: Database

    @property
    def sealer(self) -> Sealer:
        """What seals its secrets."""
        sealer: Sealer = self.app.extensions["connector"].sealer
        return sealer

    def as_(self, email: str, *proofs: Proof) -> Client:
        """Somebody with this verified address, made if need be, signed in by e-mail link or by these."""
        person, token = self.person(email), None
        for proof in proofs or (LINK,):
            token = sign_in(self.database, person, proof, token=token, now=datetime.now(UTC))
        return Client(self.app, {"Cookie": f"{COOKIE}={token}"})

    def key(self, email: str, *, organization: str | None = None, scopes: Sequence[str] = ()) -> Client:
        """The same with an API key: their own, or an organization's."""
        made = keys.create(self.database, email, datetime.now(UTC), organization_id=organization, scopes=scopes)
        return self.bearer(made.key)

    def bearer(self, key: str) -> Client:
        """Who has this API key."""
        return Client(self.app, {"Authorization": f"Bearer {key}"})

    def nobody(self) -> Client:
        """Who is not signed in."""
        return Client(self.app)

    def person(self, email: str) -> str:
        """The id of who has this verified address, made if need be."""
        return self.database.write(lambda tx: persons.find_or_make(tx, email, datetime.now(UTC)))


# --------------------------------------------------------------------------------------------------------------- checking


def check(app: Flask, method: str, path: str, answer: Answer) -> None:
    """Fail unless the answer is one that the document describes for what was asked."""
    rule = _rule(app, method, path)
    operation = next((each for each in OPERATIONS if rule == f"api.{each.id}"), None)
    if operation is not None and method != "HEAD":
        check_answer(operation, answer)
    assert answer.status < 500 or answer.status == 503, f"{method} {path} -> {answer.status}"


def check_answer(operation: Operation, answer: Answer) -> None:
    """Fail unless the answer is one that the document describes for an operation, and none of a failure."""
    asked = f"{operation.id} -> {answer.status} {answer.text[:500]}"
    assert answer.status < 500 or answer.status == 503, asked
    described = _document()["paths"][operation.path.replace("<", "{").replace(">", "}")][operation.method.lower()]
    assert str(answer.status) in described["responses"], f"This status is not described: {asked}"
    told = described["responses"][str(answer.status)]
    for name in told.get("headers", {}):
        assert name in answer.headers or name in ("Link", "Idempotency-Replayed"), f"{name} is missing: {asked}"
    _check_body(operation.id, answer, told.get("content", {}), asked)


def _check_body(operation: str, answer: Answer, content: Mapping[str, Any], asked: str) -> None:
    if not content:
        assert not answer.text, f"No body is described: {asked}"
        return
    media = answer.headers.get("Content-Type", "").partition(";")[0]
    assert media in content, f"This type is not described: {asked}"
    if content[media]:
        wrong = next(iter(_validator(operation, answer.status).iter_errors(answer.json)), None)
        assert wrong is None, f"{wrong and wrong.message} at {wrong and wrong.instance_path}: {asked}"


def _rule(app: Flask, method: str, path: str) -> str:
    """The endpoint that answers a request; "" when there is none."""
    try:
        endpoint, _ = app.url_map.bind("localhost").match(path.partition("?")[0], method=method)
    except (HTTPException, RequestRedirect):
        return ""
    return str(endpoint)


@cache
def _document() -> dict[str, Any]:
    """The document, in which objects have no other fields than those that are described."""
    strict: dict[str, Any] = _closed(json.loads(json.dumps(document(BASE, COOKIE))))
    return strict


def _closed(value: Any) -> Any:
    if isinstance(value, list):
        return [_closed(each) for each in value]
    if not isinstance(value, dict):
        return value
    closed = {name: _closed(each) for name, each in value.items()}
    if closed.get("type") == "object" and "properties" in closed:
        closed.setdefault("additionalProperties", False)
    return closed


@cache
def _validator(operation: str, status: int) -> Any:
    """What checks the body of one answer of one operation."""
    every = (each for item in _document()["paths"].values() for each in item.values())
    described = next(each for each in every if each["operationId"] == operation)
    [media] = [each for each in described["responses"][str(status)]["content"].values() if each]
    return jsonschema_rs.Draft202012Validator(_elsewhere(media["schema"]), registry=_components(), validate_formats=True)


@cache
def _components() -> jsonschema_rs.Registry:
    """What the schemas refer to, once for all of them: copied into each, it would be a megabyte a time."""
    return jsonschema_rs.Registry([("urn:api", {"components": _document()["components"]})], draft=jsonschema_rs.Draft202012)


def _elsewhere(schema: Any) -> Any:
    """A schema whose references are to that registry."""
    return json.loads(json.dumps(schema).replace('"#/components/', '"urn:api#/components/'))
