"""Where a run stands, entry by entry."""

from __future__ import annotations

from drillrunner.model.journal import Entry
from drillrunner.reporting.lines import remember
from drillrunner.reporting.progress import Asked, Progress, note
from fabricated_run import ENDED_AT, FAILBACK_AT, fabricated_run


def progress_at(moment: float) -> Progress:
    """The fabricated run so many seconds after it began."""
    progress, undos = Progress(), dict[str, Entry]()
    for entry in fabricated_run()[1]:
        if entry.at <= 5000.0 + moment:
            remember(entry, undos)
            note(progress, entry, undos)
    return progress


def test_a_change_is_begun_from_its_first_call_until_it_is_put_back() -> None:
    assert not progress_at(32.06).begun  # the undo alone is nothing
    begun = progress_at(100.0).begun
    assert {name: (one.fault, round(one.began - 5000.0, 1)) for name, one in begun.items()} == {
        "f1": (True, 32.1),
        "f2": (True, 42.1),
        "s1": (False, 61.3),
    }
    assert not progress_at(ENDED_AT).begun


def test_a_person_is_asked_since_the_step_began() -> None:
    assert progress_at(90.0).waiting == Asked("Tell support that checkout is in the standby region", 5084.1, "14:01:24")
    assert progress_at(97.0).waiting is None


def test_the_effect_counts_from_its_earliest_moment_and_the_recovery_to_its_latest() -> None:
    progress = progress_at(FAILBACK_AT)
    assert progress.effect == 5032.12
    assert round(progress.recovered or 0, 3) == 5130.95


def test_the_end_is_known() -> None:
    assert progress_at(ENDED_AT - 0.1).ended == ""
    assert progress_at(ENDED_AT).ended == "completed"
