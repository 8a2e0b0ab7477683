"""What clients read in the discovery documents before they speak: Entra's gallery validation, authentik."""

from __future__ import annotations

from typing import Any

from connector.scim import schemas
from connector.scim.discovery import service_provider_config
from connector.scim.operations import MAX_OPERATIONS
from tests.scim.samples import ENTERPRISE

MAPPED = (
    "userName", "active", "displayName", "title", 'emails[type eq "work"].value', "preferredLanguage", "name.givenName",
    "name.familyName", "name.formatted", 'addresses[type eq "work"].formatted', 'addresses[type eq "work"].streetAddress',
    'addresses[type eq "work"].locality', 'addresses[type eq "work"].region', 'addresses[type eq "work"].postalCode',
    'addresses[type eq "work"].country', 'phoneNumbers[type eq "work"].value', 'phoneNumbers[type eq "mobile"].value',
    'phoneNumbers[type eq "fax"].value', "externalId", 'roles[primary eq "True"].value',
    *(f"{ENTERPRISE}:{name}" for name in ("employeeNumber", "department", "manager", "costCenter", "division", "organization")),
)  # fmt: skip
"""The attributes that Entra maps by default (the Entra page, "default attribute mappings"), and the two forms of roles (D10)."""


def flattened(document: dict[str, Any]) -> set[str]:
    """Attribute names as Entra's validation template makes them of a schema document (its SCIMTests workflow)."""
    names = set()
    for entry in document["attributes"]:
        parts = [part for part in entry.get("subAttributes", []) if part["name"] not in ("type", "primary")]
        kinds = next((part.get("canonicalValues") for part in entry.get("subAttributes", []) if part["name"] == "type"), None)
        if document["id"] == ENTERPRISE:
            names.add(f"{ENTERPRISE}:{entry['name']}")
        elif entry["name"] == "members" or entry["type"] != "complex":
            names.add(entry["name"])
        elif not entry["multiValued"]:
            names |= {f"{entry['name']}.{part['name']}" for part in parts}
        elif kinds:
            names |= {f'{entry["name"]}[type eq "{kind}"].{part["name"]}' for kind in kinds for part in parts}
        else:
            names |= {f'{entry["name"]}[primary eq "True"].{part["name"]}' for part in parts}
    return names


def test_entras_validation_finds_every_mapped_attribute_in_the_schemas() -> None:
    """Test 15, Schema_Discoverability_Test, which an app in the gallery must pass: zero missing, for users and for groups."""
    user, group, enterprise = schemas.SCHEMA_DOCUMENTS
    assert set(MAPPED) - flattened(user) - flattened(enterprise) == set()
    assert {"displayName", "externalId", "members"} - flattened(group) == set()


def test_authentik_cuts_its_patches_at_the_limit_of_bulk() -> None:
    """One operation for each member, as many in a PATCH as `bulk.maxOperations` says, and all at once where it says 0: it must be
    told, and be no more than a PATCH may have (authentik/providers/scim/clients/groups.py, `_patch_chunked`).
    """
    assert 0 < service_provider_config("")["bulk"]["maxOperations"] <= MAX_OPERATIONS
