"""The rows of the five reference organization systems, each a test over HTTP; `docs/acceptance.md` lists them all."""
