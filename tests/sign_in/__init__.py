"""Signing in: requests, traces, and what becomes of a verified identity."""
