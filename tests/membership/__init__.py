"""The heart: who becomes what, and why."""
