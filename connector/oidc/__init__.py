"""OpenID Connect: messages become a VerifiedIdentity, and nothing else leaves this room."""
