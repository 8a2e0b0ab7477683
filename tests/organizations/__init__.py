"""The organization itself: making, finding and exporting it."""
