"""The pages that `drill serve` shows: past runs, one that is under way, drills, trends and the catalogue."""
