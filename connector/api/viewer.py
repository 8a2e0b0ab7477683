"""The API's description: for programs (`/api/openapi.json`) and for people (`/api/docs`)."""

from __future__ import annotations

from flask import Response, request

from connector.api.document import document
from connector.api.operation import Call, Raw, operation
from connector.api.rendering import answer, etag_of, text_of
from connector.web import cookies


@operation(
    "GET", "/api/openapi.json", tag="Description", summary="This description, as OpenAPI 3.1",
    answer=Raw(("application/json",)), public=True,
)  # fmt: skip
def get_openapi(call: Call) -> Response:
    """It is the same for everybody, and may be kept for an hour."""
    text = text_of(document(call.settings.base_url, cookies.session_name()))
    response = answer(text, 200)
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.headers["ETag"] = etag_of(text)
    response.make_conditional(request)
    return response
