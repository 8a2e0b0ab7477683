"""Every table, one set for both databases. The constraints are the invariants; their names are what the code knows them by.

**The exclusion** of membership modes stands in the schema: each row that makes sense in one mode only has a *generated* column
naming that mode (NULL when it needs none), tied by a *deferred composite foreign key* to
`(organization.id, organization.membership_mode)`. It holds under concurrent transactions on both databases and lets a mode
switch happen in one transaction in any order.

Look-up tables (connections, tokens, persons, addresses, domains) are global; everything else carries its organization in
composite foreign keys, so that no row can point into another tenant.
"""

from connector.storage.tables.account import (
    Authentication,
    EmailLink,
    Key,
    LocalIdentity,
    OutgoingMail,
    RecoveryCode,
    Session,
    Throttle,
)
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
from connector.storage.tables.policy import Entitlement, InstallationPolicy, OrganizationSetting
from connector.storage.tables.record import AuditEntry, KeptAnswer, Lease, OutboxEvent, ProvisioningLog, StoredPlan
from connector.storage.tables.resource import Resource, ResourceGrant, ResourceKind
from connector.storage.tables.sign_on import (
    ClaimedGroup,
    ExternalIdentity,
    IdpCertificate,
    ProviderDocument,
    SetupLink,
    SigningKey,
    SignInTrace,
    SignOn,
    SignOnRequest,
    SpentMessage,
    TestLink,
    TestSignIn,
)

metadata = Row.metadata

__all__ = [
    "Address",
    "Assignment",
    "AuditEntry",
    "Authentication",
    "ClaimedGroup",
    "Connection",
    "DirectoryGroup",
    "DirectoryMember",
    "DirectoryTotal",
    "DirectoryUser",
    "Domain",
    "EmailLink",
    "Entitlement",
    "ExternalIdentity",
    "IdpCertificate",
    "InstallationPolicy",
    "Invitation",
    "KeptAnswer",
    "Key",
    "Lease",
    "LocalIdentity",
    "Membership",
    "Organization",
    "OrganizationSetting",
    "OutboxEvent",
    "OutgoingMail",
    "Person",
    "Project",
    "ProviderDocument",
    "ProvisioningLog",
    "RecoveryCode",
    "Resource",
    "ResourceGrant",
    "ResourceKind",
    "Role",
    "Row",
    "Rule",
    "ScimClient",
    "ScimToken",
    "Session",
    "SetupLink",
    "SignInTrace",
    "SignOn",
    "SignOnRequest",
    "SigningKey",
    "SpentMessage",
    "StoredPlan",
    "Suspension",
    "Team",
    "TestLink",
    "TestSignIn",
    "Throttle",
    "Tombstone",
    "Withheld",
    "metadata",
]
