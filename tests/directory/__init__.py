"""What the identity provider told us, and who may tell it."""
