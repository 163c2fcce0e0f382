"""The engine: plan, guard, conduct, watch, perform, revert. Journal, clock and callers are handed to it."""
