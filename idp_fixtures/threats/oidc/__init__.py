"""Attacks on signing in with OpenID Connect."""
