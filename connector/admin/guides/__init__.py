"""Guides: how each identity provider is set up, in its own words. One source for the wizard, for advice and for docs/guides."""
