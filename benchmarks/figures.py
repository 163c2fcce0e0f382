"""What a benchmark says: samples of two contenders, a figure beside its aim, and the row that they stand in."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Setting:
    """What every row is handed: whether it is to be quick, where the peer is, and a folder of its own on disk."""

    quick: bool
    peer: Path
    folder: Path

    def pick(self, quick: float, full: float) -> int:
        """A count for this setting."""
        return int(quick if self.quick else full)


@dataclass(frozen=True, slots=True)
class Samples:
    """One contender's measurements in `unit`, in the order in which they were made."""

    values: tuple[float, ...]
    unit: str

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def over(self, other: Samples) -> Samples:
        """The ratio of each to the other's of the same round, so that what disturbed both falls out."""
        return Samples(tuple(mine / its for mine, its in zip(self.values, other.values, strict=True)), "x")

    def minus(self, other: Samples) -> Samples:
        """The difference of each to the other's of the same round."""
        return Samples(tuple(mine - its for mine, its in zip(self.values, other.values, strict=True)), self.unit)

    def text(self) -> str:
        """The median, and from where to where they spread if there are several."""
        median = f"{shown(self.median)} {self.unit}"
        if len(self.values) == 1:
            return median
        return f"{median} ({shown(min(self.values))}–{shown(max(self.values))})"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure is held to."""

    side: Literal["at most", "at least"]
    bound: float
    unit: str = ""

    def text(self) -> str:
        return f"{self.side} {shown(self.bound)} {self.unit}".rstrip()

    def holds(self, value: float) -> bool:
        return value <= self.bound if self.side == "at most" else value >= self.bound


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `met` is None where the figure is there for comparison alone."""

    what: str
    ours: str
    peer: str = ""
    ratio: str = ""
    aim: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One benchmark's lines, and what a reader must know to trust them."""

    title: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


def shown(value: float) -> str:
    """A figure with three significant digits, and no more digits than it has."""
    size = abs(value)
    if value == int(value) or size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.3g}"


def compared(what: str, ours: Samples, peer: Samples, aim: Aim | None, *, faster: bool = False) -> Line:
    """A line that judges the ratio to the peer, by the median of its rounds. `faster`: how many times as fast."""
    ratio = peer.over(ours) if faster else ours.over(peer)
    met = None if aim is None else aim.holds(ratio.median)
    wanted = f"{aim.text()}x{' as fast' if faster else ''}" if aim else ""
    return Line(what, ours.text(), peer.text(), f"{ratio.text().replace(' x', 'x', 1)}", wanted, met)


def held(what: str, value: float, unit: str, aim: Aim, peer: str = "") -> Line:
    """A line that judges a figure of ours by itself."""
    return Line(what, f"{shown(value)} {unit}".rstrip(), peer, "", aim.text(), aim.holds(value))


def alternated(rounds: int, contenders: Mapping[str, Callable[[], float]], unit: str) -> dict[str, Samples]:
    """Measure each in turn, A B A B …, so that a machine that grows slower is slower for all of them."""
    values: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, measure in contenders.items():
            values[name].append(measure())
    return {name: Samples(tuple(found), unit) for name, found in values.items()}


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * round(share * 1000) // 1000))
    return ordered[rank - 1]
