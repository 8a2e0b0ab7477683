"""What tests over HTTP ask of an answer."""

from __future__ import annotations

from typing import Any

from scim2_models import Error
from werkzeug.test import TestResponse

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def said(answer: TestResponse) -> dict[str, Any]:
    """The JSON of an answer, which must be declared as SCIM's."""
    assert answer.content_type == "application/scim+json"
    body: dict[str, Any] = answer.get_json(force=True)
    return body


def refused(answer: TestResponse, status: int, scim_type: str | None = None) -> str:
    """Check an error body (section 3.12) and return its detail."""
    body = said(answer)
    assert answer.status_code == status, body
    assert (body["schemas"], body["status"], body.get("scimType")) == ([ERROR], str(status), scim_type)
    Error.model_validate(body)
    detail: str = body["detail"]
    return detail


def found(answer: TestResponse) -> list[str]:
    """The names in a list, in its order."""
    assert answer.status_code == 200, answer.text
    return [item.get("userName") or item.get("displayName") for item in said(answer)["Resources"]]
