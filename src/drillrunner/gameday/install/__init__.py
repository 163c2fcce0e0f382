"""Writes what lets another scheduler run a drill or a game day when it is due: one file for each target.

A target is told on which days and at which times to look (`triggers.py`), never less often than the schedule comes;
`drill schedule run` then runs what is due (`due_now.py`) and leaves the rest. So a schedule that a target cannot
express is kept all the same, and one rule holds for changes of clocks. Pure: texts come out, the command writes them.
"""
