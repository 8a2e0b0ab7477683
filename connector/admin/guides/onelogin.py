"""OneLogin: one app, "SCIM Provisioner with SAML", for both."""

from __future__ import annotations

from types import MappingProxyType

from connector.admin.guides.model import APP, Ask, Choice, Copy, Failure, Guide, Place, Proof, Step, Table, Track

_APPS = ("Applications", "Applications")
_CONFIGURATION = (*_APPS, APP, "Configuration")
_SSO = (*_APPS, APP, "SSO")
_PARAMETERS = (*_APPS, APP, "Parameters")
_ACCESS = (*_APPS, APP, "Access")
_PROVISIONING = (*_APPS, APP, "Provisioning")

_TEMPLATE = """\
{
  "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
  "userName": "{$parameters.scimusername}",
  "externalId": "{$user.id}",
  "name": {"givenName": "{$user.firstname}", "familyName": "{$user.lastname}"},
  "emails": [{"value": "{$user.email}", "type": "work", "primary": true}]
}"""

_ASSIGN = Step(
    title="Choose who may sign in",
    path=("Access",),
    text=("Tick the roles whose people are to sign in, and one that you have, so that you can test. Then press *Save*.",),
)

_SAML = Track(
    kind="saml",
    title="SAML 2.0",
    intro="Take this one: the same app signs people in and pushes them, if it is of the right kind from the start.",
    steps=(
        Step(
            title="Create the app",
            path=(*_APPS, "Add App"),
            text=(
                "Search for *SCIM Provisioner with SAML (SCIM v2 Enterprise)*, give it the name that your people know, and press"
                " *Save*.",
            ),
            note="Without pushing, *SAML Custom Connector (Advanced)* will do. With pushing, take the other one from the start.",
        ),
        Step(
            title="Tell OneLogin where we are",
            path=("Configuration",),
            text=(
                "Copy these values into the fields of the same name, whole. The validator is our address once more, as an"
                " expression that matches it and nothing else.",
            ),
            copies=(
                Copy("Audience (EntityID)", "{entity_id}"),
                Copy("Recipient", "{acs_url}"),
                Copy("ACS (Consumer) URL Validator", "{acs_url|regex}"),
                Copy("ACS (Consumer) URL", "{acs_url}"),
                Copy("Login URL", "{login_url}"),
            ),
            choices=(
                Choice("SAML initiator", "Service Provider"),
                Choice("SAML signature element", "Assertion"),
            ),
            note="*SCIM Provisioner with SAML* has fewer fields and other names: there, *SAML Audience URL* takes what *Audience"
            " (EntityID)* takes, and *SAML Consumer URL* what *ACS (Consumer) URL* takes. Leave out what it does not have.",
        ),
        Step(
            title="Sign with SHA-256",
            path=("SSO",),
            text=("We refuse signatures with SHA-1.",),
            choices=(Choice("SAML Signature Algorithm", "SHA-256"),),
        ),
        Step(
            title="Say what OneLogin tells about people",
            path=("Parameters", "+"),
            text=(
                "Add these five, each with *Include in SAML assertion* ticked. `id` never changes, and joins whoever signs in to"
                " whom you push: our test sign-in tells if it does not fit. For `groups` tick *Multi-value parameter* too.",
            ),
            table=Table(
                ("Field name", "Value"),
                (
                    ("id", "OneLogin ID"),
                    ("email", "Email"),
                    ("firstName", "First Name"),
                    ("lastName", "Last Name"),
                    ("groups", "User Roles, or MemberOf where the groups come from Active Directory"),
                ),
            ),
        ),
        _ASSIGN,
        Step(
            title="Give us the metadata",
            path=("More Actions", "SAML Metadata"),
            text=("A file is downloaded. Give it to us.",),
            asks=(
                Ask("metadata_file", "SAML Metadata", "onelogin_metadata_12345.xml"),
                Ask("metadata_paste", "SAML Metadata", "<EntityDescriptor …>"),
                Ask("metadata_url", "Issuer URL", "https://app.onelogin.com/saml/metadata/1a2b…"),
            ),
            note="The *Issuer URL* on the *SSO* tab usually shows the same metadata. If it does, paste that address instead of"
            " the file: then we read it again every day.",
        ),
    ),
)

_OIDC = Track(
    kind="oidc",
    title="OpenID Connect",
    intro="Take this one if you do not want SAML. Pushing people then needs a second app, with the same roles on both.",
    steps=(
        Step(
            title="Create the app",
            path=(*_APPS, "Add App"),
            text=("Search for *OpenId Connect (OIDC)*, give it the name that your people know, and press *Save*.",),
        ),
        Step(
            title="Tell OneLogin where we are",
            path=("Configuration",),
            copies=(Copy("Redirect URI's", "{redirect_uri}"), Copy("Login URL", "{login_url}")),
            note="A new redirect URI takes up to ten minutes to work.",
        ),
        _ASSIGN,
        Step(
            title="Give us issuer and client",
            path=("SSO",),
            text=("The issuer is the address of your OneLogin account with `/oidc/2` behind it.",),
            asks=(
                Ask("oidc_issuer", "Issuer URL", "https://acme.onelogin.com/oidc/2"),
                Ask("client_id", "Client ID"),
                Ask("client_secret", "Client Secret"),
            ),
        ),
    ),
)

_SCIM = Track(
    kind="scim",
    title="Push users and groups (SCIM)",
    intro="OneLogin tells us who comes, who changes and who leaves. Make the token here first: until then we take no pushes.",
    steps=(
        Step(
            title="Tell OneLogin where to push",
            path=(*_APPS, APP, "Configuration", "API Connection"),
            text=(
                "The template says what is pushed of each person; its line `externalId` joins them to whoever signs in. Then"
                " press *Enable* and *Save*.",
            ),
            copies=(
                Copy("SCIM Base URL", "{scim_base_url}", "No slash at the end."),
                Copy("SCIM Bearer Token", "{token}"),
                Copy("SCIM JSON Template", _TEMPLATE),
            ),
            choices=(Choice("API Status", "Enable"),),
            proof=Proof("Enable", "*API Status* shows that it is enabled.", "scim_request"),
        ),
        Step(
            title="Switch provisioning on",
            path=("Provisioning",),
            text=(
                "Tick *Enable provisioning*. Under *Require admin approval before this action is performed* untick creating,"
                " deleting and updating people: otherwise each of them waits for a click.",
            ),
            choices=(
                Choice(
                    "When users are deleted in OneLogin, or the user's app access is removed, perform the below action", "Suspend"
                ),
                Choice("When user accounts are suspended in OneLogin, perform the following action", "Suspend"),
            ),
        ),
        Step(
            title="Push the groups",
            path=("Parameters", "Groups"),
            text=(
                "Tick *Include in User Provisioning*, then look at *SCIM Username*: it should be the user name or the e-mail"
                " address.",
            ),
        ),
        Step(
            title="Say which groups",
            path=("Rules", "Add Rule"),
            text=(
                "As action choose *Set Groups in* your app, for each role with a value that matches the names you want. Then"
                " *Provisioning* > *Refresh Entitlements*: OneLogin reads the groups that we have.",
            ),
            warning="Taking a group away sends nothing, while people held only by it become inactive: empty the group first.",
            proof=Proof("Refresh Entitlements", "OneLogin asks us for our groups.", "scim_request"),
        ),
        Step(
            title="Push the first people",
            path=("Users",),
            text=("Who stands there as *Pending* waits for your approval: approve them, or the first push never happens.",),
            proof=Proof("Approve", "The people appear here within minutes.", "scim_user"),
        ),
    ),
)

GUIDE = Guide(
    idp="onelogin",
    name="OneLogin",
    also_known=("OneLogin by One Identity", "One Identity"),
    as_of="November 2026",
    intro=(
        "We recommend one app for both, *SCIM Provisioner with SAML*: OneLogin signs people in, and tells us when somebody joins,"
        " changes groups or leaves.",
        "You need an administrator of OneLogin. Plan fifteen minutes, and as much again for pushing.",
    ),
    recommended=("saml", "scim"),
    people_link_by="the OneLogin ID: pushed as `externalId`, sent at sign-in as the attribute `id`",
    authority="directory",
    reminder="OneLogin's certificate belongs to the whole account and all its apps (*Security* > *Certificates*); it warns a"
    " year, 90 and 45 days before the end, then daily. Give us the metadata of the new certificate before you choose it for the"
    " app under *SSO* > *Change*.",
    tracks=(_SAML, _OIDC, _SCIM),
    places=MappingProxyType(
        {
            "acs_url": Place("ACS (Consumer) URL", _CONFIGURATION),
            "entity_id": Place("Audience (EntityID)", _CONFIGURATION),
            "redirect_uri": Place("Redirect URI's", _CONFIGURATION),
            "assign": Place("Access", _ACCESS),
            "signing": Place("SAML signature element", _CONFIGURATION),
            "algorithm": Place("SAML Signature Algorithm", _SSO),
            "certificate": Place("Certificates", ("Security", "Certificates")),
            "metadata": Place("SAML Metadata", (*_APPS, APP, "More Actions")),
            "subject": Place("Parameters", _PARAMETERS),
            "email": Place("Parameters", _PARAMETERS),
            "groups": Place("Parameters", _PARAMETERS),
            "issuer": Place("Issuer URL", _SSO),
            "client": Place("Client Secret", _SSO),
            "scim_url": Place("SCIM Base URL", _CONFIGURATION),
            "scim_token": Place("SCIM Bearer Token", _CONFIGURATION),
            "scim_assign": Place("Access", _ACCESS),
            "scim_attributes": Place("SCIM JSON Template", _CONFIGURATION),
            "scim_groups": Place("Rules", (*_APPS, APP, "Rules")),
        }
    ),
    failures=(
        Failure(
            "The sign-in began at OneLogin's tile",
            ("unsolicited",),
            "Set *SAML initiator* to Service Provider and enter our sign-in address as *Login URL*: then the tile leads here.",
            _CONFIGURATION,
        ),
        Failure(
            "OneLogin refuses the sign-in; nothing arrives here",
            ("never_answered",),
            "*ACS (Consumer) URL Validator* must be the expression that this connection shows: our address, with a backslash"
            " before each slash and dot, between `^` and `$`.",
            _CONFIGURATION,
        ),
        Failure(
            "The person has no role with this app; nothing arrives here",
            ("never_answered", "oidc_access_denied"),
            "Give the person a role that is ticked under *Access*.",
            _ACCESS,
        ),
        Failure(
            "The signature is made with SHA-1",
            ("saml_algorithm",),
            "Set *SAML Signature Algorithm* to SHA-256.",
            _SSO,
        ),
        Failure(
            "People wait for approval; nothing is pushed",
            ("scim_silent", "not_in_directory"),
            "Approve who is *Pending* under *Users*, or untick the approval under *Provisioning*.",
            _PROVISIONING,
        ),
        Failure(
            "People are pushed, groups never",
            ("groups_not_pushed",),
            "Tick *Include in User Provisioning* on Groups, and add a rule with *Set Groups in* your app.",
            _PARAMETERS,
        ),
        Failure(
            "One long text instead of groups, or none",
            ("groups_unknown", "no_matching_group"),
            "Under *Parameters* give `groups` the value User Roles, and tick *Multi-value parameter*.",
            _PARAMETERS,
        ),
    ),
    sources=(
        "OneLogin: creating and applying certificates; signing certificates; OpenID Connect provider configuration; connect an"
        " app",
        "Integration guides of WorkOS, Ory, DatoCMS, Docker, Lessonly, Workiva, Workstars and OutSystems",
    ),
)
