"""SCIM 2.0 (RFC 7643, RFC 7644): turns messages into values and values into messages."""
