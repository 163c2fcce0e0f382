"""Simulation: whole runs of the production engine against a fast fake world, on virtual time, replayable by seed.

A seed decides the topology, the drill and every trouble that befalls it. `drill selftest` plays seeds and holds
each against the invariants of `invariants.py`: above all that nothing is ever left broken without being named.
"""
