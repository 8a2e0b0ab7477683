"""SAML: the gate, the checks, the library behind them, metadata, logout, and the routes."""
