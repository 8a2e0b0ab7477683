"""KEEP what the identity provider told us. Verbs, each one transaction."""
