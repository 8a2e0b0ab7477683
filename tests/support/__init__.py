"""What several test modules share: a real PostgreSQL, databases to write in."""
