"""Every table, one set for both databases. The constraints are the invariants; their names are what the code knows them by.

**The exclusion** of membership modes stands in the schema: each row that makes sense in one mode only has a *generated* column
naming that mode (NULL when it needs none), tied by a *deferred composite foreign key* to
`(organization.id, organization.membership_mode)`. It holds under concurrent transactions on both databases and lets a mode
switch happen in one transaction in any order.

Look-up tables (connections, tokens, persons, addresses, domains) are global; everything else carries its organization in
composite foreign keys, so that no row can point into another tenant.
"""

from connector.storage.tables.base import Row
from connector.storage.tables.directory import (
    Connection,
    DirectoryGroup,
    DirectoryMember,
    DirectoryTotal,
    DirectoryUser,
    Rule,
    ScimClient,
    ScimToken,
    Tombstone,
)
from connector.storage.tables.organization import (
    Address,
    Assignment,
    Domain,
    Invitation,
    Membership,
    Organization,
    Person,
    Project,
    Role,
    Suspension,
    Team,
    Withheld,
)
from connector.storage.tables.record import AuditEntry, Lease, OutboxEvent, ProvisioningLog, StoredPlan

metadata = Row.metadata

__all__ = [
    "Address",
    "Assignment",
    "AuditEntry",
    "Connection",
    "DirectoryGroup",
    "DirectoryMember",
    "DirectoryTotal",
    "DirectoryUser",
    "Domain",
    "Invitation",
    "Lease",
    "Membership",
    "Organization",
    "OutboxEvent",
    "Person",
    "Project",
    "ProvisioningLog",
    "Role",
    "Row",
    "Rule",
    "ScimClient",
    "ScimToken",
    "StoredPlan",
    "Suspension",
    "Team",
    "Tombstone",
    "Withheld",
    "metadata",
]
