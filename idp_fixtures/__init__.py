"""What identity providers really send, as data, and the small programs that replay it. See README.md beside this file."""
