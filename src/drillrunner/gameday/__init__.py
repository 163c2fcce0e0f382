"""When drills are due, and the calendar of those to come: pure, from a schedule and the runs of the past."""
