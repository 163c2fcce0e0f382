"""Events on disk: written before anybody is told, read back after a crash, and never by two at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drillrunner.clock import Clock
from drillrunner.errors import ExerciseBusy, JournalBroken, JournalUnwritable, RunNotFound
from drillrunner.files.exercise.file import read_exercise
from drillrunner.files.exercise.folder import ExerciseFolder, create_exercise_folder, exercise_folders, find_exercise
from drillrunner.files.exercise.journal import ExerciseJournal, is_running, read_events
from drillrunner.model.exercise_event import Actor, EventDraft
from drillrunner.model.journal import line_of, next_entry
from drillrunner.model.noun import canonical_json

SOURCE = Path(__file__).parents[2] / "data" / "exercises" / "regional-outage.yaml"
BEGAN = datetime(2026, 11, 21, 9, tzinfo=UTC)
KIM = Actor(role="facilitator", person="Ops")


@dataclass(slots=True)
class Watch:
    """A clock's two sources, which a test sets."""

    seconds: float = 1_000.0
    wall: datetime = BEGAN

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)

    def clock(self) -> Clock:
        return Clock(monotonic_source=lambda: self.seconds, wall_source=lambda: self.wall)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def folder(tmp_path: Path) -> ExerciseFolder:
    return create_exercise_folder(tmp_path / "reports", SOURCE, read_exercise(SOURCE), BEGAN)


@pytest.fixture
def journal(folder: ExerciseFolder, watch: Watch) -> Iterator[ExerciseJournal]:
    with ExerciseJournal.open(folder, watch.clock()) as journal:
        yield journal


def note(journal: ExerciseJournal, text: str, scenario_seconds: float = 0.0) -> None:
    draft = EventDraft(kind="note", actor=KIM, scenario_seconds=scenario_seconds, data={"text": text})
    journal.append(draft, journal.real_seconds())


def left(folder: ExerciseFolder, watch: Watch, *texts: str) -> None:
    """A journal that a process wrote and left, a second for each note."""
    with ExerciseJournal.open(folder, watch.clock()) as journal:
        for text in texts:
            watch.pass_by(1.0)
            note(journal, text)


def test_the_folder_holds_the_exercise_and_what_it_shows(folder: ExerciseFolder) -> None:
    assert folder.exercise_id.startswith("20261121-090000-tabletop-regional-outage-")
    assert folder.exercise.read_bytes() == SOURCE.read_bytes()
    assert (folder.path / "artifacts" / "alarm.md").read_bytes() == (SOURCE.parent / "artifacts/alarm.md").read_bytes()
    assert list(folder.path.parent.iterdir()) == [folder.path]


def test_an_event_is_read_back_as_it_was_written(journal: ExerciseJournal, watch: Watch) -> None:
    watch.pass_by(12.5)
    draft = EventDraft(kind="note", actor=KIM, scenario_seconds=3.25, data={"text": "<b>ü\n\ud83d</b>"})
    written = journal.append(draft, journal.real_seconds())
    assert (written.seq, written.at, written.real_seconds) == (1, BEGAN + timedelta(seconds=12.5), 12.5)
    assert read_events(journal.folder).events == (written,)


def test_an_event_that_may_not_be_on_disk_did_not_happen(folder: ExerciseFolder, watch: Watch) -> None:
    full = [False, True, False]

    def fsync(_descriptor: int) -> None:
        if full.pop(0):
            raise OSError(28, "No space left on device")

    with ExerciseJournal.open(folder, watch.clock(), fsync=fsync) as journal:
        note(journal, "one")
        with pytest.raises(JournalUnwritable, match="what happens cannot be written down: No space left on device"):
            note(journal, "two")
        assert [event.data["text"] for event in read_events(folder).events] == ["one"]
        note(journal, "three")
    assert [(event.seq, event.data["text"]) for event in read_events(folder).events] == [(1, "one"), (2, "three")]


def test_real_seconds_go_on_by_the_wall_between_two_processes(folder: ExerciseFolder, watch: Watch) -> None:
    left(folder, watch, "one")
    watch.pass_by(600.0)
    watch.seconds = 3.0  # the machine was started again
    resumed = ExerciseJournal.resume(folder, watch.clock())
    with resumed.journal as journal:
        assert journal.real_seconds() == pytest.approx(601.0)
        watch.pass_by(1.0)
        note(journal, "two")
    assert [event.real_seconds for event in read_events(folder).events] == [1.0, 602.0]


def test_a_wall_clock_that_was_set_back_makes_no_time_run_backwards(folder: ExerciseFolder, watch: Watch) -> None:
    left(folder, watch, "one")
    watch.wall -= timedelta(hours=1)
    with ExerciseJournal.resume(folder, watch.clock()).journal as journal:
        assert journal.real_seconds() == 1.0


def test_a_process_is_known_to_have_lived_until_its_last_sign(folder: ExerciseFolder, watch: Watch) -> None:
    with ExerciseJournal.open(folder, watch.clock()) as journal:
        note(journal, "one")
        watch.pass_by(30.0)
        journal.show_life()
    watch.pass_by(600.0)
    assert take_up(folder, watch) == 30.0
    folder.sign_of_life.write_bytes(b'{"real_seconds": "soon"')
    assert take_up(folder, watch) == 0.0
    folder.sign_of_life.unlink()
    assert take_up(folder, watch) == 0.0


def take_up(folder: ExerciseFolder, watch: Watch) -> float:
    resumed = ExerciseJournal.resume(folder, watch.clock())
    resumed.journal.close()
    return resumed.alive_until_real_seconds


@pytest.mark.parametrize("torn", [b'{"seq":3,"at":', b"\0" * 4_096, b"\0" * 100 + b'"}\n'])
def test_a_last_line_that_a_crash_tore_is_cut_off_and_told(torn: bytes, folder: ExerciseFolder, watch: Watch) -> None:
    left(folder, watch, "one", "two")
    with folder.events.open("ab") as file:
        file.write(torn)
    assert read_events(folder).torn_bytes == len(torn)
    resumed = ExerciseJournal.resume(folder, watch.clock())
    assert (resumed.torn_bytes, [event.data["text"] for event in resumed.events]) == (len(torn), ["one", "two"])
    with resumed.journal as journal:
        note(journal, "three")
    assert [event.seq for event in read_events(folder).events] == [1, 2, 3]


def test_a_gap_that_later_events_follow_is_damage(folder: ExerciseFolder, watch: Watch) -> None:
    left(folder, watch, "one", "two", "three")
    lines = folder.events.read_bytes().splitlines(keepends=True)
    folder.events.write_bytes(lines[0] + b"\0" * (len(lines[1]) - 1) + b"\n" + lines[2])
    with pytest.raises(JournalBroken) as broken:
        read_events(folder)
    assert broken.value.where == f"{folder.events}:2"


def test_every_change_of_a_line_is_found_and_its_place_said(folder: ExerciseFolder, watch: Watch) -> None:
    left(folder, watch, "one", "two", "three")
    whole = folder.events.read_bytes()
    for old, new in ((b'"two"', b'"tow"'), (b'"facilitator"', b'"scribe"'), (b'"scenario_seconds":0.0', b'"x":1')):
        at = whole.index(old, whole.index(b"\n"))
        folder.events.write_bytes(whole[:at] + new + whole[at + len(old) :])
        with pytest.raises(JournalBroken) as broken:
            read_events(folder)
        assert broken.value.where == f"{folder.events}:2"


def test_a_chain_that_holds_and_tells_of_no_exercise_is_refused(folder: ExerciseFolder, watch: Watch) -> None:
    entry = next_entry(None, 0.0, BEGAN.isoformat(), "run.began", {"run_id": "x"})
    folder.events.write_bytes(line_of(entry))
    with pytest.raises(JournalBroken, match="this line is no event of an exercise"):
        ExerciseJournal.resume(folder, watch.clock())


def test_only_one_process_writes_and_it_is_known_that_it_does(folder: ExerciseFolder, watch: Watch) -> None:
    assert not is_running(folder)
    with ExerciseJournal.open(folder, watch.clock()) as journal:
        note(journal, "one")
        assert is_running(folder)
        with pytest.raises(ExerciseBusy, match="another process runs this exercise"):
            ExerciseJournal.resume(folder, watch.clock())
        note(journal, "two")
    assert not is_running(folder)
    assert len(read_events(folder).events) == 2


def test_another_exercise_than_the_one_that_was_begun_is_not_gone_on_with(folder: ExerciseFolder, watch: Watch) -> None:
    with ExerciseJournal.open(folder, watch.clock()) as journal:
        began = EventDraft(
            kind="exercise_began",
            actor=KIM,
            scenario_seconds=0.0,
            data={"exercise_sha256": folder.exercise_sha256()},
        )
        journal.append(began, 0.0)
    ExerciseJournal.resume(folder, watch.clock()).journal.close()
    folder.exercise.write_text(folder.exercise.read_text().replace("T+10m", "T+20m"))
    with pytest.raises(JournalBroken, match="the file was changed since then"):
        ExerciseJournal.resume(folder, watch.clock())
    assert not is_running(folder)


def test_exercises_are_found_by_their_name_or_the_last_one(folder: ExerciseFolder) -> None:
    reports = folder.path.parent
    (reports / "20261120-140000-7f3a9c").mkdir()
    assert [one.exercise_id for one in exercise_folders(reports)] == [folder.exercise_id]
    for name in ("last", folder.exercise_id, folder.exercise_id[-6:], str(folder.path)):
        assert find_exercise(reports, name) == folder
    with pytest.raises(RunNotFound, match='no exercise is named "x"'):
        find_exercise(reports, "x")


def test_a_folder_that_cannot_be_made_is_not_left_half_made(tmp_path: Path) -> None:
    exercise = read_exercise(SOURCE).model_copy(update={"injects": ()})
    with pytest.raises(JournalUnwritable, match="nothing has begun"):
        create_exercise_folder(tmp_path, tmp_path / "gone.yaml", exercise, BEGAN)
    assert list(tmp_path.iterdir()) == []


def test_lines_are_canonical_json(folder: ExerciseFolder, watch: Watch) -> None:
    left(folder, watch, "one")
    (line,) = folder.events.read_text(encoding="utf-8").splitlines()
    assert canonical_json(json.loads(line)) == line
