"""The agent: a loop around a pure decision, with a journal of what it started."""
