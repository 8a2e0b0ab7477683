"""The management API, as JSON."""
