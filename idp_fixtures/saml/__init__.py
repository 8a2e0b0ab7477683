"""SAML 2.0 messages as identity providers make them, made and signed when a test asks for them.

`message.py` says what a response says and makes it; `signing.py` signs; `encryption.py` encrypts; `logout.py` and `metadata.py`
make the other messages; `vendors.py` holds what each IdP does differently. Everything takes its clock as a value.
"""
