"""The console of Microsoft Entra: where things are set, and the mistakes that are made there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connector.admin.guides.model import APP, Failure, Place, PlaceName

APPS = ("Entra ID", "Enterprise apps")
SSO = (*APPS, APP, "Single sign-on")
BASIC = (*SSO, "Basic SAML Configuration", "Edit")
CLAIMS = (*SSO, "Attributes & Claims", "Edit")
CERTIFICATES = (*SSO, "SAML Certificates")
USERS = (*APPS, APP, "Users and groups")
PROVISIONING = (*APPS, APP, "Provisioning")
MAPPING = (*PROVISIONING, "Attribute mapping")
REGISTRATION = ("Entra ID", "App registrations", APP)
SECRETS = (*REGISTRATION, "Certificates & secrets")

PLACES: Mapping[PlaceName, Place] = MappingProxyType(
    {
        "acs_url": Place("Reply URL (Assertion Consumer Service URL)", BASIC),
        "entity_id": Place("Identifier (Entity ID)", BASIC),
        "redirect_uri": Place("Redirect URI", (*REGISTRATION, "Authentication")),
        "assign": Place("Users and groups", USERS),
        "signing": Place("Signing Option", (*CERTIFICATES, "Edit")),
        "algorithm": Place("Signing Algorithm", (*CERTIFICATES, "Edit")),
        "encryption": Place("Token encryption", (*APPS, APP, "Security", "Token encryption")),
        "certificate": Place("SAML Certificates", CERTIFICATES),
        "metadata": Place("App Federation Metadata Url", CERTIFICATES),
        "subject": Place("Unique User Identifier (Name ID)", CLAIMS),
        "email": Place("Attributes & Claims", CLAIMS),
        "groups": Place("Add a group claim", CLAIMS),
        "issuer": Place("Directory (tenant) ID", (*REGISTRATION, "Overview")),
        "client": Place("Certificates & secrets", SECRETS),
        "scim_url": Place("Tenant URL", PROVISIONING),
        "scim_token": Place("Secret token", PROVISIONING),
        "scim_assign": Place("Users and groups", USERS),
        "scim_attributes": Place("Attribute mapping", MAPPING),
        "scim_groups": Place("Users and groups", USERS),
        "log": Place("Sign-in logs", (*APPS, APP, "Sign-in logs")),
    }
)

FAILURES = (
    Failure(
        "Microsoft shows a page with a number that begins with AADSTS; nothing arrives here",
        ("never_answered", "oidc_access_denied"),
        "Microsoft stopped this sign-in: look for the AADSTS number on its page. Mostly the person is not assigned under *Users"
        " and groups*, or *Identifier (Entity ID)* or *Reply URL (Assertion Consumer Service URL)* is not ours.",
        USERS,
    ),
    Failure(
        "No e-mail claim; pushed people have no `emails`",
        ("email_missing",),
        "Entra sent no e-mail, as the person has no mailbox: under *Attributes & Claims* take it from userPrincipalName.",
        CLAIMS,
    ),
    Failure(
        "Pushed people have a short name as `externalId`, and whoever signs in is a stranger",
        ("not_in_directory", "link_ambiguous"),
        "Entra pushes mailNickname as `externalId`: under *Attribute mapping* set its source to objectId, then choose *Restart"
        " provisioning*. If the person was never pushed, assign them, or use *Provision on demand*.",
        MAPPING,
    ),
    Failure(
        "The token endpoint refuses the client (usually AADSTS7000215 or AADSTS7000222)",
        ("oidc_client_refused",),
        "Under *Certificates & secrets* copy the secret's *Value*, not its *Secret ID*. If it has expired, make a new one.",
        SECRETS,
    ),
    Failure(
        "A link instead of groups (`groups.link`, `_claim_names`, `hasgroups`)",
        ("groups_unknown",),
        "Entra sends a link instead of too many groups, or no groups at all: choose *Groups assigned to the application* under"
        " *Add a group claim*, or push the groups.",
        CLAIMS,
    ),
    Failure(
        "Nothing is pushed for hours",
        ("scim_silent",),
        "Entra works in cycles of 40 minutes: use *Provision on demand* to see one person at once, and look for a quarantine"
        " under *Overview*. Who was assigned again or became active again may need *Restart provisioning*.",
        (*PROVISIONING, "Overview"),
    ),
    Failure(
        "The sign-in began at Microsoft's tile",
        ("unsolicited",),
        "Enter our sign-in address as *Sign on URL*: then the tile leads here. Or allow this in the options of this connection.",
        BASIC,
    ),
    Failure(
        "Somebody we know comes with another object id",
        ("second_subject",),
        "Their account at Entra is new, or it is another person with the same address. If it is still them, unlink them here.",
        (),
    ),
    Failure(
        "No object id in the assertion",
        ("saml_subject",),
        "Entra usually sends the object id by itself, as the claim `objectidentifier`: if it was restricted under *Attributes &"
        " Claims*, let it be sent again.",
        CLAIMS,
    ),
    Failure(
        "The ID token does not say when somebody signed in",
        ("oidc_not_reauthenticated",),
        "Under *Token configuration* add the optional claim `auth_time`, or do not ask for signing in anew in this connection.",
        (*REGISTRATION, "Token configuration"),
    ),
    Failure(
        "Requests end with 404",
        ("not_found",),
        "Paste the base URL into *Tenant URL* exactly, with nothing behind it but `?aadOptscim062020`. If it is right, the person"
        " or group is gone here: assign them again.",
        PROVISIONING,
    ),
    Failure(
        "Entra's own token arrives instead of ours",
        ("token_missing", "token_unknown"),
        "Paste the whole token of this connection into *Secret token*: when the field is empty, Entra sends a token of its own.",
        PROVISIONING,
    ),
    Failure(
        "The answer is of another issuer",
        ("oidc_issuer_differs", "oidc_issuer", "oidc_tenant"),
        "The issuer is made of the *Directory (tenant) ID*: `https://login.microsoftonline.com/TENANT-ID/v2.0`, never with"
        " `common`.",
        (*REGISTRATION, "Overview"),
    ),
)
