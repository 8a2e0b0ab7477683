"""The room that asks the network."""
