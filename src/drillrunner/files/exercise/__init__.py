"""Tabletop exercises: exercise.yaml, the folder of one that is held, its journal."""
