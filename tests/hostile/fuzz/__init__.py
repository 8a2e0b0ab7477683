"""Bytes into the readers of strangers' input: what each may do, and seeds to begin with.

`python -m tests.hostile.fuzz TARGET` runs one under atheris (coverage-guided; see README.md here), tests/hostile/test_fuzz.py
runs all of them for a moment without it.
"""
