"""GET /api/openapi.json: the API as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1)."""

from __future__ import annotations

from tests.support.api import Api


def test_openapi_is_public(api: Api) -> None:
    """."""
    told = api.nobody().get("/api/openapi.json").ok()
    assert told["openapi"] == "3.1.1"
    assert api.as_("ada@acme.example").get("/api/me").ok()["email"] == "ada@acme.example"
    api.nobody().get("/api/me").refused(401, "signed_out")
    api.key("ada@acme.example").get("/api/me", x=3).refused(400, "query_invalid")
