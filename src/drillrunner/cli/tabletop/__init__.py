"""`drill tabletop`: one file for each of its commands, and the table at the terminal."""
