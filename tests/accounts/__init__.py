"""People's accounts: sessions, links, codes, keys, mail, throttles."""
