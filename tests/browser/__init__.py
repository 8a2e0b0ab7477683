"""Tests of pages in a real browser. Without Chromium they are skipped, and the end of the run says so."""
