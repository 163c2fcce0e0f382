"""`drill serve --exercise` as a process: what it prints, and how the same command goes on after it was killed."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
from aiohttp import ClientError, ClientSession, CookieJar

from drillrunner.files.exercise.folder import exercise_folders
from served_exercises import SEED, events_in, exercise_file

SERVE = [sys.executable, "-m", "drillrunner", "serve", "--port", "0", "--reports", "reports"]
LINES = 5


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "DRILLRUNNER_STATE": str(folder / "state")}


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The process, and what it says first."""
    process = subprocess.Popen(
        [*SERVE, *words], cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process, [process.stdout.readline().strip() for _ in range(LINES)]
    finally:
        process.kill()
        process.communicate()


def refused(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SERVE, *words], cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=60, check=False
    )


def test_an_exercise_is_begun_and_the_same_command_goes_on_with_it_after_a_kill(tmp_path: Path) -> None:
    file = str(exercise_file(tmp_path))
    with serving(tmp_path, "--exercise", file, "--seed", str(SEED)) as (process, lines):
        _, exercise, desk, players, staff = lines
        (folder,) = exercise_folders(tmp_path / "reports")
        assert exercise == f"exercise {folder.exercise_id} (seed {SEED})"
        assert f"/exercises/{folder.exercise_id}?token=" in desk
        assert players.startswith("players join at http://127.0.0.1:")
        busy = refused(tmp_path, "--exercise", "last")
        assert (busy.returncode, "another process runs this exercise" in busy.stderr) == (4, True)
        process.send_signal(signal.SIGKILL)
    with serving(tmp_path, "--exercise", file) as (process, again):
        assert again[1] == f"exercise {folder.exercise_id} (seed {SEED}, interrupted once)"
        assert again[3].split()[-1] == players.split()[-1]
        assert again[4].split()[-1] == staff.split()[-1]
        process.send_signal(signal.SIGINT)
        _, left = process.communicate(timeout=20)
        assert (process.returncode, f"go on with: drill serve --exercise {folder.exercise_id}" in left) == (0, True)
    assert [event.kind for event in events_in(folder)] == ["exercise_began", "drawn", "drawn", "resumed"]
    with serving(tmp_path, "--exercise", folder.exercise_id[-6:]) as (_, third):
        assert third[1].endswith("interrupted 2 times)")


PLAYERS = {"Api": "incident commander", "Bo": "checkout on-call", "Cy": "database on-call"}
ANSWERED_BEFORE_THE_KILL = 60


async def talk_until_it_dies(origin: str, code: str, person: str, answered: list[str], enough: anyio.Event) -> None:
    """Sit down, and say one thing after the other as fast as they are answered."""
    form = re.compile(r'name="form" value="([0-9a-f]{64})"')
    ours = {"Origin": origin}
    async with ClientSession(origin, cookie_jar=CookieJar(unsafe=True), headers=ours) as browser:
        async with browser.post("/play", data={"code": code}) as answer:
            page, base = await answer.text(), answer.url.path
        seat = {"person": person, "role": PLAYERS[person], "form": form.findall(page)[0]}
        async with browser.post(f"{base}/join", data=seat) as answer:
            token = form.findall(await answer.text())[0]
        for number in itertools.count():
            said = {"kind": "action", "text": f"{person} {number}", "form": token}
            try:
                async with browser.post(f"{base}/say", data=said, allow_redirects=False) as answer:
                    assert answer.status == 303, await answer.text()
            except ClientError:
                return
            answered.append(said["text"])
            if len(answered) >= ANSWERED_BEFORE_THE_KILL:
                enough.set()


def test_what_was_answered_before_a_kill_in_the_middle_of_it_is_on_disk(tmp_path: Path) -> None:
    answered: list[str] = []

    async def crowd(process: subprocess.Popen[str], origin: str, code: str) -> None:
        enough = anyio.Event()
        async with anyio.create_task_group() as tasks:
            for person in PLAYERS:
                tasks.start_soon(talk_until_it_dies, origin, code, person, answered, enough)
            await enough.wait()
            process.kill()

    with serving(tmp_path, "--exercise", str(exercise_file(tmp_path, publish="auto"))) as (process, lines):
        address, _, token = lines[2].split()[-1].partition("?token=")
        origin = "/".join(address.split("/")[:3])
        start_the_clock(origin, address, token)
        anyio.run(crowd, process, origin, lines[3].split()[-1])
    (folder,) = exercise_folders(tmp_path / "reports")
    written = [str(event.data["text"]) for event in events_in(folder) if event.kind == "action"]
    assert len(answered) >= ANSWERED_BEFORE_THE_KILL
    assert set(answered) <= set(written)
    assert len(written) == len(set(written)) <= len(answered) + len(PLAYERS)
    with serving(tmp_path, "--exercise", "last") as (_, again):
        assert again[1].endswith("interrupted once)")
    assert [str(event.data["text"]) for event in events_in(folder) if event.kind == "action"] == written


def start_the_clock(origin: str, address: str, token: str) -> None:
    """As the facilitator."""

    async def start() -> None:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True), headers={"Origin": origin}) as browser:
            async with browser.get(f"{address}?token={token}") as answer:
                form = re.findall(r'name="form" value="([0-9a-f]{64})"', await answer.text())[0]
            async with browser.post(f"{address}/do/start", data={"form": form}, allow_redirects=False) as answer:
                assert answer.status == 303

    anyio.run(start)


def test_a_file_that_is_no_exercise_is_refused_with_everything_that_is_wrong(tmp_path: Path) -> None:
    file = exercise_file(tmp_path)
    words = file.read_text(encoding="utf-8").replace("T+4m", "soon").replace("from: monitoring", "from: monitorin")
    file.write_text(words, encoding="utf-8")
    wrong = refused(tmp_path, "--exercise", str(file))
    assert wrong.returncode == 2
    assert "soon" in wrong.stderr
    assert 'did you mean "monitoring"?' in wrong.stderr
    unknown = refused(tmp_path, "--exercise", "no-such-exercise")
    assert (unknown.returncode, 'no exercise is named "no-such-exercise"' in unknown.stderr) == (2, True)
    assert "--seed is for --exercise" in refused(tmp_path, "--seed", "1").stderr
    assert list(exercise_folders(tmp_path / "reports")) == []
