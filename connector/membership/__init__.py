"""DECIDE. Pure values and functions: no Flask, no SQL, no clock, no network."""
