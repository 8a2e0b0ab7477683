"""Okta (Workforce Identity): SAML with SCIM in the same app, OpenID Connect with SCIM in a second one."""

from __future__ import annotations

from types import MappingProxyType

from connector.admin.guides.model import APP, Ask, Choice, Copy, Failure, Guide, Place, Proof, Step, Table, Track

_APPLICATIONS = ("Applications and Resources", "Applications")
_SAML_SETTINGS = (*_APPLICATIONS, APP, "General", "SAML Settings", "Edit", "Configure SAML")
_STATEMENTS = (*_APPLICATIONS, APP, "Sign On", "Attribute Statements")
_ASSIGNMENTS = (*_APPLICATIONS, APP, "Assignments")
_INTEGRATION = (*_APPLICATIONS, APP, "Provisioning", "Integration")
_TO_APP = (*_APPLICATIONS, APP, "Provisioning", "To App")
_PUSH_GROUPS = (*_APPLICATIONS, APP, "Push Groups")

_ASSIGN = Step(
    title="Choose who may sign in",
    path=("Assignments", "Assign"),
    text=(
        "Choose *Assign to People* or *Assign to Groups*. Okta lets nobody in who is not assigned, and tells them so on a page of"
        " its own: nothing of it arrives here.",
        "Assign at least yourself, so that you can test.",
    ),
)

_SAML = Track(
    kind="saml",
    title="SAML 2.0",
    intro="Take this one: the same app signs people in and pushes them.",
    steps=(
        Step(
            title="Create the app",
            path=(*_APPLICATIONS, "Create App Integration", "SAML 2.0", "Next"),
            text=(
                "Sign in to the Okta Admin Console. Some Okta organizations ask first whether you want the *Classic experience*:"
                " choose it.",
                "Under *General Settings* give the app the name that your people know, then press *Next*.",
            ),
            note="Older menus have one entry only: Applications > Applications.",
        ),
        Step(
            title="Tell Okta where we are",
            path=("Configure SAML",),
            text=(
                "Copy these two addresses into the fields of the same name, whole. One letter more or less, and no answer fits.",
            ),
            copies=(
                Copy("Single sign-on URL", "{acs_url}", "Keep *Use this for Recipient URL and Destination URL* ticked."),
                Copy("Audience URI (SP Entity ID)", "{entity_id}"),
            ),
            choices=(
                Choice("Name ID format", "EmailAddress or Unspecified"),
                Choice("Application username", "Okta username"),
            ),
        ),
        Step(
            title="Say what Okta tells about people",
            path=("Configure SAML", "Attribute Statements"),
            text=(
                "Add these four lines. `id` is the Okta user id: it never changes, and it joins whoever signs in to whom you"
                " push.",
                "Add one line under *Group Attribute Statements*: name `groups`, filter *Starts with* and the beginning that the"
                " names of your groups share. Or *Matches regex* with `.*`, which brings every group, Everyone too.",
            ),
            table=Table(
                ("Name", "Value"),
                (("id", "user.id"), ("email", "user.email"), ("firstName", "user.firstName"), ("lastName", "user.lastName")),
            ),
            note="Is there no such section? Newer Okta organizations have it once the app is made: *Sign On* > *Attribute"
            " Statements* > *Add expression*, with `user.id`, `user.profile.email`, and for groups"
            " `user.getGroups({'group.profile.name': 'PREFIX'}).![profile.name]`. The old form is there too, under *Show legacy"
            " configuration*.",
            warning="Let the filter include the group that gives access. Then the list of groups is never empty, and a missing"
            " list really is a fault.",
        ),
        Step(
            title="Finish the app",
            path=("Configure SAML", "Next", "Feedback", "Finish"),
            text=(
                "*Preview the SAML Assertion* shows what Okta will send. Then say under *Feedback* that this is an internal app,"
                " and press *Finish*.",
            ),
        ),
        _ASSIGN,
        Step(
            title="Give us the metadata",
            path=("Sign On",),
            text=(
                "Copy the *Metadata URL* and paste it here. It holds Okta's addresses and its certificate. We read it again every"
                " day.",
            ),
            asks=(
                Ask("metadata_url", "Metadata URL", "https://acme.okta.com/app/exk1a2b3/sso/saml/metadata"),
                Ask("metadata_file", "View IdP metadata"),
                Ask("metadata_paste", "View IdP metadata", "<md:EntityDescriptor …>"),
            ),
        ),
    ),
)

_OIDC = Track(
    kind="oidc",
    title="OpenID Connect",
    intro="Take this one if you do not want SAML. Pushing people then needs a second app, with the same people assigned to both.",
    steps=(
        Step(
            title="Create the app",
            path=(*_APPLICATIONS, "Create App Integration", "OIDC", "Web Application", "Next"),
            text=("Give the app the name that your people know. Leave the grant type at *Authorization Code*.",),
            copies=(Copy("Sign-in redirect URIs", "{redirect_uri}"), Copy("Sign-out redirect URIs", "{logout_url}")),
            choices=(Choice("Assignments", "the groups whose people may sign in"),),
        ),
        Step(
            title="Give people a tile, if you want one",
            path=("General", "Edit"),
            text=("Without this, people begin at our sign-in page, which is enough.",),
            copies=(Copy("Initiate login URI", "{login_url}"),),
            choices=(Choice("Login initiated by", "Either Okta or App"),),
        ),
        Step(
            title="Let Okta tell the groups",
            path=("Sign On", "ID token", "Edit"),
            text=("The claim is needed only if groups are to decide about roles or teams and are not pushed.",),
            choices=(Choice("Group claim type", "Filter"),),
            table=Table(("Name", "Matches regex"), (("groups", "`.*`"),)),
            note="Newer Okta organizations call the section Token Claims, and have the filter under *Show legacy configuration*."
            " It sees groups that were made in Okta; groups from Active Directory need an expression.",
        ),
        Step(
            title="Give us issuer and client",
            path=("General",),
            text=(
                "Copy the client ID and the secret. Okta lets you have two secrets at once, so that you can change them without a"
                " gap.",
            ),
            asks=(
                Ask("oidc_issuer", "Issuer", "https://acme.okta.com"),
                Ask("client_id", "Client ID", "0oa1a2b3c4"),
                Ask("client_secret", "Client secret"),
            ),
            warning="The issuer is the address of your Okta organization alone. One with `/oauth2/default` behind it belongs to"
            " another authorization server, and Okta would sign for that one.",
        ),
    ),
)

_SCIM = Track(
    kind="scim",
    title="Push users and groups (SCIM)",
    intro="Okta tells us at once who comes, who changes and who leaves. Make the token here first: until then we take no pushes.",
    steps=(
        Step(
            title="Switch provisioning on",
            path=(*_APPLICATIONS, APP, "General", "App Settings", "Edit"),
            text=("Open the SAML app that you have made, and save this choice. A tab *Provisioning* appears.",),
            choices=(Choice("Provisioning", "SCIM"),),
            note="Is *SCIM* not offered? Then your Okta organization lacks the provisioning feature. With an OpenID Connect app"
            " take another way: *Browse App Catalog* > *SCIM 2.0 Test App (OAuth Bearer Token)*, there *Provisioning* >"
            " *Configure API Integration* > *Enable*, enter the same two values and press *Test API Credentials*. Assign the same"
            " people to both apps.",
        ),
        Step(
            title="Tell Okta where to push",
            path=("Provisioning", "Integration", "Edit"),
            text=("Tick *Push New Users*, *Push Profile Updates* and *Push Groups*. Leave *Import Groups* off.",),
            copies=(
                Copy("SCIM connector base URL", "{scim_base_url}"),
                Copy("Authorization", "{token}", "Okta adds the word Bearer itself: paste the token alone."),
            ),
            choices=(
                Choice("Unique identifier field for users", "userName"),
                Choice("Authentication Mode", "HTTP Header"),
            ),
            proof=Proof(
                "Test Connector Configuration",
                "Okta asks us a few questions and shows what works. Then press *Save*.",
                "scim_request",
            ),
        ),
        Step(
            title="Choose what Okta does",
            path=("Provisioning", "To App", "Edit"),
            text=("Tick *Create Users*, *Update User Attributes* and *Deactivate Users*, then save. Leave *Sync Password* off.",),
            warning="Somebody who was assigned before this step is not pushed by it: remove and assign them again.",
        ),
        Step(
            title="Assign the people",
            path=("Assignments", "Assign", "Assign to Groups"),
            text=("Assign the group that gives access to the application: its people are pushed now, and arrive one by one.",),
            proof=Proof("Assign", "The people of the group appear here within minutes.", "scim_user"),
        ),
        Step(
            title="Push the groups",
            path=("Push Groups", "Find groups by name", "Push Immediately"),
            text=("Choose the groups that roles and teams are to come from. Only people who are assigned appear in them.",),
            warning="Never push a group that you also assign: Okta does not support it, and members go missing. Take one group to"
            " assign, and others to push.",
            proof=Proof("Push Immediately", "The group appears here, with its members.", "scim_group"),
        ),
    ),
)

GUIDE = Guide(
    idp="okta",
    name="Okta",
    also_known=("Okta Workforce Identity", "Okta Identity Engine", "Okta Classic"),
    as_of="November 2026",
    intro=(
        "We recommend SAML with SCIM in the same app: Okta signs people in, and tells us at once when somebody joins, changes"
        " groups or leaves.",
        "You need an Okta administrator who may create apps. Plan ten minutes, and ten more for pushing.",
    ),
    recommended=("saml", "scim"),
    people_link_by="the Okta user id: pushed as `externalId`, sent at sign-in as the attribute `id`",
    authority="directory",
    reminder="Okta never changes the certificate of an app by itself; it lasts 10 years, and Okta reminds its admins 60 days"
    " before. A new certificate is *Inactive* at first. Press *Activate* only when it is shown here: then nobody notices the"
    " change.",
    tracks=(_SAML, _OIDC, _SCIM),
    places=MappingProxyType(
        {
            "acs_url": Place("Single sign-on URL", _SAML_SETTINGS),
            "entity_id": Place("Audience URI (SP Entity ID)", _SAML_SETTINGS),
            "redirect_uri": Place("Sign-in redirect URIs", (*_APPLICATIONS, APP, "General", "Edit")),
            "assign": Place("Assignments", _ASSIGNMENTS),
            "signing": Place("Assertion Signature", (*_SAML_SETTINGS, "Show Advanced Settings")),
            "algorithm": Place("Signature Algorithm", (*_SAML_SETTINGS, "Show Advanced Settings")),
            "encryption": Place("Assertion Encryption", (*_SAML_SETTINGS, "Show Advanced Settings")),
            "certificate": Place("SAML Signing Certificates", (*_APPLICATIONS, APP, "Sign On")),
            "metadata": Place("Metadata URL", (*_APPLICATIONS, APP, "Sign On")),
            "subject": Place("Application username", _SAML_SETTINGS),
            "email": Place("Attribute Statements", _STATEMENTS),
            "groups": Place("Group Attribute Statements", _STATEMENTS),
            "issuer": Place("Issuer", (*_APPLICATIONS, APP, "Sign On")),
            "client": Place("Client secret", (*_APPLICATIONS, APP, "General")),
            "scim_url": Place("SCIM connector base URL", _INTEGRATION),
            "scim_token": Place("Authorization", _INTEGRATION),
            "scim_assign": Place("Assignments", _ASSIGNMENTS),
            "scim_attributes": Place("Attribute Mappings", _TO_APP),
            "scim_groups": Place("Push Groups", _PUSH_GROUPS),
            "log": Place("System Log", ("Reports", "System Log")),
        }
    ),
    failures=(
        Failure(
            "Okta shows a page of its own; nothing arrives here",
            ("never_answered", "oidc_access_denied"),
            "Okta did not let this person in: assign them or their group under *Assignments*.",
            _ASSIGNMENTS,
        ),
        Failure(
            "The audience is another one than ours",
            ("saml_audience",),
            "Okta issued this for another audience: correct *Audience URI (SP Entity ID)*.",
            _SAML_SETTINGS,
        ),
        Failure(
            "The destination or recipient is another address than ours",
            ("saml_destination", "saml_recipient"),
            "Okta issued this for another address: correct *Single sign-on URL*, and keep *Use this for Recipient URL and"
            " Destination URL* ticked.",
            _SAML_SETTINGS,
        ),
        Failure(
            "People were assigned before provisioning was on: they sign in, and were never pushed",
            ("not_in_directory", "scim_silent"),
            "Okta pushes only who is assigned after *Create Users* was turned on: turn it on, then assign people again.",
            _TO_APP,
        ),
        Failure(
            "A pushed group lacks members, and removals do not arrive",
            ("member_unknown", "groups_not_pushed"),
            "Use one group to assign and another to push; only people who are assigned appear in what stands under *Push"
            " Groups*.",
            _PUSH_GROUPS,
        ),
        Failure(
            "The discovery document names another issuer than you gave",
            ("oidc_issuer_differs", "oidc_issuer"),
            "The *Issuer* must be the address of your Okta organization alone, such as `https://acme.okta.com`: this app does not"
            " use `/oauth2/default`.",
            (*_APPLICATIONS, APP, "Sign On"),
        ),
    ),
    sources=(
        "Okta developer documentation: create an app integration; prepare and connect a SCIM integration; SCIM FAQ; authorization"
        " servers; customize tokens returned from Okta; client secret rotation",
        "Okta Help Center: define group attribute statements; federated claims; app integration wizard for SCIM; troubleshoot"
        " group push",
        "Integration guides of WorkOS, SSOReady and NetBird",
    ),
)
