"""PingOne: SAML or OpenID Connect, and a provisioning connection of its own that a rule sets in motion."""

from __future__ import annotations

from types import MappingProxyType

from connector.admin.guides.model import APP, Ask, Choice, Copy, Failure, Guide, Place, Proof, Step, Table, Track

_APPS = ("Applications", "Applications")
_CONFIGURATION = (*_APPS, APP, "Configuration")
_MAPPINGS = (*_APPS, APP, "Attribute Mappings")
_ACCESS = (*_APPS, APP, "Access")
_PROVISIONING = ("Integrations", "Provisioning")
_CONNECTION = (*_PROVISIONING, "your connection", "Configuration")
_RULES = (*_PROVISIONING, "Rules")

_ASSIGN = Step(
    title="Choose who may sign in, and switch the app on",
    path=("Access",),
    text=(
        "Add the groups whose people are to sign in, and one with yourself in it. Then turn the switch at the top right on: a new"
        " app is off.",
    ),
)

_SAML = Track(
    kind="saml",
    title="SAML 2.0",
    intro="Take this one if nothing speaks for the other: groups come as a whole list, however many there are.",
    steps=(
        Step(
            title="Create the app",
            path=(*_APPS, "+", "SAML Application", "Configure"),
            text=("Give the app the name that your people know. Choose *Manually Enter*, copy these two addresses, and *Save*.",),
            copies=(Copy("ACS URLs", "{acs_url}"), Copy("Entity ID", "{entity_id}")),
            note="*Import from URL* does it by itself, where PingOne can reach us: give it our metadata address, which is the"
            " same as the Entity ID.",
        ),
        Step(
            title="Sign the assertion",
            path=("Configuration", "pencil"),
            choices=(Choice("Sign", "Assertion"), Choice("Signing algorithm", "RSA_SHA256")),
        ),
        Step(
            title="Say what PingOne tells about people",
            path=("Attribute Mappings", "pencil"),
            text=(
                "Keep `saml_subject` as *User ID*: it never changes. Some guides tell you to set it to Email Address; do not.",
                "Group IDs survive a renaming, group names are easier to read: choose one of them for `groups`.",
            ),
            table=Table(
                ("Attributes", "PingOne Mappings"),
                (
                    ("saml_subject", "User ID"),
                    ("email", "Email Address"),
                    ("firstName", "Given Name"),
                    ("lastName", "Family Name"),
                    ("groups", "Group Names, or Group IDs"),
                ),
            ),
        ),
        _ASSIGN,
        Step(
            title="Give us the metadata",
            path=("Configuration",),
            text=("Copy the *IdP Metadata URL* and paste it here. We read it again every day.",),
            asks=(
                Ask("metadata_url", "IdP Metadata URL", "https://auth.pingone.com/…/saml20/metadata/…"),
                Ask("metadata_file", "Download Metadata"),
                Ask("metadata_paste", "Download Metadata", "<md:EntityDescriptor …>"),
            ),
        ),
    ),
)

_OIDC = Track(
    kind="oidc",
    title="OpenID Connect",
    intro="Take this one if you do not want SAML.",
    steps=(
        Step(
            title="Create the app",
            path=(*_APPS, "+", "OIDC Web App", "Save"),
            text=("Give the app the name that your people know.",),
        ),
        Step(
            title="Tell PingOne where we are",
            path=("Configuration", "pencil"),
            copies=(Copy("Redirect URIs", "{redirect_uri}"),),
            choices=(
                Choice("Response Type", "Code"),
                Choice("Grant Type", "Authorization Code"),
                Choice("Token Endpoint Authentication Method", "Client Secret Basic"),
            ),
        ),
        Step(
            title="Let PingOne tell about people",
            path=("Resources", "pencil"),
            text=(
                "Add the scopes `profile` and `email`. Then, under *Attribute Mappings*, add `groups` with Group Names or Group"
                " IDs, and keep `sub` as User ID.",
            ),
            warning="Of somebody in more than 25 groups the ID token has a mark instead of the list, which says nothing. Have"
            " PingOne deliver `groups` by UserInfo, and let this connection ask there (its option *userinfo*).",
        ),
        _ASSIGN,
        Step(
            title="Give us issuer and client",
            path=("Overview",),
            text=("Copy these three.",),
            asks=(
                Ask("oidc_issuer", "Issuer ID", "https://auth.pingone.com/1b2c3d4e-…/as"),
                Ask("client_id", "Client ID"),
                Ask("client_secret", "Client Secret"),
            ),
        ),
    ),
)

_SCIM = Track(
    kind="scim",
    title="Push users and groups (SCIM)",
    intro="A connection says where to push, and a rule whom. Make the token here first: until then we take no pushes.",
    steps=(
        Step(
            title="Make the connection",
            path=(*_PROVISIONING, "+", "New connection", "Identity Store", "SCIM Outbound"),
            text=("Copy these values, then press *Test connection*.",),
            copies=(
                Copy("SCIM base URL", "{scim_base_url}"),
                Copy("OAuth Access Token", "{token}"),
            ),
            choices=(
                Choice("Users resource", "/Users"),
                Choice("Groups resource", "/Groups"),
                Choice("SCIM version", "2.0"),
                Choice("Authentication method", "OAuth 2 Bearer Token"),
                Choice("Auth type header", "Bearer"),
            ),
            proof=Proof("Test connection", "PingOne says that the test was good.", "scim_request"),
        ),
        Step(
            title="Choose what PingOne does",
            path=("Preferences",),
            text=("Let it create, update and disable people. Then *Save*, and turn the connection's switch on.",),
            choices=(Choice("User identifier", "userName"), Choice("Remove action", "Disable")),
        ),
        Step(
            title="Make the rule",
            path=(*_RULES, "+", "New rule"),
            text=(
                "Choose PingOne as the source and your connection as the target. As *User Filter* enter whom to push, for example"
                " Enabled equals true.",
                "In *Attribute Mapping* add the row below: only so are people who are pushed and people who sign in the same. Add"
                " the groups that roles and teams are to come from, and turn the rule's switch on.",
            ),
            table=Table(("SCIM attribute", "PingOne attribute"), (("externalId", "User ID"),)),
            warning="A connection without an enabled rule pushes nothing, however good its test was.",
            proof=Proof("Save", "The people and groups appear here.", "scim_user"),
        ),
    ),
)

GUIDE = Guide(
    idp="ping",
    name="PingOne",
    also_known=("Ping Identity", "PingFederate", "PingOne for Enterprise"),
    as_of="November 2026",
    intro=(
        "We recommend SAML, and a provisioning connection beside it, so that PingOne tells us when somebody joins, changes groups"
        " or leaves.",
        "This guide is for PingOne, the cloud service. PingFederate, the server, connects as any SAML or OpenID provider does."
        " You need an administrator of the environment.",
    ),
    recommended=("saml", "scim"),
    people_link_by="the User ID: pushed as `externalId` by the rule's mapping, sent at sign-in as `saml_subject` or `sub`",
    authority="directory",
    reminder="PingOne's signing keys belong to the environment; which one an app uses is chosen at the app. Wait with choosing"
    " another one until it is shown here. After a change refresh the metadata.",
    tracks=(_SAML, _OIDC, _SCIM),
    places=MappingProxyType(
        {
            "acs_url": Place("ACS URLs", _CONFIGURATION),
            "entity_id": Place("Entity ID", _CONFIGURATION),
            "redirect_uri": Place("Redirect URIs", _CONFIGURATION),
            "assign": Place("Access", _ACCESS),
            "signing": Place("Sign", _CONFIGURATION),
            "algorithm": Place("Signing algorithm", _CONFIGURATION),
            "certificate": Place("Configuration", _CONFIGURATION),
            "metadata": Place("IdP Metadata URL", _CONFIGURATION),
            "subject": Place("saml_subject", _MAPPINGS),
            "email": Place("Attribute Mappings", _MAPPINGS),
            "groups": Place("Attribute Mappings", _MAPPINGS),
            "issuer": Place("Issuer ID", _CONFIGURATION),
            "client": Place("Client Secret", _CONFIGURATION),
            "scim_url": Place("SCIM base URL", _CONNECTION),
            "scim_token": Place("OAuth Access Token", _CONNECTION),
            "scim_assign": Place("User Filter", _RULES),
            "scim_attributes": Place("Attribute Mapping", _RULES),
            "scim_groups": Place("Rules", _RULES),
        }
    ),
    failures=(
        Failure(
            "The app is off; nothing arrives here",
            ("never_answered",),
            "Switch the application on, at the top right of *Applications*.",
            (*_APPS, APP),
        ),
        Failure(
            "The person is in none of the app's groups; nothing arrives here",
            ("never_answered", "oidc_access_denied"),
            "Add a group of this person under *Access*.",
            _ACCESS,
        ),
        Failure(
            "Test calls arrive, and nothing else",
            ("scim_silent",),
            "A connection pushes nothing without an enabled rule: look under *Rules*.",
            _RULES,
        ),
        Failure(
            "Pushed people have no `externalId`: they link by user name or e-mail only",
            ("not_in_directory", "link_ambiguous"),
            "Map User ID to `externalId` under *Attribute Mapping* of the rule, and look whether the *User Filter* has this"
            " person.",
            _RULES,
        ),
        Failure(
            "Somebody we know comes with another subject",
            ("second_subject",),
            "*saml_subject* was changed: set it back to User ID, or unlink these people here so that they link anew.",
            _MAPPINGS,
        ),
        Failure(
            "A mark instead of groups, of people in more than 25",
            ("groups_unknown",),
            "PingOne cuts lists of more than 25 groups in ID tokens: have `groups` under *Attribute Mappings* delivered by"
            " UserInfo, and let this connection ask there.",
            _MAPPINGS,
        ),
    ),
    sources=(
        "Ping Identity documentation: edit an application (SAML); OIDC resources; create a web application; create a SCIM"
        " connection; SCIM provisioning features; external groups; propagation store",
        "Integration guides of WorkOS, SSOReady, Lookout and Cameyo",
    ),
)
