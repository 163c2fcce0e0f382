"""The judge: a pure function from plan, journal and readings to a verdict. No I/O, no clock, no registry."""

from drillrunner.judge.verdict import judge

__all__ = ["judge"]
