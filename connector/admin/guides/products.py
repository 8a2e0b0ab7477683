"""Programs that people run themselves: what the fields of the generic guide are called there."""

from __future__ import annotations

from types import MappingProxyType

from connector.admin.guides.model import Product

PRODUCTS = (
    Product(
        "Keycloak",
        ("Red Hat build of Keycloak",),
        MappingProxyType(
            {
                "saml": (
                    "*Clients* > *Create client* > SAML. *Client ID* is our entity ID; *Valid Redirect URIs* and *Master SAML"
                    " Processing URL* are our ACS URL. *Name ID Format* persistent, *Sign Assertions* on.",
                    "*Keys* tab: *Client Signature Required* off, unless this connection signs its requests.",
                    "*Client scopes* > the dedicated scope: *User Property* mappers `id`, `email`, `firstName`, `lastName`;"
                    " *Group list* `groups`, with *Single Group Attribute* on and the full path off.",
                    "The metadata are under *Realm settings* > *SAML 2.0 Identity Provider Metadata*.",
                ),
                "oidc": (
                    "*Client authentication* on, our redirect URI, the secret on the *Credentials* tab. The issuer is"
                    " `https://HOST/realms/REALM`.",
                    "Mapper *Group Membership*: claim `groups`, *Full group path* off (on gives `/a/b`), *Add to ID token* on.",
                ),
                "scim": (
                    "Keycloak pushes by an extension, scim-for-keycloak: *Remote SCIM Provider* with our base URL, *Long Life"
                    " Bearer Token*, assigned to the realm. The first synchronization is started by hand.",
                ),
            }
        ),
    ),
    Product(
        "authentik",
        ("goauthentik",),
        MappingProxyType(
            {
                "saml": (
                    "*Applications* > *New Application* > *SAML Provider from Metadata* with our metadata, or *SAML Provider*:"
                    " ACS URL, binding Post, *Audience* our entity ID. Choose a signing certificate. The metadata are on the"
                    " provider's page.",
                ),
                "oidc": (
                    "The issuer is `https://HOST/application/o/SLUG/`, with the slash at its end. Groups come with the scope"
                    " `profile`, by name. Keep *Subject mode* at the hashed ID: it is the same value that is pushed.",
                ),
                "scim": (
                    "*Providers* > *SCIM*: our base URL and token. Then, in the application, add it under *Backchannel"
                    " Providers*, not as the main provider. It pushes at every change and every hour; service accounts are left"
                    " out.",
                ),
            }
        ),
    ),
    Product(
        "AD FS",
        ("Active Directory Federation Services", "ADFS"),
        MappingProxyType(
            {
                "saml": (
                    "*Relying Party Trusts* > *Add* > *Claims aware*: import our metadata URL, or its file; then choose a"
                    " policy.",
                    "*Edit Claim Issuance Policy*: *Send LDAP Attributes* with E-Mail-Addresses, Given-Name, Surname,"
                    " User-Principal-Name and *Token-Groups - Unqualified Names* as Group; and a second rule *Transform an"
                    " Incoming Claim* that makes a Name ID. Without the second rule every sign-in ends with InvalidNameIDPolicy.",
                    "Give us the metadata by address: `https://HOST/FederationMetadata/2007-06/FederationMetadata.xml`. AD FS"
                    " changes its keys by itself, and shows a new one for five days before it uses it.",
                ),
                "oidc": (
                    "An *application group*. Claims enter the ID token only with the scope `allatclaims`. The issuer is"
                    " `https://HOST/adfs`. We recommend SAML.",
                ),
            }
        ),
    ),
    Product(
        "SimpleSAMLphp",
        (),
        MappingProxyType(
            {
                "saml": (
                    "Its NameID is transient unless told otherwise: set a persistent one for our entity ID"
                    " (`saml:AttributeNameID`, from an id), or let this connection know people by an attribute. Switch"
                    " `sign.logout` on.",
                ),
            }
        ),
    ),
    Product(
        "LemonLDAP::NG",
        ("LemonLDAP",),
        MappingProxyType(
            {
                "saml": (
                    "Manager > *SAML service providers* > *Add SAML SP*: our metadata by file, paste or URL; the attributes as"
                    " *Exported attributes*. *Default NameID format* e-mail. Its own metadata are at `/saml/metadata`.",
                ),
                "oidc": ("The issuer is the portal's address.",),
            }
        ),
    ),
)
