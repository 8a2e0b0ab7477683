"""`python -m connector.cli` is `connector`."""

from connector.cli import main

main()
