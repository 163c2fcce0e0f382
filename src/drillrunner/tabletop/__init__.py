"""A tabletop exercise as a pure session: events in, state out; commands in, events or a refusal out."""
