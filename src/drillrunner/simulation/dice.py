"""Dice: every part of a simulation rolls its own, so that leaving one part out changes no other's luck."""

from __future__ import annotations

import random


def dice(seed: int, *parts: str | int) -> random.Random:
    """A generator that depends on the seed and the name of what is decided with it, and on nothing else."""
    return random.Random("/".join(str(part) for part in (seed, *parts)))
