"""What is on disk: drill and environment files, the journal, the readings, the folder of a run."""
