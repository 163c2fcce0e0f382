"""A tabletop exercise drafted from a drill, its runbook and its rehearsal."""
