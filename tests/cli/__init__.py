"""The command line, against the contract that other programs rely on."""
