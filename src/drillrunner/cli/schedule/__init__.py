"""`drill schedule`: one file for each of its commands."""
