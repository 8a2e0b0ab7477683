"""What stands beside the corridor: history, the relay, the lease, and the periodic work."""
