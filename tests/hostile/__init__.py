"""Input that nobody should send, against a real server process: what it answers, how soon, and at what cost."""
