"""Every operation of the document is sent what it takes, and what it does not take, made up by schemathesis from the document.

Who asks is the owner of an organization in which there is one of everything; where an address names a thing, it is that one. The
seed is fixed, so a failure happens again. No answer is a failure of ours, each is one that the document describes, and what the
document does not allow is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import negative_data_rejection
from werkzeug.datastructures import Headers

from connector.api.operation import OPERATIONS, Operation
from tests.api.furnished import Furnished, furnish
from tests.support.api import Answer, Api, check_answer

EXAMPLES = {GenerationMode.POSITIVE: 1, GenerationMode.NEGATIVE: 2}
REACHED = 0.85
"""The share of operations that do what they are for; others ask for a pushed user, a DNS record or a sign-in through an IdP."""

LAST = (
    "remove_super_admin",
    "replace_roles",
    "switch_mode",
    "activate_connection",
    "apply_plan",
    "change_policy",
    "switch_entitlements",
    "delete_organization",
)
"""What changes who may what: sent when everything else was."""

BOUNDED = partial(
    hypothesis.settings, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def test_whatever_is_sent_is_answered_as_described(api: Api) -> None:
    """And most operations are reached: they do what they are for at least once."""
    furnished, done, wrong = furnish(api), Counter[str](), []
    schema = described(api)
    for operation in sorted(OPERATIONS, key=order):
        for words in rounds(operation, furnished):
            try:
                send_some(schema, operation, words, furnished, done)
            except (AssertionError, FailureGroup) as error:
                wrong.append(f"{operation.id}: {error}")
    assert wrong == []
    reached = [each.id for each in OPERATIONS if done[each.id]]
    assert len(reached) >= REACHED * len(OPERATIONS), sorted({each.id for each in OPERATIONS} - set(reached))


def rounds(operation: Operation, furnished: Furnished) -> list[Mapping[str, str] | None]:
    """What is made up altogether, what names things there are, and, where anything is taken, what is not taken (None)."""
    return [{}, furnished.words, *([None] if operation.body or operation.query else [])]


def described(api: Api) -> BaseSchema:
    """The document, without what says who asks and where: that is not made up."""
    told = api.nobody().get("/api/openapi.json").json
    for each in (operation for methods in told["paths"].values() for operation in methods.values()):
        each["parameters"] = [one for one in each.get("parameters", []) if one["name"] != "X-Workspace"]
        each["security"] = []
    schema = schemathesis.openapi.from_dict(told)
    schema.app = api.app
    return schema


def order(operation: Operation) -> tuple[bool, bool, bool, int]:
    """What reads first, then what makes and changes, then what takes away, the smaller thing before what it is in."""
    return operation.id in LAST, operation.method == "DELETE", operation.changes, -len(operation.path)


def send_some(
    schema: BaseSchema, operation: Operation, words: Mapping[str, str] | None, furnished: Furnished, done: Counter[str]
) -> None:
    """Send a few requests: as described, with `words` for fields of the body called so; or, without, as not described."""
    target = schema[operation.path.replace("<", "{").replace(">", "}")][operation.method]
    mode = GenerationMode.NEGATIVE if words is None else GenerationMode.POSITIVE
    named = furnished.named(operation.id, operation.variables)

    @BOUNDED(max_examples=EXAMPLES[mode])
    @hypothesis.given(target.as_strategy(mode, path_parameters=named))
    def sent(case: Case[Any]) -> None:
        if words and isinstance(case.body, dict):
            case.body = {name: words.get(name, value) for name, value in case.body.items()}
        done[operation.id] += send(operation, furnished, case).status < 300

    sent()


def send(operation: Operation, furnished: Furnished, case: Case[Any]) -> Answer:
    """Send one, as the owner, and check what comes back."""
    name, _, value = furnished.owner.shown["Cookie"].partition("=")
    response = case.call(cookies={name: value})
    answer = Answer(response.status_code, Headers(response.headers), response.content.decode())
    case.validate_response(response, checks=[not_a_server_error, negative_data_rejection])
    check_answer(operation, answer)
    return answer
