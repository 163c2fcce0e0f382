"""The exact binomial interval (Clopper and Pearson, Biometrika 26, 1934): what so many runs can promise."""

from __future__ import annotations

import math
from collections.abc import Callable

CONFIDENCE = 0.95
_HALVINGS = 60
_TERMS_MOST = 10_000
_TINY = 1e-300


def exact_interval(met: int, of: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The chances of success that are not too unlikely to have given `met` of `of`: lowest and highest, 0 to 1.

    Each end leaves out half of `1 - confidence`. The true chance lies between them at least that often,
    whatever it is. Of no runs nothing is known: 0 to 1.
    """
    half = (1 - confidence) / 2
    low = 0.0 if met == 0 else _solve(lambda chance: at_least(met, of, chance) >= half)
    high = 1.0 if met == of else _solve(lambda chance: at_least(met + 1, of, chance) >= 1 - half)
    return low, high


def at_least(count: int, of: int, chance: float) -> float:
    """The probability of `count` or more successes in `of` trials: I_chance(count, of - count + 1)."""
    if count <= 0:
        return 1.0
    if count > of:
        return 0.0
    return _incomplete_beta(count, of - count + 1, chance)


def _solve(reached: Callable[[float], bool]) -> float:
    """The least chance at which a condition holds that holds for all higher ones."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return (low + high) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function (NIST DLMF 8.17), by the side on which its fraction converges."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _incomplete_beta(b, a, 1.0 - x)
    logarithm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(logarithm) * _continued_fraction(a, b, x) / a


def _continued_fraction(a: float, b: float, x: float) -> float:
    """DLMF 8.17.22, evaluated forwards by Lentz's method until a step changes nothing that a float can show."""
    value = numerator = 1.0
    denominator = 0.0
    for term in range(_TERMS_MOST):
        part = _coefficient(a, b, x, term)
        denominator = 1.0 / (1.0 + part * denominator or _TINY)
        numerator = 1.0 + part / numerator or _TINY
        change = numerator * denominator
        value *= change
        if abs(change - 1.0) < 1e-15:
            break
    return 1.0 / value


def _coefficient(a: float, b: float, x: float, term: int) -> float:
    half, odd = divmod(term + 1, 2)
    if odd:
        return -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
    return half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
