"""Game days: their file, and the folder of one that is held."""
