"""The discovery documents (RFC 7644 section 4, RFC 7643 sections 5 to 7): what connector can do, told truthfully."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.scim.rendering import LIST_RESPONSE
from connector.scim.schemas import ENTERPRISE_USER, GROUP, SCHEMA_DOCUMENTS, USER, ResourceSchema

MAX_PAGE = 1000
MAX_OPERATIONS = 1000
MAX_PAYLOAD = 10 * 1024 * 1024
DEFAULT_PAGE = 100
_CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"

Sent = dict[str, Any]


def service_provider_config(base: str) -> Sent:
    """Return the ServiceProviderConfig (RFC 7643 section 5; `pagination`: RFC 9865 section 4)."""
    no = {"supported": False}
    return {
        "schemas": [_CONFIG],
        "patch": {"supported": True},
        "bulk": {"supported": True, "maxOperations": MAX_OPERATIONS, "maxPayloadSize": MAX_PAYLOAD},
        "filter": {"supported": True, "maxResults": MAX_PAGE},
        "changePassword": no,
        "sort": {"supported": True},
        "etag": {"supported": True},
        "pagination": {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_PAGE,
            "maxPageSize": MAX_PAGE,
        },
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "OAuth Bearer Token",
                "description": "A SCIM token of this connection, sent as a bearer token.",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            }
        ],
        "meta": _meta("ServiceProviderConfig", f"{base}/ServiceProviderConfig"),
    }


def schemas(base: str) -> list[Sent]:
    """Return the schemas of User, Group and the enterprise extension (RFC 7643 section 7)."""
    return [{**document, "meta": _meta("Schema", f"{base}/Schemas/{document['id']}")} for document in SCHEMA_DOCUMENTS]


def resource_types(base: str) -> list[Sent]:
    """Return the resource types (RFC 7643 section 6)."""
    return [_resource_type(USER, "Account of a person", [ENTERPRISE_USER], base), _resource_type(GROUP, "Group", [], base)]


def listed(documents: Sequence[Mapping[str, Any]]) -> Sent:
    """Return discovery documents as a ListResponse (RFC 7644 section 4)."""
    return {
        "schemas": [LIST_RESPONSE],
        "totalResults": len(documents),
        "startIndex": 1,
        "itemsPerPage": len(documents),
        "Resources": list(documents),
    }


def _resource_type(schema: ResourceSchema, description: str, extensions: Sequence[str], base: str) -> Sent:
    return {
        "schemas": [_RESOURCE_TYPE],
        "id": schema.name,
        "name": schema.name,
        "description": description,
        "endpoint": f"/{schema.endpoint}",
        "schema": schema.urn,
        "schemaExtensions": [{"schema": urn, "required": False} for urn in extensions],
        "meta": _meta("ResourceType", f"{base}/ResourceTypes/{schema.name}"),
    }


def _meta(kind: str, location: str) -> Sent:
    return {"resourceType": kind, "location": location}
