"""THE CORRIDOR. Facts, decision, guard, apply: the one way in which a membership changes."""
