"""ROWS. Tables, engines and transactions, set-based statements, search, migrations."""
