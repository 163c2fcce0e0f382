"""What runs of the same drill measured, to stand beside what people took in an exercise. All times are seconds."""

from __future__ import annotations

from typing import Literal

from drillrunner.model.noun import Noun
from drillrunner.model.verdict import Outcome, Share

MeasuredIn = Literal["live", "lab", "rehearsal"]


class MeasuredRto(Noun):
    """The RTO that the last run of one kind measured: live on AWS, in the lab, or rehearsed on virtual time.

    `anatomy` is of the interval's high end, as the verdict has it.
    """

    source: MeasuredIn
    run_id: str
    began_wall: str
    environment: str
    probe: str
    low: float
    high: float
    target: float
    outcome: Outcome
    anatomy: tuple[Share, ...]

    @property
    def decide_seconds(self) -> float:
        """How long it took there from the detection to the first step of the failover."""
        return next((share.seconds for share in self.anatomy if share.part == "decide"), 0.0)


class DecidedRto(Noun):
    """What that RTO would have been with the time that people took to decide, in the place of the run's own.

    `by_itself` says that the run shows no failover step: nobody's decision was in its way.
    """

    measured: MeasuredRto
    people_seconds: float
    low: float
    high: float
    outcome: Outcome
    anatomy: tuple[Share, ...]
    by_itself: bool
