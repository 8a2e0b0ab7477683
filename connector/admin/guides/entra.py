"""Microsoft Entra ID: SAML with SCIM in the same enterprise app; OpenID Connect by an app registration, which cannot push."""

from __future__ import annotations

from connector.admin.guides.entra_console import APPS, FAILURES, PLACES
from connector.admin.guides.model import APP, Ask, Choice, Copy, Guide, Proof, Step, Table, Track

_ASSIGN = Step(
    title="Choose who may sign in",
    path=("Users and groups", "Add user/group"),
    text=(
        "Assign the people or groups who are to sign in, and yourself, so that you can test. Microsoft stops everybody else on a"
        " page of its own, usually with the number AADSTS50105: nothing of it arrives here.",
    ),
    note="Assigning groups needs Entra ID P1 or P2. People of groups inside an assigned group do not count: only direct members"
    " do.",
)

_SAML = Track(
    kind="saml",
    title="SAML 2.0",
    intro="Take this one: the same enterprise app signs people in and pushes them.",
    steps=(
        Step(
            title="Create the app",
            path=(*APPS, "New application", "Create your own application"),
            text=(
                "Sign in at entra.microsoft.com as Cloud Application Administrator. Give the app the name that your people know,"
                " choose *Integrate any other application you don't find in the gallery (Non-gallery)* and press *Create*.",
            ),
            note="Older menus: Identity > Applications > Enterprise applications.",
        ),
        Step(
            title="Tell Entra where we are",
            path=("Manage", "Single sign-on", "SAML", "Basic SAML Configuration", "Edit"),
            text=("Copy these addresses into the fields of the same name, whole, then press *Save*.",),
            copies=(
                Copy("Identifier (Entity ID)", "{entity_id}"),
                Copy("Reply URL (Assertion Consumer Service URL)", "{acs_url}"),
                Copy("Sign on URL", "{login_url}"),
            ),
        ),
        Step(
            title="Say what Entra tells about people",
            path=("Attributes & Claims", "Edit"),
            text=(
                "The claims that are there do: we understand Microsoft's long names. People are known by their object id, which"
                " never changes; Entra usually sends it by itself, and our test sign-in tells if not.",
                "Have your people no mailbox in Microsoft 365? Then change the source of `emailaddress` to the transformation"
                " `IfEmpty(user.mail, user.userprincipalname)`.",
            ),
            table=Table(
                ("Claim name", "Value"),
                (
                    ("emailaddress", "user.mail"),
                    ("givenname", "user.givenname"),
                    ("surname", "user.surname"),
                    ("name", "user.userprincipalname"),
                ),
            ),
        ),
        Step(
            title="Let Entra tell the groups",
            path=("Attributes & Claims", "Edit", "Add a group claim"),
            text=(
                "Entra then sends the ids of groups, which survive a renaming. To have names instead, choose *Cloud-only group"
                " display names*, which groups synchronized from Active Directory do not have.",
            ),
            choices=(
                Choice(
                    "Which groups associated with the user should be returned in the claim?", "Groups assigned to the application"
                ),
                Choice("Source attribute", "Group ID"),
            ),
            warning="With *All groups*, Entra sends a link instead of the list for people in more than 150 groups. A link says"
            " nothing: such a sign-in changes no roles.",
        ),
        _ASSIGN,
        Step(
            title="Give us the metadata",
            path=("Single sign-on", "SAML Certificates"),
            text=("Copy the *App Federation Metadata Url* and paste it here. We read it again every day.",),
            asks=(
                Ask(
                    "metadata_url",
                    "App Federation Metadata Url",
                    "https://login.microsoftonline.com/1b2c…/federationmetadata/2007-06/federationmetadata.xml?appid=3d4e…",
                ),
                Ask("metadata_file", "Federation Metadata XML"),
                Ask("metadata_paste", "Federation Metadata XML", "<EntityDescriptor …>"),
            ),
            warning="Take the address of this very app, with `appid` at its end. Every app has a certificate of its own.",
            note="Entra's own *Test* is refused here as long as the connection is a draft: use our test sign-in.",
        ),
    ),
)

_OIDC = Track(
    kind="oidc",
    title="OpenID Connect",
    intro="Take this one if you do not want SAML. An app registration cannot push: that needs a second, non-gallery app, with the"
    " same people assigned to both.",
    steps=(
        Step(
            title="Register the app",
            path=("Entra ID", "App registrations", "New registration"),
            text=("Give the app the name that your people know. For *Redirect URI* choose the platform *Web*, then *Register*.",),
            copies=(Copy("Redirect URI", "{redirect_uri}"),),
            choices=(Choice("Supported account types", "Accounts in this organizational directory only"),),
        ),
        Step(
            title="Make a secret",
            path=("Certificates & secrets", "New client secret"),
            text=(
                "It ends after at most 24 months; Microsoft advises less than 12. Copy the *Value* at once: it is shown once.",
            ),
            asks=(Ask("client_secret", "Value"),),
            warning="The *Secret ID* beside it is not the secret. Note the day on which the secret ends: from then on nobody can"
            " sign in.",
        ),
        Step(
            title="Say what Entra tells about people",
            path=("Token configuration", "Add optional claim", "ID"),
            text=("Tick `email`, `family_name` and `given_name`, press *Add*, and accept the permission of Microsoft Graph.",),
        ),
        Step(
            title="Let Entra tell the groups",
            path=("Token configuration", "Add groups claim"),
            text=("Entra then sends the ids of groups, which survive a renaming.",),
            choices=(Choice("Select group types", "Groups assigned to the application"),),
            warning="With *All groups*, Entra sends a link instead of the list for people in more than 200 groups, which says"
            " nothing.",
        ),
        Step(
            title="Choose who may sign in",
            path=(*APPS, APP, "Users and groups"),
            text=(
                "The registration has an enterprise app of the same name. Assign people or groups there, and yourself, so that"
                " you can test.",
            ),
        ),
        Step(
            title="Give us issuer and client",
            path=("App registrations", APP, "Overview"),
            text=(
                "The issuer is made of the *Directory (tenant) ID*: put it into the address below in the place of TENANT-ID:"
                " `https://login.microsoftonline.com/TENANT-ID/v2.0`.",
            ),
            asks=(
                Ask("oidc_issuer", "Issuer", "https://login.microsoftonline.com/1b2c3d4e-…/v2.0"),
                Ask("client_id", "Application (client) ID", "5f6a7b8c-…"),
            ),
            warning="Never `common` in the place of the tenant: with it every Microsoft account could come in, and we refuse it.",
        ),
    ),
)

_SCIM = Track(
    kind="scim",
    title="Push users and groups (SCIM)",
    intro="Entra tells us about every 40 minutes who comes, who changes and who leaves. Make the token here first: until then we"
    " take no pushes.",
    steps=(
        Step(
            title="Tell Entra where to push",
            path=(*APPS, APP, "Provisioning", "Connect your application"),
            text=("The button may be called *New configuration*; in older menus it is *Get started* > *Automatic*.",),
            copies=(
                Copy("Tenant URL", "{scim_base_url}?aadOptscim062020", "The end of it makes Entra speak today's SCIM: keep it."),
                Copy("Secret token", "{token}", "Without it Entra sends a token of its own, which we refuse."),
            ),
            choices=(Choice("Authentication method", "Bearer authentication"),),
            proof=Proof(
                "Test connection", "Entra asks for somebody who is not there, and is content. Then *Create*.", "scim_request"
            ),
        ),
        Step(
            title="Map the attributes of people",
            path=("Provisioning", "Attribute mapping", "Users"),
            text=(
                "Change the source of `externalId` from mailNickname to `objectId`: only so are people who are pushed and people"
                " who sign in the same. Keep the rows below, and delete the others.",
            ),
            table=Table(
                ("Application attribute", "Microsoft Entra ID attribute"),
                (
                    ("userName", "userPrincipalName (matching)"),
                    ("externalId", "objectId"),
                    ("active", "as it is"),
                    ('emails[type eq "work"].value', "mail, or userPrincipalName where people have no mailbox"),
                    ("name.givenName", "givenName"),
                    ("name.familyName", "surname"),
                ),
            ),
        ),
        Step(
            title="Map the attributes of groups",
            path=("Provisioning", "Attribute mapping", "Groups"),
            table=Table(
                ("Application attribute", "Microsoft Entra ID attribute"),
                (("displayName", "displayName (matching)"), ("externalId", "objectId"), ("members", "members")),
            ),
        ),
        Step(
            title="Choose who is pushed",
            path=("Users and groups", "Add user/group"),
            text=("Assign the groups that roles and teams are to come from. Only their direct members are pushed.",),
            choices=(Choice("Scope", "Sync only assigned users and groups"),),
        ),
        Step(
            title="Push one person, to see it work",
            path=("Provisioning", "Provision on demand"),
            text=("Choose somebody who is assigned. This does not wait for the next cycle.",),
            proof=Proof("Provision on demand", "Each of the steps that Entra shows has succeeded.", "scim_user"),
        ),
        Step(
            title="Start",
            path=("Provisioning", "Overview", "Start provisioning"),
            text=(
                "Before, give an address for warnings under *Properties*, and switch *accidental deletion prevention* on there.",
                "From now on Entra comes about every 40 minutes; this cannot be changed. Whoever is deleted at Entra is"
                " deactivated here at once, and deleted about 30 days later.",
            ),
            warning="When our token has ended, Entra tries less and less often, and after four weeks not at all. We warn owners"
            " 30, 7 and 1 days before.",
            proof=Proof("Start provisioning", "The groups appear here, with their members.", "scim_group"),
        ),
    ),
)

GUIDE = Guide(
    idp="entra",
    name="Microsoft Entra ID",
    also_known=("Azure AD", "Azure Active Directory", "Microsoft 365", "Office 365"),
    as_of="November 2026",
    intro=(
        "We recommend SAML with SCIM in the same enterprise app: Entra signs people in, and tells us when somebody joins, changes"
        " groups or leaves.",
        "You need the role Cloud Application Administrator. Plan fifteen minutes, and as much again for pushing.",
    ),
    recommended=("saml", "scim"),
    people_link_by="the object id: pushed as `externalId`, sent at sign-in as the claim `objectidentifier` (OpenID Connect:"
    " `oid`)",
    authority="directory",
    reminder="Entra makes a certificate per app, for 3 years, and mails 60, 30 and 7 days before its end. Make a new one in time"
    " and press *Make certificate active* only when it is shown here. If the old one has ended, Entra uses the new one at once.",
    secret_reminder="Client secrets of OpenID Connect end after 24 months at the latest: note the day.",
    tracks=(_SAML, _OIDC, _SCIM),
    places=PLACES,
    failures=FAILURES,
    sources=(
        "Microsoft Learn, Entra documentation: add an enterprise application; set up single sign-on; certificate signing options;"
        " manage federation certificates; customize SAML claims; group claims; optional claims; add credentials; develop a SCIM"
        " endpoint; SCIM compatibility; how provisioning works; quarantine; known issues",
        "Integration guides of WorkOS, NetBird and SSOReady",
    ),
)
