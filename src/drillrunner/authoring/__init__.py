"""What helps people to write files: schemas for editors, codes explained, problems for other tools, a first drill."""
