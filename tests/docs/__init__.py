"""The documentation is read against the program: what one says and the other does not is an error."""
