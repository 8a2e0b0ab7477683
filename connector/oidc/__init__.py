"""OpenID Connect: connector as a relying party. Code flow with PKCE, state and nonce, all bounded, all checked.

Authlib writes the authorization request and authenticates us as a client, joserfc verifies signatures; everything else that makes
a sign-in safe is here: which keys and algorithms count, the claims, what is asked of the network and how often.
"""
