"""KEEP the person: sessions and what is in them, local sign-in, recovery codes, keys, mail, throttles."""
