"""OpenID Connect as providers speak it: tokens and documents, made at test time."""
