"""Any other provider, in neutral words."""

from __future__ import annotations

from types import MappingProxyType

from connector.admin.guides.model import Ask, Choice, Copy, Failure, Guide, Place, Proof, Step, Table, Track
from connector.admin.guides.products import PRODUCTS

_SAML = Track(
    kind="saml",
    title="SAML 2.0",
    intro="Nearly every provider speaks it, and it tells groups as a whole list.",
    steps=(
        Step(
            title="Make an application",
            text=(
                "In your provider's console make a new application of the kind SAML 2.0, often called *custom SAML app*, *client*"
                " or *relying party*. Give it the name that your people know.",
            ),
        ),
        Step(
            title="Tell the provider where we are",
            text=(
                "If it reads metadata of a service provider by itself, our metadata URL is all it needs. Otherwise copy the two"
                " others into its fields, whole.",
            ),
            copies=(
                Copy("Metadata URL", "{metadata_url}"),
                Copy("ACS URL", "{acs_url}", "Also called Single sign-on URL, Reply URL, Recipient or Destination."),
                Copy("Entity ID", "{entity_id}", "Also called Audience or Identifier."),
            ),
            choices=(
                Choice("Binding", "HTTP-POST"),
                Choice("NameID format", "persistent, or emailAddress"),
                Choice("What is signed", "the assertion, with SHA-256"),
            ),
        ),
        Step(
            title="Say what the provider tells about people",
            text=(
                "Send these attributes by these names. `id` is an id that never changes and is never given to somebody else.",
                "`groups` is one attribute with many values, not one value with all names in it.",
            ),
            table=Table(
                ("Attribute", "Value"),
                (
                    ("id", "the person's id in the provider"),
                    ("email", "e-mail address"),
                    ("firstName", "given name"),
                    ("lastName", "family name"),
                    ("groups", "the groups of the person"),
                ),
            ),
            warning="Let the list of groups include the one that gives access. Then it is never empty, and a missing list really"
            " is a fault.",
        ),
        Step(
            title="Choose who may sign in",
            text=(
                "Where the provider asks who may use the application, assign your people, and yourself, so that you can test.",
            ),
        ),
        Step(
            title="Give us the metadata",
            text=(
                "By address, if there is one: then a new certificate comes by itself, with the daily reading. Else as a file, or"
                " pasted.",
            ),
            asks=(
                Ask("metadata_url", "IdP metadata URL", "https://idp.example.com/metadata"),
                Ask("metadata_file", "IdP metadata", "metadata.xml"),
                Ask("metadata_paste", "IdP metadata", "<EntityDescriptor …>"),
            ),
        ),
    ),
)

_OIDC = Track(
    kind="oidc",
    title="OpenID Connect",
    intro="Younger than SAML, with less to go wrong: no certificates to renew.",
    steps=(
        Step(
            title="Make a client",
            text=(
                "In your provider's console make a new client, often called *application* or *relying party*: a confidential web"
                " application with the authorization code flow.",
            ),
            copies=(
                Copy("Redirect URI", "{redirect_uri}", "Also called callback."),
                Copy(
                    "Post-logout redirect URI",
                    "{logout_url}",
                    "Also called sign-out URI. Leave it out where there is no such field.",
                ),
            ),
            choices=(Choice("Scopes", "openid, profile, email"), Choice("ID token signed with", "RS256")),
        ),
        Step(
            title="Say what the provider tells about people",
            text=(
                "We need `email`, and `groups` if groups are to decide about roles and teams. Put both into the ID token, or let"
                " this connection ask the UserInfo endpoint (its option *userinfo*).",
            ),
            table=Table(
                ("Claim", "Value"),
                (("email", "e-mail address"), ("name", "full name"), ("groups", "a list with the groups of the person")),
            ),
        ),
        Step(
            title="Choose who may sign in",
            text=("Where the provider asks who may use the client, assign your people, and yourself, so that you can test.",),
        ),
        Step(
            title="Give us issuer and client",
            text=(
                "The issuer is the part before `/.well-known/openid-configuration`, letter by letter: a slash at its end counts.",
            ),
            asks=(
                Ask("oidc_issuer", "Issuer", "https://idp.example.com/realms/acme"),
                Ask("client_id", "Client ID"),
                Ask("client_secret", "Client secret"),
            ),
        ),
    ),
)

_SCIM = Track(
    kind="scim",
    title="Push users and groups (SCIM)",
    intro="If your provider can push by SCIM 2.0, it tells us at once who comes, who changes and who leaves. Make the token here"
    " first.",
    steps=(
        Step(
            title="Tell the provider where to push",
            copies=(
                Copy("SCIM base URL", "{scim_base_url}", "Nothing behind it: neither `/Users` nor a slash."),
                Copy("Bearer token", "{token}", "Without the word Bearer, unless the field asks for a whole header."),
            ),
            choices=(Choice("SCIM version", "2.0"), Choice("Authentication", "bearer token (OAuth client credentials do too)")),
            proof=Proof("Test connection", "If the provider has a test, it is good.", "scim_request"),
        ),
        Step(
            title="Map the attributes",
            text=(
                "`externalId` must be the same id that the provider sends when people sign in: as `id`, as the NameID or as"
                " `sub`.",
            ),
            table=Table(
                ("SCIM attribute", "Value"),
                (
                    ("userName", "user name or e-mail address"),
                    ("externalId", "the person's id in the provider"),
                    ("active", "whether the person may sign in"),
                    ("emails", "e-mail address"),
                    ("name", "given name, family name"),
                ),
            ),
        ),
        Step(
            title="Choose who is pushed",
            text=("Assign the people, and the groups that roles and teams are to come from.",),
            proof=Proof("Synchronize", "The people and groups appear here.", "scim_user"),
        ),
    ),
)

GUIDE = Guide(
    idp="generic",
    name="Any other provider",
    also_known=("SAML 2.0", "OpenID Connect", "Auth0", "Shibboleth", "SimpleSAMLphp"),
    as_of="November 2026",
    intro=(
        "Any provider that speaks SAML 2.0 or OpenID Connect can be connected, and any that pushes by SCIM 2.0 can push. We"
        " recommend OpenID Connect where both are offered, but SAML for AD FS.",
        "Names of fields differ from provider to provider; these are the common ones, with other names beside them.",
    ),
    recommended=("oidc",),
    people_link_by="an id that never changes: a persistent NameID, the attribute `id`, or `sub`; with pushing, the same as"
    " `externalId`",
    authority="claims",
    reminder="Where we read the metadata by address, a new certificate comes by itself with the daily reading; AD FS changes its"
    " own every year and depends on it. Else give us the new metadata before the provider signs with the new certificate. The old"
    " one is taken for another week.",
    tracks=(_SAML, _OIDC, _SCIM),
    places=MappingProxyType(
        {
            "acs_url": Place("the provider's field for the ACS URL", ()),
            "entity_id": Place("the provider's field for the entity ID", ()),
            "redirect_uri": Place("the provider's field for the redirect URI", ()),
            "assign": Place("the people of the provider's application", ()),
            "signing": Place("the provider's settings of signing", ()),
            "algorithm": Place("the provider's signature algorithm", ()),
            "encryption": Place("the provider's settings of encryption", ()),
            "certificate": Place("the provider's certificates", ()),
            "metadata": Place("the provider's metadata page", ()),
            "subject": Place("the provider's NameID", ()),
            "email": Place("the attributes that the provider sends", ()),
            "groups": Place("what the provider sends as groups", ()),
            "issuer": Place("the provider's discovery document", ()),
            "client": Place("the provider's client", ()),
            "scim_url": Place("the provider's field for the base URL", ()),
            "scim_token": Place("the provider's field for the token", ()),
            "scim_assign": Place("the people of the provider's application", ()),
            "scim_attributes": Place("the provider's mapping of attributes", ()),
            "scim_groups": Place("the provider's list of groups to push", ()),
            "log": Place("the provider's sign-in log", ()),
        }
    ),
    failures=(
        Failure(
            "The provider shows an error page of its own; nothing arrives here",
            ("never_answered",),
            "The provider stopped this sign-in. Mostly the person is not assigned to its application, or entity ID or ACS URL"
            " (OpenID Connect: redirect URI) are not ours.",
            (),
        ),
        Failure(
            "Keycloak: the assertion is not signed",
            ("saml_signature_missing",),
            "Let the provider sign the assertion, as Keycloak does with *Sign Assertions*; or let this connection take signed"
            " responses.",
            (),
        ),
        Failure(
            "AD FS: the status is InvalidNameIDPolicy",
            ("saml_status",),
            "The provider itself says no. Look into its log for this person; if the status is InvalidNameIDPolicy, add a rule"
            " that makes a NameID.",
            (),
        ),
        Failure(
            "Nothing is pushed",
            ("scim_silent",),
            "Look whether pushing is switched on, and whether people are assigned to the application that pushes. authentik: it"
            " must stand under *Backchannel Providers*.",
            (),
        ),
    ),
    sources=(
        "Keycloak server administration guide; authentik documentation of the SAML and SCIM providers; LemonLDAP::NG"
        " documentation of the SAML issuer; Microsoft documentation of AD FS",
        "Integration guides of WorkOS, Ory, NetBird, Foxit and ServiceNow",
    ),
    products=PRODUCTS,
)
