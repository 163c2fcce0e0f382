"""The pages of a tabletop exercise: facilitator, players, scribe's log."""
