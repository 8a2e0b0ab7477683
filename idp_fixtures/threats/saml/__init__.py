"""Attacks on signing in with SAML 2.0."""
