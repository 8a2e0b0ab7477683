"""JumpCloud: SAML with SCIM in the same app."""

from __future__ import annotations

from types import MappingProxyType

from connector.admin.guides.model import APP, Ask, Choice, Copy, Failure, Guide, Place, Proof, Step, Table, Track

_APPS = ("Access", "SSO Applications")
_SSO = (*_APPS, APP, "SSO")
_GROUPS = (*_APPS, APP, "User Groups")
_IDENTITY = (*_APPS, APP, "Identity Management")

_CHOOSE_PEOPLE = Step(
    title="Choose who may sign in",
    path=("User Groups",),
    text=(
        "Select the groups whose people are to sign in, and one with yourself in it, so that you can test. Then press *Save*."
        " JumpCloud stops everybody else: nothing of it arrives here.",
    ),
)

_SAML = Track(
    kind="saml",
    title="SAML 2.0",
    intro="Take this one: the same app signs people in and pushes them.",
    steps=(
        Step(
            title="Create the app",
            path=(*_APPS, "Add New Application", "Custom Application", "Select", "Next"),
            text=(
                "Sign in at console.jumpcloud.com. Tick *Manage Single Sign-On (SSO)* with *Configure SSO with SAML*, and *Export"
                " users to this app (Identity Management)*.",
                "Give it the label that your people know, then *Save* and *Configure Application*.",
            ),
            note="Older menus: User Authentication > SSO Applications.",
        ),
        Step(
            title="Tell JumpCloud where we are",
            path=("SSO",),
            text=("Copy these values into the fields of the same name, whole.",),
            copies=(
                Copy(
                    "IdP Entity ID",
                    "{entity_id}/jumpcloud",
                    "How JumpCloud calls itself towards us. Any text will do that you use nowhere else; we propose this one.",
                ),
                Copy("SP Entity ID", "{entity_id}"),
                Copy("ACS URLs", "{acs_url}"),
            ),
            choices=(
                Choice("SAMLSubject NameID", "email"),
                Choice("SAMLSubject NameID Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
                Choice("Sign", "Assertion"),
                Choice("Declare Redirect Endpoint", "ticked"),
            ),
            warning="*Sign* is easily overlooked: as it stands at first, JumpCloud does not sign the part that says who somebody"
            " is.",
        ),
        Step(
            title="Say what JumpCloud tells about people",
            path=("SSO", "Attributes"),
            text=("Add these three lines, tick *include group attribute* and name it `groups`. Then press *Save*.",),
            table=Table(
                ("Service Provider Attribute Name", "JumpCloud Attribute Name"),
                (("email", "email"), ("firstName", "firstname"), ("lastName", "lastname")),
            ),
        ),
        _CHOOSE_PEOPLE,
        Step(
            title="Give us the metadata",
            path=("SSO",),
            text=(
                "Save first, so that the metadata hold what you have just chosen. Then use *Copy Metadata URL*, or *Export"
                " Metadata*.",
            ),
            asks=(
                Ask("metadata_url", "Copy Metadata URL", "https://sso.jumpcloud.com/saml2/…"),
                Ask("metadata_file", "Export Metadata", "JumpCloud-metadata.xml"),
                Ask("metadata_paste", "Export Metadata", "<md:EntityDescriptor …>"),
            ),
            note="The last part of the *IDP URL* cannot be changed later.",
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
            path=(*_APPS, "Add New Application", "Custom Application", "Select", "Next"),
            text=(
                "Tick *Manage Single Sign-On (SSO)* with *Configure SSO with OIDC*. Give it a label, then *Configure"
                " Application*.",
            ),
        ),
        Step(
            title="Tell JumpCloud where we are",
            path=("SSO",),
            copies=(Copy("Redirect URIs", "{redirect_uri}"), Copy("Login URL", "{login_url}")),
            choices=(Choice("Client Authentication Type", "Client Secret Basic"), Choice("Standard Scopes", "Email, Profile")),
        ),
        Step(
            title="Say what JumpCloud tells about people",
            path=("SSO", "Attributes"),
            text=("Remove attributes that are there twice. Tick *include group attribute* and name it `groups`.",),
        ),
        _CHOOSE_PEOPLE,
        Step(
            title="Give us issuer and client",
            path=("Activate",),
            text=("JumpCloud shows id and secret in this one dialog, and never again: copy both.",),
            asks=(
                Ask("oidc_issuer", "Issuer", "https://oauth.id.jumpcloud.com/"),
                Ask("client_id", "Client ID"),
                Ask("client_secret", "Client Secret"),
            ),
            warning="The slash at the end of the issuer belongs to it. Accounts of other regions than the United States have"
            " another host.",
        ),
    ),
)

_SCIM = Track(
    kind="scim",
    title="Push users and groups (SCIM)",
    intro="JumpCloud tells us who comes, who changes and who leaves. Make the token here first: activation writes to us, and"
    " fails while we take nothing.",
    steps=(
        Step(
            title="Tell JumpCloud where to push",
            path=(*_APPS, APP, "Identity Management"),
            text=(
                "*Test User Email* must be an address that nobody has, in a domain of yours: JumpCloud makes that person here,"
                " and deletes them.",
            ),
            copies=(Copy("Base URL", "{scim_base_url}"), Copy("Token Key", "{token}")),
            choices=(Choice("API Type", "SCIM API"), Choice("SCIM Version", "SCIM 2.0")),
            proof=Proof("Test Connection", "JumpCloud shows that the test was good.", "scim_request"),
        ),
        Step(
            title="Activate",
            path=("Identity Management", "Activate"),
            text=("Switch *Group Management* ON, press *Activate*, then *Save*. A test user and a test group come and go.",),
            proof=Proof("Activate", "JumpCloud shows that the integration is active.", "scim_user"),
        ),
        Step(
            title="Choose who is pushed",
            path=("User Groups",),
            text=(
                "Select the groups. They give access, and are pushed with their members. A group without members is not made"
                " here.",
            ),
            warning="A group that you take off the app stays here as it is, while its people are deactivated unless another group"
            " holds them. Remove the people from it first, or delete the group.",
            proof=Proof("Save", "The groups appear here, with their members.", "scim_group"),
        ),
    ),
)

GUIDE = Guide(
    idp="jumpcloud",
    name="JumpCloud",
    also_known=("JumpCloud Directory",),
    as_of="November 2026",
    intro=(
        "We recommend SAML with SCIM in the same app: JumpCloud signs people in, and tells us when somebody joins, changes groups"
        " or leaves.",
        "You need an administrator of JumpCloud. Plan ten minutes, and ten more for pushing.",
    ),
    recommended=("saml", "scim"),
    people_link_by="the e-mail address, inside a domain that you have verified here",
    authority="directory",
    reminder="JumpCloud warns its admins 60, 30, 7 and 1 days before a certificate ends. *Regenerate* ends the old key at once:"
    " where we read the metadata by URL, refresh them here right afterwards; else upload the new file at once.",
    tracks=(_SAML, _OIDC, _SCIM),
    places=MappingProxyType(
        {
            "acs_url": Place("ACS URLs", _SSO),
            "entity_id": Place("SP Entity ID", _SSO),
            "redirect_uri": Place("Redirect URIs", _SSO),
            "assign": Place("User Groups", _GROUPS),
            "signing": Place("Sign", _SSO),
            "certificate": Place("Regenerate", (*_SSO, "Actions")),
            "metadata": Place("Copy Metadata URL", _SSO),
            "subject": Place("SAMLSubject NameID", _SSO),
            "email": Place("Attributes", _SSO),
            "groups": Place("include group attribute", _SSO),
            "issuer": Place("SSO", _SSO),
            "client": Place("SSO", _SSO),
            "scim_url": Place("Base URL", _IDENTITY),
            "scim_token": Place("Token Key", _IDENTITY),
            "scim_assign": Place("User Groups", _GROUPS),
            "scim_attributes": Place("Identity Management", _IDENTITY),
            "scim_groups": Place("Group Management", _IDENTITY),
        }
    ),
    failures=(
        Failure(
            "The assertion is not signed",
            ("saml_signature_missing",),
            "Set *Sign* to Assertion and save.",
            _SSO,
        ),
        Failure(
            "The metadata have no redirect endpoint, or an old key",
            ("metadata_incomplete", "saml_unknown_key", "saml_signature_invalid"),
            "Tick *Declare Redirect Endpoint*, save, and export the metadata again: those we have are from before.",
            _SSO,
        ),
        Failure(
            "JumpCloud does not let the person in; nothing arrives here",
            ("never_answered", "oidc_access_denied"),
            "Select a group that contains this person under *User Groups*.",
            _GROUPS,
        ),
        Failure(
            "Activation fails with 403: the directory is off here",
            ("directory_off",),
            "Create the token here first, which lets pushes in, then *Activate* again.",
            _IDENTITY,
        ),
        Failure(
            "Activation fails with 409: the test address is taken",
            ("uniqueness",),
            "Enter a *Test User Email* that nobody has; if it is another person, two of them have the same user name.",
            _IDENTITY,
        ),
        Failure(
            "The issuer differs by its slash or its region",
            ("oidc_issuer_differs", "oidc_issuer", "oidc_discovery_invalid"),
            "Enter the issuer exactly as the discovery document of this *SSO* app says it, with the slash at its end.",
            _SSO,
        ),
        Failure(
            "Nothing is pushed",
            ("scim_silent", "not_in_directory"),
            "Press *Activate* under *Identity Management*, and select a group with everybody to be pushed under *User Groups*.",
            _IDENTITY,
        ),
    ),
    sources=(
        "JumpCloud support: SSO using custom SAML application connectors; connector fields; SSO with OIDC; OIDC attributes;"
        " custom SCIM identity management; manage and rotate certificates",
        "Integration guides of WorkOS, SSOReady, NetBird, PropelAuth and Hoop",
    ),
)
