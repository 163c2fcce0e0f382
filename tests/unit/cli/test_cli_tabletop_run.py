"""`drill tabletop run` and `status`: lines typed or piped, a process that is killed, and a screen."""

from __future__ import annotations

import fcntl
import os
import pty
import random
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drillrunner.cli.tabletop.lines import VERBS, help_lines, perform_line
from drillrunner.cli.tabletop.screen import LineEditor
from drillrunner.cli.tabletop.words import event_lines, standing_lines
from drillrunner.errors import ExerciseRefused
from drillrunner.files.exercise.folder import ExerciseFolder, exercise_folders
from drillrunner.files.exercise.journal import is_running, read_events
from drillrunner.model.exercise_event import ExerciseEvent
from drillrunner.tabletop.outcome import outcome_of
from drillrunner.tabletop.players_view import players_view
from drillrunner.tabletop.session import reduce
from outside_strings import HIDDEN
from played_exercise import EXERCISE, begun, started

ROOT = Path(__file__).parents[3]
PLAYED = "tests/data/exercises/regional-outage.yaml"
LONGEST_WAIT_SECONDS = 30.0


def drill(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "drillrunner", "tabletop", *arguments]
    return subprocess.run(command, input=typed, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)


def only_exercise(reports: Path) -> ExerciseFolder:
    (folder,) = exercise_folders(reports)
    return folder


def kinds(folder: ExerciseFolder) -> list[str]:
    return [event.kind for event in read_events(folder).events]


def test_a_script_plays_an_exercise_from_its_start_to_its_ratings(tmp_path: Path) -> None:
    typed = (
        "# everybody is there\njoin incident commander\nstart\npublish\nd checkout: declare an incident @alarm.1\n"
        "to T+6m\np\np\nd inc: we fail over @decision.1\nskip back no time\nend\nrate rto S a minute late\n"
    )
    played = drill("run", PLAYED, "--reports", str(tmp_path), "--seed", "3", typed=typed)
    folder = only_exercise(tmp_path)
    assert (played.returncode, played.stderr) == (0, "")
    assert f"report it with: drill tabletop report {folder.path}\n" in played.stdout
    assert "rating · rto: S (performed with some challenges): a minute" in played.stdout
    assert max(map(len, played.stdout.splitlines()[1:-1])) <= 80
    assert kinds(folder)[:6] == ["exercise_began", "drawn", "drawn", "joined", "clock_started", "inject_published"]
    status = drill("status", "--reports", str(tmp_path))
    assert "T+06:00 ended · 1h24m left" in status.stdout


def test_a_line_that_is_refused_is_told_and_the_rest_still_happens(tmp_path: Path) -> None:
    typed = "publsh alarm\npublish alarm\nstart\nd nobody: x\nend\n"
    played = drill("run", PLAYED, "--reports", str(tmp_path), typed=typed)
    assert played.returncode == 4
    assert 'error: "publsh" is no command\n  did you mean "publish"?\n' in played.stdout
    assert "error: the clock is not started\n  start it when everybody is there\n" in played.stdout
    assert 'error: nobody at this table is "nobody"\n' in played.stdout
    assert kinds(only_exercise(tmp_path))[-2:] == ["clock_started", "exercise_ended"]


def test_what_is_left_before_its_end_has_its_clock_stopped_and_says_how_to_go_on(tmp_path: Path) -> None:
    played = drill("run", PLAYED, "--reports", str(tmp_path), typed="start\n")
    folder = only_exercise(tmp_path)
    assert played.returncode == 3
    assert played.stdout.endswith(f"go on with: drill tabletop run --resume {folder.path}\n")
    assert kinds(folder)[-1] == "clock_paused"
    again = drill("run", "--resume", "last", "--reports", str(tmp_path), typed="resume\nend\n")
    assert again.returncode == 0
    assert kinds(folder)[-4:] == ["clock_paused", "resumed", "clock_resumed", "exercise_ended"]


def test_what_is_due_is_published_by_itself_where_that_is_asked_for(tmp_path: Path) -> None:
    drill(
        "run", PLAYED, "--reports", str(tmp_path), "--auto-publish", "--seed", "3", typed="start\nto 6m\npause\nend\n"
    )
    folder = only_exercise(tmp_path)
    published = [event for event in read_events(folder).events if event.kind == "inject_published"]
    assert [event.data["inject"] for event in published] == ["alarm", "no-chat", "customers", "decision"]
    assert all(event.data["automatic"] for event in published)


@pytest.mark.parametrize("arguments", [("run",), ("run", PLAYED, "--resume", "last"), ("run", "gone.yaml")])
def test_what_is_to_be_played_is_named_once_and_is_there(arguments: tuple[str, ...], tmp_path: Path) -> None:
    played = drill(*arguments, "--reports", str(tmp_path))
    assert (played.returncode, played.stdout) == (2, "")
    assert not list(tmp_path.iterdir())


def wait_for(folder: ExerciseFolder, kind: str) -> None:
    began = time.monotonic()
    while kind not in kinds(folder):
        assert time.monotonic() - began < LONGEST_WAIT_SECONDS
        time.sleep(0.02)


@contextmanager
def playing(reports: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that plays an exercise and waits for lines."""
    command = [sys.executable, "-m", "drillrunner", "tabletop", "run", PLAYED, "--reports", str(reports), "--seed", "3"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_process_that_is_killed_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    with playing(reports) as process:
        assert process.stdin is not None
        process.stdin.write("start\npublish\nd checkout: déclare @alarm.1\nnote the last\n".encode())
        process.stdin.flush()
        began = time.monotonic()
        while not list(exercise_folders(reports)):
            assert time.monotonic() - began < LONGEST_WAIT_SECONDS
            time.sleep(0.02)
        folder = only_exercise(reports)
        wait_for(folder, "note")
        assert is_running(folder)
        busy = drill("run", "--resume", str(folder.path))
        assert (busy.returncode, "another process runs this exercise" in busy.stderr) == (4, True)
        process.kill()
        process.wait()
    before = read_events(folder).events
    with folder.events.open("ab") as file:
        file.write(b'{"at":1')
    status = drill("status", str(folder.path)).stdout
    assert "the process that played it is gone" in status
    again = drill("run", "--resume", str(folder.path), typed="resume\nend\n")
    assert again.returncode == 0
    assert "the last line, 7 bytes that a crash tore, was cut off" in again.stdout
    after = read_events(folder).events
    assert after[: len(before)] == before
    assert [event.kind for event in after[len(before) :]] == ["resumed", "clock_resumed", "exercise_ended"]
    assert after[len(before)].data["was_running"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_the_exercise_with_its_clock_stopped(number: signal.Signals, tmp_path: Path) -> None:
    with playing(tmp_path) as process:
        assert process.stdin is not None
        process.stdin.write(b"start\n")
        process.stdin.flush()
        began = time.monotonic()
        while not list(exercise_folders(tmp_path)):
            assert time.monotonic() - began < LONGEST_WAIT_SECONDS
            time.sleep(0.02)
        folder = only_exercise(tmp_path)
        wait_for(folder, "clock_started")
        process.send_signal(number)
        assert process.wait(LONGEST_WAIT_SECONDS) == 3
    assert kinds(folder)[-1] == "clock_paused"


def test_a_screen_shows_the_clock_what_is_due_and_what_is_typed(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(follower)
    command = [
        sys.executable,
        "-m",
        "drillrunner",
        "tabletop",
        "run",
        PLAYED,
        "--reports",
        str(tmp_path),
        "--seed",
        "3",
    ]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(command, stdin=follower, stdout=follower, cwd=ROOT, env=environment)
    shown = b""
    try:
        for typed, wanted in (
            ("", "· alarm"),
            ("start\r", "DUE for"),
            ("publish alarm\r", "☐ alarm.1"),
            ("quit\r", "left at"),
        ):
            os.write(leader, typed.encode())
            shown = read_until(leader, wanted.encode())
        assert process.wait(LONGEST_WAIT_SECONDS) == 3
        assert termios.tcgetattr(follower) == before
    finally:
        process.kill()
        process.wait()
        os.close(leader)
        os.close(follower)
    assert b"drill tabletop run --resume" in shown.replace(b"\r\n", b"")


def read_until(descriptor: int, wanted: bytes) -> bytes:
    shown = b""
    began = time.monotonic()
    while wanted not in shown:
        assert time.monotonic() - began < LONGEST_WAIT_SECONDS, shown
        shown += os.read(descriptor, 65_536)
    return shown


def test_a_line_is_edited_as_in_any_terminal() -> None:
    editor = LineEditor()
    assert editor.feed("publüsh\x7f\x7f\x7fish alarm\r".encode()) == ["publish alarm"]
    assert editor.feed(b"one two\x17three\x15four\n") == ["four"]
    assert editor.feed(b"\x1b[A\x1b[A\x1b[B\x1b[C\x1b[3~!\r") == ["four!"]
    assert editor.feed(b"\xc3") == []
    assert editor.feed(b"\xbc\x00\x07\r") == ["ü"]
    assert (editor.feed(b"a\x04"), editor.ended) == ([], False)
    assert (editor.feed(b"\x15\x04"), editor.ended) == ([], True)


def test_every_command_fits_a_line_of_help() -> None:
    assert max(map(len, help_lines())) <= 80
    assert all(any(f" {verb} " in line or line.strip() == verb for line in help_lines()) for verb in VERBS)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("decision inc fail over", "it is not said who"),
        ("decision aud: fail over", "a decision is a player's"),
        ("done nothing.1", 'there is no expected action "nothing.1"'),
        ("to five", '"five" is no moment of the scenario; write it like T+5m, 90s or T+0'),
        ("answer x y", '"x" is no number'),
        ("finding x; colour=red", '"colour=red" says nothing about a finding'),
        ("s", '"s" is no command'),
        ("decision inc: @alarm", "the decision is needed, in a few words"),
    ],
)
def test_what_cannot_be_done_says_what_is_wrong(line: str, said: str) -> None:
    desk, _ = started()
    perform_line(desk, "publish alarm")
    with pytest.raises(ExerciseRefused) as refused:
        perform_line(desk, line)
    assert refused.value.message.startswith(said)


def test_a_finding_is_typed_with_its_row_of_the_improvement_plan() -> None:
    desk, _ = started()
    perform_line(desk, "finding nobody knew > write it down; owner=Api; due=2027-01-31; retest=outage; objective=rto")
    row = desk.state.findings[0]
    assert (row.text, row.action, row.owner, row.due, row.retest, row.objective) == (
        "nobody knew",
        "write it down",
        "Api",
        "2027-01-31",
        "outage",
        "rto",
    )


def test_words_from_outside_move_no_cursor_and_fit_the_width() -> None:
    desk, _ = begun(EXERCISE.model_copy(update={"title": HIDDEN[0]}))
    perform_line(desk, "start")
    for words in HIDDEN:
        events = perform_line(desk, f"d inc: {words} {'long ' * 40}")
        lines = [line for event in events for line in event_lines(desk.state, event, 80)]
        assert all(line.isprintable() and len(line) <= 80 for line in lines), lines
    assert all(line.isprintable() and len(line) <= 80 for line in standing_lines(desk.state, desk.now(), 80))


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_typed_the_events_alone_tell_how_things_stand(seed: int) -> None:
    dice = random.Random(seed)
    desk, log = begun(seed=seed)
    ids = ["rto", "tell", "alarm", "decision", "back", "alarm.1", "decision.1", "no-chat", "nothing"]
    tails = ["inc: words @{}", "{}", "{} words", "{} P words", "on: {}", "audit", "scribe: Sre", "T+{}m", "{} 1", ""]
    refused = 0
    for _ in range(120):
        log.now += dice.uniform(0.0, 60.0)
        tail = dice.choice(tails).format(dice.choice([*ids, str(dice.randrange(60))]))
        verb = dice.choice([verb for verb in VERBS if verb != "end" or dice.random() < 0.1])
        try:
            perform_line(desk, f"{verb} {tail}")
        except ExerciseRefused:
            refused += 1
    assert 0 < refused < 120, f"seed {seed}"
    assert reduce(EXERCISE, log.events) == desk.state, f"seed {seed}"
    moments = [event.scenario_seconds for event in log.events]
    assert moments == sorted(moments), f"seed {seed}"
    again = [ExerciseEvent.model_validate_json(event.model_dump_json()) for event in log.events]
    assert again == log.events, f"seed {seed}"
    for role in ("incident commander", "on-call engineer"):
        assert "SECRET" not in players_view(desk.state, role, log.now).model_dump_json(), f"seed {seed}"
    assert outcome_of(desk.state).people_seconds <= log.now, f"seed {seed}"
