"""Game days on the pages: how each went, its report, and how game days and exercises stand to their schedules."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from drillrunner.files.gameday.folder import GameDayFolder, held
from drillrunner.model.journal import line_of
from drillrunner.model.noun import JsonValue
from fabricated_run import Scribe
from filed_exercise import exercise_file
from outside_strings import FORBIDDEN_CHARACTERS, batches
from served_pages import served
from served_runs import OVER, over

pytestmark = pytest.mark.anyio

BAD_GAMEDAYS = Path(__file__).parents[2] / "bad_gamedays"
ID = "20261120-140000-gameday-quarterly-7f3a9c"
GAMEDAY = """\
gameday: {name}
title: {name} is held
environment: lab
roles: {{facilitator: shift lead}}
drills: [{{drill: outage}}]
{schedule}
"""


def write_gameday(reports: Path, gameday_id: str = ID, **ended: JsonValue) -> GameDayFolder:
    """A game day's folder with its report; it came to no end where nothing is said of it."""
    scribe = Scribe()
    scribe.write(0.0, "gameday.began", gameday="quarterly", environment="lab")
    if ended:
        scribe.write(1.0, "gameday.ended", **ended)
    folder = GameDayFolder(reports / gameday_id)
    folder.path.mkdir(parents=True)
    folder.journal.write_bytes(b"".join(line_of(entry) for entry in scribe.entries))
    link = f'<a href="../{OVER}/report.html">its run</a>'
    (folder.path / "report.html").write_text(f"<!doctype html><h1>FAIL</h1>{link}", encoding="utf-8")
    return folder


async def test_game_days_are_listed_with_their_verdict_and_a_link_to_their_report(tmp_path: Path) -> None:
    write_gameday(tmp_path / "reports", outcome="missed", exit_code=1, why="throttle: an objective was missed")
    over(tmp_path / "reports")
    async with served(tmp_path) as pages:
        text = await pages.text("/")
        assert f'<a href="/gamedays/{ID}/report.html">{ID}</a>' in text
        assert '<td class="missed"><b class="tinted">FAIL</b></td>' in text
        assert "throttle: an objective was missed" in text
        assert "2026-11-20 14:00" in text.split('id="gamedays"')[1]
        assert ID not in await pages.text("/?drill=regional-outage")


async def test_a_game_day_s_report_is_served_in_a_sandbox_and_its_links_lead_to_its_runs(tmp_path: Path) -> None:
    write_gameday(tmp_path / "reports", outcome="met", exit_code=0)
    over(tmp_path / "reports")
    async with served(tmp_path) as pages:
        answer = await pages.get(f"/gamedays/{ID}/report.html")
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html"
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox allow-scripts")
        assert "allow-same-origin" not in policy
        # as a browser reads the link ../RUN/report.html there
        followed = await pages.get(f"/gamedays/{OVER}/report.html")
        assert (followed.status, followed.headers["Location"]) == (303, f"/runs/{OVER}/files/report.html")


@pytest.mark.parametrize(
    "path",
    [
        f"/gamedays/{ID}/plan.json",
        f"/gamedays/{ID}/gameday.jsonl",
        f"/gamedays/{ID.replace('7f3a9c', 'aaaaaa')}/report.html",
        "/gamedays/..%2Fsecret/report.html",
        f"/gamedays/{ID}%2F..%2F{ID}/report.html",
    ],
)
async def test_nothing_else_of_a_game_day_is_served(tmp_path: Path, path: str) -> None:
    folder = write_gameday(tmp_path / "reports", outcome="met", exit_code=0)
    folder.plan.write_text("{}")
    async with served(tmp_path) as pages:
        assert (await pages.get(path)).status == 404


async def test_a_report_that_is_a_link_to_somewhere_else_is_not_served(tmp_path: Path) -> None:
    folder = write_gameday(tmp_path / "reports", outcome="met", exit_code=0)
    (tmp_path / "secret").write_text("hunter2")
    (folder.path / "report.html").unlink()
    (folder.path / "report.html").symlink_to(tmp_path / "secret")
    async with served(tmp_path) as pages:
        assert f"{ID} has none yet" in await pages.text("/")
        answer = await pages.get(f"/gamedays/{ID}/report.html")
        assert answer.status == 404
        assert f"drill gameday report {ID}" in await answer.text()


async def test_one_without_an_end_is_under_way_or_died_and_a_broken_one_hides_no_other(tmp_path: Path) -> None:
    going = write_gameday(tmp_path / "reports")
    write_gameday(tmp_path / "reports", ID.replace("7f3a9c", "000001"))
    torn = write_gameday(tmp_path / "reports", ID.replace("7f3a9c", "000002"))
    torn.journal.write_text('{"torn": true}\n')
    async with served(tmp_path) as pages:
        with held(going):
            rows = (await pages.text("/")).split('id="gamedays"')[1].split("<tr>")[2:]
    assert [word for row in rows for word in ("RUNNING", "DIED", "cannot be read") if word in row] == [
        "RUNNING",
        "cannot be read",
        "DIED",
    ]


@pytest.mark.parametrize("number", range(len(batches())))
async def test_what_comes_from_outside_is_shown_and_never_obeyed(tmp_path: Path, number: int) -> None:
    write_gameday(tmp_path / "reports", outcome="missed", why=batches()[number])
    async with served(tmp_path) as pages:
        text = await pages.text("/")
    assert "<script>" not in text
    assert "<img" not in text
    assert not FORBIDDEN_CHARACTERS & set(text)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """It is 2026-11-20 14:01 UTC. The quarterly game day was held a minute ago, and no other; one cannot be read."""
    shutil.copytree(BAD_GAMEDAYS / "drills", tmp_path / "drills")
    (tmp_path / "drills" / "broken.yaml").unlink()
    gamedays = tmp_path / "drills" / "gamedays"
    gamedays.mkdir()
    for name, schedule in (("quarterly", "schedule: {every: quarter, grace: 14d}"), ("once", "")):
        (gamedays / f"{name}.yaml").write_text(GAMEDAY.format(name=name, schedule=schedule))
    (gamedays / "torn.yaml").write_text("gameday: torn\n")
    write_gameday(tmp_path / "reports", outcome="missed")
    return tmp_path


async def test_the_drills_page_lists_game_days_with_how_they_stand(base: Path) -> None:
    async with served(base) as pages:
        text = await pages.text("/drills")
    rows = text.split('id="occasions"')[1].split("<tr>")[2:]
    named = {row.split('<th scope="row">')[1].partition("<")[0]: row for row in rows}
    assert list(named) == ["once", "quarterly", "torn"]
    assert "✗ missed 2026-11-20 14:00" in named["quarterly"]
    assert "ok until 2027-02-20 14:00 UTC" in named["quarterly"]
    assert "every quarter" in named["quarterly"]
    assert "no schedule" in named["once"]
    assert "never" in named["once"]
    assert "problems; see them with: drill validate" in named["torn"]


async def test_an_exercise_that_is_overdue_is_named_before_the_lists(tmp_path: Path) -> None:
    path = exercise_file(tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write("schedule: {every: quarter, starts: 2026-01-05T09:00, time_zone: Europe/Berlin}\n")
    async with served(tmp_path) as pages:
        text = await pages.text("/drills")
    assert "Overdue (1 of 2): exercise outage</p>" in text.partition("<table")[0]
    assert "An incident of checkout" in text
