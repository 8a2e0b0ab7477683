"""SAML 2.0: messages become a VerifiedIdentity, and nothing else leaves this room."""
