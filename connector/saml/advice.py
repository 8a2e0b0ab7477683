"""What to change, and where, at the identity provider a connection belongs to. As of November 2026; menus change."""

from __future__ import annotations

from connector.directory.sign_on_model import SignOn

_GOOGLE = "Apps > Web and mobile apps > the application > Service provider details"
_OKTA = "General > SAML Settings > Edit > Configure SAML"
_ENTRA = "Single sign-on > Basic SAML Configuration"

_UNSIGNED = {
    "okta": f"Okta did not sign the assertion: set Assertion Signature to Signed. {_OKTA} > Show Advanced Settings.",
    "entra": "Set the signing option to “Sign SAML assertion”. Single sign-on > SAML Certificates > Edit.",
    "google": f"Untick “Signed response”: Google then signs the assertion. {_GOOGLE}."
    " Or accept it here: `connector connection set CONNECTION --signed response`.",
    "jumpcloud": "Set Sign to Assertion and save. SSO tab.",
    "onelogin": "Set SAML signature element to Assertion. Configuration.",
    "ping": "Choose to sign the assertion, with RSA_SHA256. Configuration (pencil).",
}
_KEY = {
    "okta": "If the certificate was changed at Okta, refresh its metadata. Sign On > SAML Signing Certificates.",
    "entra": "If a new certificate was made active at Entra, refresh its metadata. Single sign-on > SAML Certificates.",
    "google": "Google signs with a new certificate: download its metadata again and give it to connector.",
    "jumpcloud": "JumpCloud's key was made anew: export its metadata again and give it to connector. SSO tab.",
    "onelogin": "OneLogin's certificate was changed: download its metadata again. More Actions > SAML Metadata.",
    "ping": "PingOne signs with another key: refresh its metadata. Configuration > IdP Metadata URL.",
}
_SHA1 = {
    "okta": f"Set Signature Algorithm to RSA-SHA256 and Digest Algorithm to SHA256. {_OKTA} > Show Advanced Settings.",
    "entra": "Set Signing Algorithm to SHA-256. Single sign-on > SAML Certificates > Edit.",
    "onelogin": "Set SAML Signature Algorithm to SHA-256. SSO tab.",
    "jumpcloud": "Set Signature Algorithm to RSA-SHA256. SSO tab.",
    "ping": "Set the signing algorithm to RSA_SHA256. Configuration (pencil).",
}
_AUDIENCE = {
    "okta": f"Correct Audience URI (SP Entity ID). {_OKTA}.",
    "entra": f"Correct Identifier (Entity ID). {_ENTRA}.",
    "google": f"Correct Entity ID; upper and lower case count. {_GOOGLE}.",
    "jumpcloud": "Correct SP Entity ID. SSO tab.",
    "onelogin": "Correct Audience (EntityID). Configuration.",
    "ping": "Correct Entity ID. Configuration (pencil).",
}
_ADDRESS = {
    "okta": f"Correct Single sign-on URL, and keep “Use this for Recipient URL and Destination URL”. {_OKTA}.",
    "entra": f"Correct Reply URL (Assertion Consumer Service URL). {_ENTRA}.",
    "google": f"Correct ACS URL. {_GOOGLE}.",
    "jumpcloud": "Correct ACS URLs. SSO tab.",
    "onelogin": "Correct ACS (Consumer) URL, Recipient, and ACS (Consumer) URL Validator. Configuration.",
    "ping": "Correct ACS URLs. Configuration (pencil).",
}
_TABLES = {
    "saml_signature_missing": _UNSIGNED,
    "saml_unknown_key": _KEY,
    "saml_algorithm": _SHA1,
    "saml_audience": _AUDIENCE,
    "saml_destination": _ADDRESS,
    "saml_recipient": _ADDRESS,
}


def advice_for(code: str, sign_on: SignOn) -> str:
    """Where this identity provider's console lets one change it; "" where a general sentence must do."""
    if code == "saml_signature_missing" and sign_on.saml is not None and sign_on.saml.signed == "response":
        return ""
    return _TABLES.get(code, {}).get(sign_on.idp, "")
