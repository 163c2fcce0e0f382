"""A primary and its standby, as the control plane's patches see them: the seam between AWS's words and real data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Side = Literal["a", "b"]


def other(side: Side) -> Side:
    """The side across."""
    return "b" if side == "a" else "a"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a side answers; `port` 0 means that nothing listens there (simulated data)."""

    address: str
    port: int


class DatabasePair(Protocol):
    """Two databases, one of which takes writes while the other follows it asynchronously.

    A pair begins with side `a` as the writer. Methods are synchronous; where `blocking` is true they
    take real time and belong on a worker thread, else they are pure and may run on the event loop.
    All raise LabFailed when the database will not do what was asked.
    """

    blocking: bool

    @property
    def writer(self) -> Side:
        """The side that is, or was last, the writer."""
        ...

    def place(self, side: Side) -> Place:
        """Where that side answers; it stays the same for the life of the pair."""
        ...

    def running(self, side: Side) -> bool:
        """Whether that side is up."""
        ...

    def start(self) -> None:
        """Bring both sides up, `a` as the writer."""
        ...

    def crash(self, side: Side) -> None:
        """End that side as a power cut would: nothing that was not written yet is written. Idempotent."""
        ...

    def stop_side(self, side: Side) -> None:
        """Shut that side down cleanly; a writer first sends its standby all that it has. Idempotent."""
        ...

    def start_side(self, side: Side) -> None:
        """Start a side that is down as what it was before. Idempotent."""
        ...

    def promote(self) -> None:
        """Make the standby a writer. What it has not received is lost to it."""
        ...

    def switch(self) -> None:
        """Swap the roles and lose nothing: the old writer stops, the standby takes over, the old one follows it."""
        ...

    def rebuild(self) -> None:
        """Make the side that is not the writer a standby of the writer again, dropping what it alone had."""
        ...

    def pause_replay(self, paused: bool) -> None:
        """Let the standby receive but not show what it receives, until it is resumed."""
        ...

    def lag_bytes(self) -> int | None:
        """How much of the writer's log the standby has not replayed; None when one of them cannot be asked."""
        ...

    def lag_seconds(self) -> float | None:
        """For how long the oldest write that the standby does not show has been acknowledged, in drill seconds.

        0 when it shows everything; None when one of them cannot be asked or it does not follow.
        """
        ...

    def close(self) -> None:
        """End both sides and remove their data. Idempotent."""
        ...
