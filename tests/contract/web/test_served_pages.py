"""The pages over a socket: what they show of runs, drills, trends and the catalogue."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from drillrunner.files.run_folder import RunFolder
from drillrunner.model.verdict import RevertResult
from fabricated_run import fabricated_plan
from outside_strings import FORBIDDEN_CHARACTERS, batches
from past_reports import day, rto, verdict_on, write_run
from served_pages import TOKEN, held, served
from served_runs import GOING_ON, OVER, going_on, over, write_plan

pytestmark = pytest.mark.anyio

FOREIGN_TAGS = ("<script>", "<img", "<iframe", "<base", "<math", "<!--", "<meta http-equiv=refresh", '<a href="j')
ROOT = Path(__file__).resolve().parents[3]


async def test_runs_are_listed_with_their_verdicts_and_can_be_filtered(tmp_path: Path) -> None:
    over(tmp_path / "reports")
    write_run(tmp_path / "reports", verdict_on(day(2026, 10, 1), rto(200.0, 205.0), drill="other"))
    async with served(tmp_path) as pages:
        text = await pages.text("/")
        assert f'<a href="/runs/{OVER}">{OVER}</a>' in text
        assert "✗ missed" in text
        filtered = await pages.text("/?drill=other")
        assert OVER not in filtered
        assert '<option value="other" selected>' in filtered


async def test_a_long_list_is_cut_and_can_be_shown_whole(tmp_path: Path) -> None:
    for number in range(53):
        write_run(tmp_path / "reports", verdict_on(day(2026, 10, 1), rto(90.0, 95.0), number=number))
    async with served(tmp_path) as pages:
        assert "3 older runs are not shown" in await pages.text("/")
        assert (await pages.text("/?all=1")).count("<tr>") == 54


async def test_what_is_still_injected_is_said_before_anything_else(tmp_path: Path) -> None:
    left = RevertResult(of=2, reverted=1, seconds=3.0, left=("lambda us-east-1 checkout",))
    judged = verdict_on(day(2026, 10, 1), rto(90.0, 95.0), revert=left)
    folder = write_run(tmp_path / "reports", judged)
    shutil.copy(over(tmp_path / "reports").journal, folder / "journal.jsonl")
    (folder / "verdict.json").touch()
    async with served(tmp_path) as pages:
        text = await pages.text("/")
        assert text.index("STILL INJECTED") < text.index("<h1")
        assert f"drill revert {judged.run_id}" in text
        assert "lambda us-east-1 checkout" in await pages.text(f"/runs/{judged.run_id}")


async def test_one_run_shows_its_verdict_its_objectives_and_its_files(tmp_path: Path) -> None:
    over(tmp_path / "reports")
    async with served(tmp_path) as pages:
        text = await pages.text(f"/runs/{OVER}")
        assert f'href="/runs/{OVER}/files/report.html"' in text
        assert "RTO" in text
        assert "journal.jsonl" in text
        assert "readings.sqlite" in text


async def test_a_run_that_died_is_shown_with_what_mends_it(tmp_path: Path) -> None:
    going_on(tmp_path / "reports", 100.0)
    async with served(tmp_path) as pages:
        text = await pages.text(f"/runs/{GOING_ON}")
        assert "ended: died" in text
        assert "It has no report yet" in text


async def test_a_report_is_served_in_a_sandbox(tmp_path: Path) -> None:
    over(tmp_path / "reports")
    async with served(tmp_path) as pages:
        answer = await pages.get(f"/runs/{OVER}/files/report.html")
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox allow-scripts")
        assert "allow-same-origin" not in policy
        assert "Content-Disposition" not in answer.headers


async def test_files_are_downloads_and_journals_are_the_same_to_the_byte_where_no_secret_is_in_them(
    tmp_path: Path,
) -> None:
    folder = over(tmp_path / "reports")
    async with served(tmp_path) as pages:
        answer = await pages.get(f"/runs/{OVER}/files/journal.jsonl")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{OVER}-journal.jsonl"'
        assert await answer.read() == folder.journal.read_bytes()
        assert (await pages.get(f"/runs/{OVER}/files/readings.sqlite")).status == 200
        assert json.loads(await (await pages.get(f"/runs/{OVER}/files/verdict.json")).text())["run_id"] == OVER


async def test_secrets_are_masked_in_what_is_downloaded(tmp_path: Path) -> None:
    folder = over(tmp_path / "reports")
    plan = json.loads(folder.plan.read_text())
    plan["faults"][0]["changes"][0]["prior"] = {"Password": "hunter2"}
    folder.plan.write_text(json.dumps(plan))
    with folder.journal.open("a") as file:
        file.write(f'{{"data": {"[" * 600}"hunter2"{"]" * 600}}}\n')  # too deep to be looked into
        file.write('{"data": {"AuthToken": "hunter2"}}\n{"torn": "hunter2')
    async with served(tmp_path) as pages:
        for name in ("plan.json", "journal.jsonl"):
            body = await (await pages.get(f"/runs/{OVER}/files/{name}")).text()
            assert "hunter2" not in body
            assert "***" in body


async def test_a_run_that_goes_on_is_shown_as_it_is_now_without_any_script(tmp_path: Path, going: RunFolder) -> None:
    async with served(tmp_path) as pages:
        text = await pages.text(f"/runs/{GOING_ON}")
        assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in text
        assert "INJECTED (2)" in text
        assert 'role="log" aria-live="polite"' in text
        assert "health gave the signal" in text
        assert "▶ under way" in await pages.text("/")


async def test_drills_are_listed_with_how_they_went_last_and_a_broken_one_hides_no_other(tmp_path: Path) -> None:
    over(tmp_path / "reports")
    (tmp_path / "drills").mkdir()
    for name in ("regional-outage", "lambda-throttle"):
        drill = (ROOT / "drills" / f"{name}.yaml").read_text(encoding="utf-8")
        kept = [line for line in drill.splitlines() if not line.startswith("runbook:")]
        (tmp_path / "drills" / f"{name}.yaml").write_text("\n".join(kept), encoding="utf-8")
    (tmp_path / "drills" / "broken.yaml").write_text("drill: [", encoding="utf-8")
    async with served(tmp_path) as pages:
        text = await pages.text("/drills")
        assert "drill validate broken" in text
        assert f'<a href="/runs/{OVER}">' in text
        assert "never" in text
        assert "RTO ≤ 3m" in text


async def test_trends_are_drawn_and_the_whole_page_links_to_the_runs(tmp_path: Path) -> None:
    for month in (7, 8, 11):
        write_run(tmp_path / "reports", verdict_on(day(2026, month, 1), rto(90.0, 95.0 + month)))
    async with served(tmp_path) as pages:
        text = await pages.text("/trends?by=month")
        assert "RTO of checkout" in text
        assert "<svg" in text
        assert "style=" not in text  # the policy would not let it work
        whole = await pages.get("/trends/page?by=run")
        assert "script-src" not in whole.headers["Content-Security-Policy"]
        assert 'href="/runs/20261101-120000-000000"' in await whole.text()
        assert (await pages.get("/trends?by=nonsense")).status == 200


async def test_the_catalogue_explains_every_kind(tmp_path: Path) -> None:
    async with served(tmp_path) as pages:
        text = await pages.text("/catalogue")
        assert 'id="fault-lambda.throttle"' in text
        assert "reserved_concurrency" in text
        assert "signals detection" in text


async def test_metrics_and_health_are_served(tmp_path: Path) -> None:
    over(tmp_path / "reports")
    async with served(tmp_path) as pages:
        assert await pages.text("/healthz") == "ok\n"
        assert "drillrunner_runs" in await pages.text("/metrics")


async def test_an_empty_folder_says_how_to_begin(tmp_path: Path) -> None:
    async with served(tmp_path) as pages:
        assert "drill run" in await pages.text("/")
        assert "No completed run" in await pages.text("/trends")
        assert "drill init" in await pages.text("/drills")


@pytest.mark.parametrize("number", range(len(batches())))
async def test_what_comes_from_outside_is_shown_and_never_obeyed(tmp_path: Path, number: int) -> None:
    nasty = batches()[number]
    objectives = (rto(90.0, 95.0).model_copy(update={"probe": nasty, "why": nasty}),)
    judged = verdict_on(day(2026, 10, 1), *objectives, drill=nasty, environment=nasty, why=nasty, ended_by=nasty)
    reports = tmp_path / "reports"
    folder = write_run(reports, judged, {"name": nasty, "kind": "aws", "account": nasty})
    shutil.copy(over(reports).journal, folder / "journal.jsonl")
    (folder / "verdict.json").touch()
    plan = fabricated_plan()
    drill = plan.drill.model_copy(update={"name": nasty, "title": nasty})
    live = going_on(reports, 100.0, plan.model_copy(update={"drill": drill}))
    async with served(tmp_path) as pages:
        with held(live):
            paths = ["/", f"/?drill={nasty}", f"/runs/{judged.run_id}", f"/runs/{GOING_ON}", "/trends", "/trends/page"]
            for path in paths:
                text = (await (await pages.client.get(path)).read()).decode()
                for tag in FOREIGN_TAGS:
                    assert tag not in text, path
                assert not FORBIDDEN_CHARACTERS & set(text), path
                assert TOKEN not in text


async def test_a_folder_that_is_no_run_s_is_not_there(tmp_path: Path) -> None:
    write_plan(RunFolder(tmp_path / "reports" / "notes"), fabricated_plan())
    async with served(tmp_path) as pages:
        assert (await pages.get("/runs/notes")).status == 404
        assert (await pages.get("/runs/20260101-000000-abcdef")).status == 404
