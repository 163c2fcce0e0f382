"""Rehearsals: the production engine in a lab on virtual time, many seeds in little of it."""
