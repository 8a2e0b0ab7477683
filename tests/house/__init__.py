"""Tests of the house itself: borders, lock files, packaging, promises of the README."""
