"""What a snapshot says beside the topology: nothing is left out, assumed or inferred without a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from drillrunner.model.noun import Noun

Kind = Literal["left out", "assumed", "inferred"]
Spec_co = TypeVar("Spec_co", covariant=True)


class Note(Noun):
    """`left out`: it is there and the topology lacks it; `assumed`: the lab's copy differs in a way that is said;
    `inferred`: AWS does not say it, other things do."""

    kind: Kind
    subject: str
    why: str


@dataclass(frozen=True, slots=True)
class Part(Generic[Spec_co]):
    """One section of a topology as it was read, with its notes."""

    specs: tuple[Spec_co, ...] = ()
    notes: tuple[Note, ...] = ()


def left_out(subject: str, why: str) -> Note:
    """It is there, and the topology lacks it."""
    return Note(kind="left out", subject=subject, why=why)


def assumed(subject: str, why: str) -> Note:
    """The lab's copy is not quite what is there."""
    return Note(kind="assumed", subject=subject, why=why)


def inferred(subject: str, why: str) -> Note:
    """Worked out from other things than what AWS says of it."""
    return Note(kind="inferred", subject=subject, why=why)
