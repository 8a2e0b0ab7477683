"""Discovery: accurate, without surprises (C1; RFC 7644 section 4, RFC 7643 sections 5 to 7)."""

from __future__ import annotations

from typing import Any

import pytest
from scim2_models import Context, ListResponse, ResourceType, Schema, ServiceProviderConfig

from connector.scim import discovery
from connector.scim.schemas import SCHEMA_DOCUMENTS
from tests.scim.samples import ENTERPRISE, GROUP, USER

BASE = "https://connector.example/scim/v2/c1"
DOCUMENTS = [discovery.service_provider_config(BASE), *discovery.schemas(BASE), *discovery.resource_types(BASE)]


def test_scim2_models_accepts_every_document() -> None:
    """An implementation of the RFC that is not ours reads them all, lists included."""
    answer = Context.RESOURCE_QUERY_RESPONSE
    ServiceProviderConfig.model_validate(discovery.service_provider_config(BASE), scim_ctx=answer)
    ListResponse[Schema].model_validate(discovery.listed(discovery.schemas(BASE)), scim_ctx=answer)
    ListResponse[ResourceType].model_validate(discovery.listed(discovery.resource_types(BASE)), scim_ctx=answer)


@pytest.mark.parametrize("document", DOCUMENTS, ids=[document["meta"]["location"] for document in DOCUMENTS])
def test_no_document_holds_nulls_and_all_say_where_they_are(document: dict[str, Any]) -> None:
    """Entra's schema discovery stumbles over nulls; `meta` is filled."""
    assert None not in list(_values(document))
    assert document["meta"]["resourceType"] in ("ServiceProviderConfig", "Schema", "ResourceType")
    assert document["meta"]["location"].startswith(BASE)
    assert document["meta"]["location"].endswith(document.get("id", "/ServiceProviderConfig"))


def _values(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [inner for item in value.values() for inner in _values(item)]
    return [inner for item in value for inner in _values(item)] if isinstance(value, list) else [value]


def test_what_is_offered_is_told_truthfully() -> None:
    """PATCH, filters, Bulk, sorting, ETags and both ways of paging (RFC 9865 section 4); no passwords. Cursors do not expire."""
    config = discovery.service_provider_config(BASE)
    supported = {name: config[name]["supported"] for name in ("patch", "filter", "bulk", "sort", "etag", "changePassword")}
    assert supported == {"patch": True, "filter": True, "bulk": True, "sort": True, "etag": True, "changePassword": False}
    assert config["filter"]["maxResults"] == 1000
    assert (config["bulk"]["maxOperations"], config["bulk"]["maxPayloadSize"]) == (1000, 10485760)
    assert config["pagination"] == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 100,
        "maxPageSize": 1000,
    }
    assert [scheme["type"] for scheme in config["authenticationSchemes"]] == ["oauthbearertoken"]


def _attribute(urn: str, name: str) -> dict[str, Any]:
    document = next(document for document in SCHEMA_DOCUMENTS if document["id"] == urn)
    found: dict[str, Any] = next(entry for entry in document["attributes"] if entry["name"] == name)
    return found


def test_characteristics_that_clients_rely_on() -> None:
    """Required names, canonical types, readOnly groups; no password, which is never kept."""
    assert _attribute(USER, "userName")["required"] is True
    assert _attribute(GROUP, "displayName")["required"] is True
    assert _attribute(GROUP, "displayName")["uniqueness"] == "server"
    assert _attribute(USER, "groups")["mutability"] == "readOnly"
    parts = {part["name"]: part for part in _attribute(USER, "emails")["subAttributes"]}
    assert parts["type"]["canonicalValues"] == ["work", "home", "other"]
    manager = {part["name"]: part["required"] for part in _attribute(ENTERPRISE, "manager")["subAttributes"]}
    assert manager == {"value": False, "$ref": False, "displayName": False}
    with pytest.raises(StopIteration):
        _attribute(USER, "password")


def test_resource_types_name_their_schemas() -> None:
    """Users carry the enterprise extension, and need not."""
    user, group = discovery.resource_types(BASE)
    assert (user["endpoint"], user["schema"], group["endpoint"], group["schema"]) == ("/Users", USER, "/Groups", GROUP)
    assert user["schemaExtensions"] == [{"schema": ENTERPRISE, "required": False}]
    assert group["schemaExtensions"] == []
