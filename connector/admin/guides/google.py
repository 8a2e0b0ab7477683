"""Google Workspace: OpenID Connect, or SAML where groups are needed. It pushes nothing to apps of one's own."""

from __future__ import annotations

from types import MappingProxyType

from connector.admin.guides.model import APP, Ask, Choice, Copy, Failure, Guide, Place, Step, Table, Track

_APPS = ("Apps", "Web and mobile apps")
_DETAILS = (*_APPS, APP, "Service provider details")
_ATTRIBUTES = (*_APPS, APP, "SAML attribute mapping")
_ACCESS = (*_APPS, APP, "User access")
_CERTIFICATES = ("Security", "Authentication", "SSO with SAML applications")
_CLIENTS = ("Google Auth Platform", "Clients")

_NOBODY_TELLS = (
    "Google tells nobody when somebody leaves: whoever is suspended there cannot sign in here any more, but stays a member until"
    " you remove them."
)

_SAML = Track(
    kind="saml",
    title="SAML 2.0",
    intro="Take this one if Google's groups are to decide about roles and teams.",
    steps=(
        Step(
            title="Create the app",
            path=(*_APPS, "Add app", "Add custom SAML app"),
            text=("Sign in at admin.google.com as super admin. Give the app the name that your people know.",),
        ),
        Step(
            title="Give us the metadata",
            path=("Google Identity Provider details", "Download metadata"),
            text=("Download the file and give it to us. Google has no address for it.",),
            asks=(
                Ask("metadata_file", "Download metadata", "GoogleIDPMetadata.xml"),
                Ask("metadata_paste", "Download metadata", "<md:EntityDescriptor …>"),
            ),
        ),
        Step(
            title="Tell Google where we are",
            path=("Service provider details",),
            text=("Copy these two addresses, whole; upper and lower case count. Leave *Start URL* empty.",),
            copies=(Copy("ACS URL", "{acs_url}"), Copy("Entity ID", "{entity_id}")),
            choices=(
                Choice("Signed response", "not ticked"),
                Choice("Name ID format", "EMAIL"),
                Choice("Name ID", "Basic Information > Primary email"),
            ),
            warning="Many guides have you tick *Signed response*. Do not: Google then usually signs the response and not the"
            " assertion, and we ask for the assertion.",
        ),
        Step(
            title="Say what Google tells about people",
            path=("Attribute mapping", "Add mapping"),
            text=(
                "Add the first three lines. Under *Group membership* choose the groups that give roles or teams, at most 75, with"
                " the app attribute `groups`. Membership by way of another group counts.",
            ),
            table=Table(
                ("App attributes", "Google Directory attributes"),
                (
                    ("email", "Primary email"),
                    ("firstName", "First name"),
                    ("lastName", "Last name"),
                    ("groups", "Group membership"),
                ),
            ),
            note="Google sends the names of groups. A group that is renamed must be chosen again.",
            warning="Choose the group that gives access too. Then the list of groups is never empty, and a missing list really is"
            " a fault.",
        ),
        Step(
            title="Switch it on",
            path=("Finish", "User access"),
            text=("The app is off for everybody at first. Switching it on may take up to 24 hours.",),
            choices=(Choice("Service status", "ON for everyone, or for the units and groups who are to sign in"),),
            note="*Test SAML login* there begins at Google, which we refuse unless you allow it: use our test sign-in.",
        ),
    ),
)

_OIDC = Track(
    kind="oidc",
    title="OpenID Connect",
    intro="Take this one if groups need not decide: people are known by a number that never changes, and is never given again.",
    steps=(
        Step(
            title="Open a project",
            path=("Google Auth Platform", "Get started"),
            text=(
                "Sign in at console.cloud.google.com with your work account, and choose or create a project of your"
                " organization.",
            ),
            choices=(Choice("Audience", "Internal"),),
            warning="*Internal* keeps private Google accounts out. We refuse them too.",
        ),
        Step(
            title="Create the client",
            path=(*_CLIENTS, "Create client"),
            copies=(Copy("Authorized redirect URIs", "{redirect_uri}"),),
            choices=(Choice("Application type", "Web application"),),
        ),
        Step(
            title="Give us issuer and client",
            path=("Create client", "Create"),
            text=("Google shows both in the dialog that opens. The issuer is the same for everybody.",),
            asks=(
                Ask("oidc_issuer", "Issuer", "https://accounts.google.com"),
                Ask("client_id", "Client ID", "1234-abcd.apps.googleusercontent.com"),
                Ask("client_secret", "Client secret"),
            ),
            note="Google tells no groups this way. Roles and teams are given by hand, or by rules for everybody.",
        ),
    ),
)

GUIDE = Guide(
    idp="google",
    name="Google Workspace",
    also_known=("G Suite", "Google Apps", "Cloud Identity", "Gmail"),
    as_of="November 2026",
    intro=(
        "We recommend OpenID Connect when groups are not needed, and SAML when Google's groups are to decide about roles and"
        " teams.",
        _NOBODY_TELLS,
        "You need a super admin of Google Workspace (SAML), or somebody who may open a project in Google Cloud (OpenID Connect).",
    ),
    recommended=("oidc",),
    people_link_by="the number that Google sends as `sub` (OpenID Connect), or the e-mail address (SAML), which may be given to"
    " somebody else one day",
    authority="claims",
    reminder="Google signs with a certificate of your whole account, for 5 years; at most two exist at a time. There is no"
    " address from which we could read the new one: after a change, assign it to the app, download the metadata again and upload"
    " them here at once. If sign-ins still fail, turn the app OFF and ON once more.",
    tracks=(_OIDC, _SAML),
    places=MappingProxyType(
        {
            "acs_url": Place("ACS URL", _DETAILS),
            "entity_id": Place("Entity ID", _DETAILS),
            "redirect_uri": Place("Authorized redirect URIs", (*_CLIENTS, APP)),
            "assign": Place("User access", _ACCESS),
            "signing": Place("Signed response", _DETAILS),
            "certificate": Place("SSO with SAML applications", _CERTIFICATES),
            "metadata": Place("Download metadata", (*_APPS, APP)),
            "subject": Place("Name ID", _DETAILS),
            "email": Place("SAML attribute mapping", _ATTRIBUTES),
            "groups": Place("Group membership", _ATTRIBUTES),
            "client": Place("Client secret", (*_CLIENTS, APP)),
        }
    ),
    failures=(
        Failure(
            "Google shows *403 app_not_configured*; nothing arrives here",
            ("never_answered",),
            "Google does not know this *Entity ID*: compare it letter by letter, as upper and lower case count.",
            _DETAILS,
        ),
        Failure(
            "Google shows *app_not_configured_for_user*; nothing arrives here",
            ("never_answered",),
            "The person is signed in to Google with a private or another account: switch to the work account, or use a private"
            " window.",
            (),
        ),
        Failure(
            "Google shows *app_not_enabled_for_user*; nothing arrives here",
            ("never_answered",),
            "Turn *User access* ON for this person's unit; it can take a day.",
            _ACCESS,
        ),
        Failure(
            "The response is signed, the assertion is not",
            ("saml_signature_missing",),
            "Untick *Signed response*, or let this connection take signed responses.",
            _DETAILS,
        ),
        Failure(
            "The signature is by a key that we do not know",
            ("saml_unknown_key", "saml_signature_invalid"),
            "Google signs with a new certificate: use *Download metadata* again, and upload the file here.",
            (*_APPS, APP),
        ),
        Failure(
            "`groups` is short or not there",
            ("groups_unknown", "no_matching_group"),
            "Choose the group again under *Group membership*: it was renamed, or never chosen.",
            _ATTRIBUTES,
        ),
        Failure(
            "The issuer is another one than Google's",
            ("oidc_discovery_invalid", "oidc_issuer_differs", "oidc_document_missing", "oidc_issuer"),
            "The issuer of Google is `https://accounts.google.com` for everybody: enter it exactly so.",
            (),
        ),
        Failure(
            "Another provider pushes the people of this organization, and not this person",
            ("not_in_directory", "deprovisioned", "link_ambiguous"),
            "Nothing is to be done at Google, which pushes nobody: assign the person at the provider that pushes.",
            (),
        ),
        Failure(
            "A private Google account",
            ("google_private_account",),
            "The person signed in with a private account: set *Audience* to Internal, and let them choose the work account.",
            ("Google Auth Platform", "Audience"),
        ),
    ),
    sources=(
        "Google Workspace Admin Help: maintain SAML certificates; about group membership mapping; SAML app error messages;"
        " automated user provisioning",
        "Google Identity: OpenID Connect, claims of an ID token",
        "Integration guides of WorkOS, Ory, Zluri, Kantega, NetBird and ChartRequest",
    ),
)
