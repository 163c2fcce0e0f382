"""What became of a ledger's records: the same as the judge counts."""

from __future__ import annotations

from collections import Counter

from drillrunner.judge import judge
from drillrunner.reporting.records import read_backs
from drillrunner.reporting.series import gather
from fabricated_pieces import Story, reading
from fabricated_run import BEGAN_AT, fabricated_run


def fates(story: Story, seqs: range, *, asked: float = 1.0, ok: bool | None = True) -> list[str]:
    ledger = read_backs(story.entries)["orders"]
    return [ledger.fate(reading(asked, ok, name="orders", seq=seq)) for seq in seqs]


def test_a_record_that_was_found_is_kept_and_one_that_was_not_is_lost() -> None:
    story = Story().ledger_read(10.0, "recovered", [[1, 2], [4, 4]])
    assert fates(story, range(1, 5)) == ["kept", "kept", "lost", "kept"]


def test_a_record_that_came_later_is_late_and_one_that_vanished_is_gone() -> None:
    story = Story().ledger_read(10.0, "recovered", [[1, 2]]).ledger_read(20.0, "before_revert", [[1, 1], [3, 3]])
    assert fates(story, range(1, 5)) == ["kept", "gone", "late", "lost"]
    assert fates(story, range(1, 3), asked=12.0) == ["kept", "gone"]


def test_a_record_written_after_the_last_reading_was_never_looked_for() -> None:
    story = Story().ledger_read(10.0, "recovered", [[1, 1]])
    assert fates(story, range(1, 2), asked=11.0) == ["not read back"]


def test_what_was_not_acknowledged_is_no_loss() -> None:
    story = Story().ledger_read(10.0, "recovered", [])
    assert fates(story, range(1, 2), ok=False) == ["not acknowledged"]
    assert fates(story, range(1, 2), ok=None) == ["not acknowledged"]


def test_a_ledger_that_could_not_be_read_says_nothing_of_its_records() -> None:
    story = Story().write(10.0, "ledger.read", probe="orders", moment="recovered", error="no route")
    assert fates(story, range(1, 2)) == ["not read back"]


def test_a_whole_run_counts_as_the_verdict_does() -> None:
    plan, entries, readings = fabricated_run()
    result = judge(plan, entries, readings).ledgers[0]
    series = gather(plan, lambda: iter(readings), BEGAN_AT, entries[-1].at, read_backs(entries))
    counted = Counter({fate: sum(counts) for fate, counts in series.fate["orders"].items()})
    assert counted["lost"] + counted["late"] + counted["gone"] == result.lost == 5
    assert counted["late"] == result.late
    assert counted.total() - counted["not acknowledged"] == result.acknowledged
    assert counted.total() == result.written
