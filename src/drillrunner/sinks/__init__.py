"""Signals out: each sink tells one receiver of a run. None of them can fail a run, or delay what it does."""
