"""Every error that a user can meet. Each says where, what, and what to do.

DrillError
├── InvalidInput        exit 2   a file or an option is wrong (carries all problems at once)
├── Refused             exit 4   a guard said no; nothing was injected
│   ├── EnvironmentBusy          another run holds the environment
│   ├── WrongAccount             the credentials are not the environment's
│   ├── FaultInEffect            somebody else's fault is there already
│   ├── PlanStale                what the plan captured is no longer there
│   ├── SteadyStateMissing       the baseline was not healthy
│   ├── ExerciseRefused          a tabletop exercise does not allow it now
│   └── ExerciseBusy             another process runs the exercise
├── CallFailed          exit 4   an outside call was refused, or its outcome is unknown
├── JournalUnwritable   exit 4   nothing may be injected without a journal
├── JournalBroken       exit 2   a journal's chain does not hold
├── RunNotFound         exit 2
└── LabFailed           exit 2   the lab did not start, or does not answer
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ExitCode:
    """What the process returns."""

    ALL_MET = 0
    MISSED = 1
    INVALID = 2
    INCONCLUSIVE = 3
    REFUSED = 4
    ABORTED = 5
    STILL_INJECTED = 6
    FORCED = 130


class DrillError(Exception):
    """The root. `message` says what, `where` locates it, `advice` says what to do next."""

    exit_code: int = ExitCode.INVALID

    def __init__(self, message: str, *, where: str | None = None, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.advice = advice

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f"\n  {self.advice}" if self.advice else ""
        return f"{place}{self.message}{hint}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one place of a file. Lines and columns count from 1."""

    code: str
    message: str
    file: str
    line: int = 1
    column: int = 1
    length: int = 1
    source_line: str = ""
    advice: str | None = None


class InvalidInput(DrillError):
    """A file or an option is wrong; `problems` holds every one that was found."""

    def __init__(
        self,
        message: str,
        *,
        problems: Sequence[Problem] = (),
        where: str | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message, where=where, advice=advice)
        self.problems = tuple(problems)


class Refused(DrillError):
    """A guard said no. Nothing was injected."""

    exit_code = ExitCode.REFUSED


class EnvironmentBusy(Refused):
    """Another run holds the environment's lock."""


class WrongAccount(Refused):
    """sts:GetCallerIdentity did not answer the account that the environment declares."""


class FaultInEffect(Refused):
    """The fault is already there: somebody else's, which must not be adopted."""


class PlanStale(Refused):
    """A target changed between the plan and the injection."""


class SteadyStateMissing(Refused):
    """The baseline was not healthy, so nothing could be learnt from breaking it."""


class ExerciseRefused(Refused):
    """A tabletop exercise does not allow it now: published twice, a rating without a reason, no player's business."""


class ExerciseBusy(Refused):
    """Another process runs the exercise; two would write into one journal."""


class CallFailed(DrillError):
    """An outside call was refused, or nobody knows what became of it.

    `code` is the AWS error code, SQLSTATE, or one of ours: `Timeout`, `ConnectionFailed`,
    `ExpiredCredentials`, `Unsupported`. `unknown` is true when the call may have taken effect. Met while
    planning, it refuses the run: what could not be read was not found to be safe.
    """

    exit_code = ExitCode.REFUSED

    def __init__(
        self, message: str, *, code: str, unknown: bool, where: str | None = None, advice: str | None = None
    ) -> None:
        super().__init__(message, where=where, advice=advice)
        self.code = code
        self.unknown = unknown


class JournalUnwritable(DrillError):
    """The journal could not be written (full disk, read-only folder): nothing may be injected."""

    exit_code = ExitCode.REFUSED


class JournalBroken(DrillError):
    """A journal's hash chain does not hold: it was changed, or its end is torn."""


class RunNotFound(DrillError):
    """No run of that name in the reports folder."""


class LabFailed(DrillError):
    """The lab did not start, or does not answer."""
