"""KEEP the organization. Verbs, each one transaction."""
