"""The four files of a report: the verdict first, everything from outside escaped, nothing from the network."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from drillrunner.model.drill import Drill
from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import ObjectiveVerdict, RevertResult, Verdict
from drillrunner.reporting import render_all, write_reports
from fabricated_run import fabricated_run
from made_up_verdict import verdict

EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\" ' {{ 7*7 }} {% raw %} ]]>"
    " \u202eevil\u2066 \x1b[31m\x00 \ud800"
)


class Tags(HTMLParser):
    """Collects every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags_of(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(html)
    return parser.found


def rendered(verdict_: Verdict | None = None) -> dict[str, str]:
    plan, entries, readings = fabricated_run()
    return render_all(plan, entries, lambda: iter(readings), verdict_ or verdict())


def test_the_page_begins_with_the_verdict() -> None:
    html = rendered()["report.html"]
    body = html[html.index("<body>") :]
    first = re.sub(r"<[^>]+>|\s+", " ", body[: body.index("</header>")]).split()
    assert first[:4] == ["FAIL", "·", "Availability", "missed"]
    assert "24.61%" in body
    assert "1m37s–1m39s" in body
    assert "2026-11-20 14:00Z" in body


def test_what_is_still_injected_comes_before_everything_else() -> None:
    left = RevertResult(of=4, reverted=3, seconds=9.0, left=("lambda.throttle on lambda us-east-1 checkout",))
    texts = rendered(verdict(revert=left))
    body = texts["report.html"][texts["report.html"].index("<main>") :]
    assert body.index("STILL INJECTED") < body.index("<header")
    assert "drill revert 20261120-140000-7f3a9c" in body[: body.index("<header")]
    assert texts["report.md"].index("STILL INJECTED") < texts["report.md"].index("us-east-1 stops serving")
    assert "STILL INJECTED: lambda.throttle on lambda us-east-1 checkout" in texts["junit.xml"]


def test_a_dead_runs_changes_are_said_to_be_left_even_where_the_verdict_knows_no_revert() -> None:
    plan, entries, readings = fabricated_run()
    cut = next(number for number, one in enumerate(entries) if one.kind == "detected")
    texts = render_all(plan, entries[:cut], lambda: iter(readings), verdict(revert=None, ended_by="died"))
    assert "lambda.throttle lambda us-east-1 checkout" in texts["report.html"].split("<header")[0]
    assert "STILL INJECTED" in texts["report.md"]
    assert "STILL INJECTED" in texts["junit.xml"]


def test_the_page_needs_nothing_from_anywhere() -> None:
    html = rendered()["report.html"]
    tags = tags_of(html)
    assert not {tag for tag, _ in tags} & {"script", "iframe", "object", "embed", "img", "form", "base"}
    links = [value for _, attributes in tags for name, value in attributes.items() if name in {"src", "href"}]
    assert links == ["data:,"]
    assert "url(" not in html
    assert "@import" not in html


def test_the_page_draws_its_charts_with_presentation_attributes() -> None:
    tags = tags_of(rendered()["report.html"])
    shapes = [attributes for tag, attributes in tags if tag in {"rect", "path", "line", "text"}]
    assert len(shapes) > 100
    assert all("fill" in one or "stroke" in one for one in shapes)
    assert not [one for one in shapes if "style" in one]


def evil_plan(plan: Plan) -> Plan:
    document = plan.drill.model_dump(mode="json")
    probes = [{**one, "name": f"{one['name']} {EVIL}".replace("\ud800", "")} for one in document["probes"]]
    changed = {**document, "title": EVIL.replace("\ud800", ""), "owner": EVIL.replace("\ud800", ""), "probes": probes}
    return plan.model_copy(update={"drill": Drill.model_validate(changed), "warnings": (EVIL,)})


def evil_entry(one: Entry) -> Entry:
    data = {
        key: f"{value}{EVIL}" if isinstance(value, str) and key in EVIL_KEYS else value
        for key, value in one.data.items()
    }
    if "outcome" in data and one.kind == "call.outcome":
        data["error"] = EVIL
    return one.model_copy(update={"data": data})


EVIL_KEYS = {"kind", "text", "why", "probe", "phase", "host", "version"}


def evil_run() -> tuple[Plan, list[Entry], list[Reading], Verdict]:
    plan, entries, readings = fabricated_run()
    plan = evil_plan(plan)
    marked = [
        Reading(
            probe=f"{one.probe} {EVIL}".replace("\ud800", ""),
            seq=one.seq,
            due=one.due,
            asked=one.asked,
            answered=one.answered,
            ok=one.ok,
            value=one.value,
            why=one.why and one.why + EVIL,
            region=one.region and one.region + EVIL,
        )
        for one in readings
    ]
    text = EVIL.replace("\ud800", "")
    base = verdict()
    objectives = [
        ObjectiveVerdict.model_validate({**one.model_dump(), "probe": text, "why": text, "decide": text})
        for one in base.objectives
    ]
    judged = verdict(
        title=text,
        drill=text,
        environment=text,
        run_id=text,
        why=text,
        plan_hash=text,
        ended_by=f"aborted: {text}",
        objectives=objectives,
        revert=RevertResult(of=4, reverted=3, seconds=1.0, left=(text,), irreversible=(text,)),
        findings=[{"code": text, "message": text, "advice": text}],
        recoveries=[{**base.recoveries[0].model_dump(), "probe": text, "vantage": text, "why": text}],
        ledgers=[{**base.ledgers[0].model_dump(), "probe": text, "why": text}],
        latencies=[{**base.latencies[0].model_dump(), "probe": text, "phase": text, "region": text}],
        phases=[{"phase": text, "began": 0.0, "ended": 100.0}],
        anatomy=[{"part": "detect", "seconds": 5.0, "why": text}],
        availability={text: 0.5},
    )
    return plan, [evil_entry(one) for one in entries], marked, judged


def test_nothing_from_outside_becomes_markup_in_the_page() -> None:
    plan, entries, readings, judged = evil_run()
    html = render_all(plan, entries, lambda: iter(readings), judged, {EVIL: EVIL})["report.html"]
    tags = tags_of(html)
    assert not {tag for tag, _ in tags} & {"script", "img"}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 30
    assert "{{ 7*7 }}" in html  # written out, not evaluated
    assert "\\u202eevil\\u2066 \\u001b[31m\\u0000" in html
    assert not set("\u202e\u2066\x1b\x00\ud800") & set(html)


def test_nothing_from_outside_becomes_markup_in_the_markdown() -> None:
    plan, entries, readings, judged = evil_run()
    page = render_all(plan, entries, lambda: iter(readings), judged)["report.md"]
    assert "<script" not in page
    assert "<img" not in page
    assert not set("\u202e\u2066\x1b\x00\ud800") & set(page)


def test_junit_stays_well_formed_whatever_comes_in() -> None:
    plan, entries, readings, judged = evil_run()
    root = ET.fromstring(render_all(plan, entries, lambda: iter(readings), judged)["junit.xml"])
    assert root.find(".//script") is None
    assert "<script>alert(1)</script>" in (root.find("testsuite") or root).attrib["name"]


def test_an_inconclusive_objective_is_an_error_and_a_missed_one_a_failure() -> None:
    root = ET.fromstring(rendered()["junit.xml"])
    cases = {case.attrib["name"]: [child.tag for child in case] for case in root.iter("testcase")}
    assert cases["RTO of checkout ≤ 3m"] == []
    assert cases["Availability of checkout ≥ 30%"] == ["failure"]
    assert cases["Latency p95 of checkout ≤ 800ms"] == ["error"]
    assert cases["everything was put back"] == []
    suite = root.find("testsuite")
    assert suite is not None
    assert [suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")] == ["9", "1", "1", "0"]


def test_a_run_that_did_not_complete_is_an_error_in_junit() -> None:
    root = ET.fromstring(rendered(verdict(ended_by="aborted: SIGTERM", steady_after=None))["junit.xml"])
    cases = {case.attrib["name"]: [child.tag for child in case] for case in root.iter("testcase")}
    assert cases["the run was completed"] == ["error"]
    assert cases["the steady state after held"] == ["error"]


def test_the_verdict_as_json_can_be_read_again() -> None:
    text = rendered()["verdict.json"]
    assert Verdict.model_validate_json(text) == verdict()
    assert json.loads(text)["schema_version"] == 1
    assert text.isascii()


def test_the_reports_are_written_whole_with_their_hashes(tmp_path: Path) -> None:
    plan, entries, readings = fabricated_run()
    (tmp_path / "plan.json").write_text("{}")
    paths = write_reports(tmp_path, plan, entries, lambda: iter(readings), verdict())
    assert sorted(paths) == ["junit.xml", "report.html", "report.md", "verdict.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*sorted(paths)[:1], "plan.json", *sorted(paths)[1:]]
    html = paths["report.html"].read_text()
    for name in ("plan.json", "verdict.json", "report.md", "junit.xml"):
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() in html


def test_writing_again_replaces_and_leaves_nothing_beside(tmp_path: Path) -> None:
    plan, entries, readings = fabricated_run()
    for outcome in ("missed", "met"):
        paths = write_reports(tmp_path, plan, entries, lambda: iter(readings), verdict(outcome=outcome))
    assert "PASS · all objectives met" in paths["report.md"].read_text()
    assert not list(tmp_path.glob(".*"))


def test_the_same_run_gives_the_same_bytes() -> None:
    assert rendered() == rendered()


def test_a_journal_cut_anywhere_still_gives_all_reports() -> None:
    plan, entries, readings = fabricated_run()
    bare = verdict(
        objectives=(), anatomy=(), anatomy_probe=None, recoveries=(), ledgers=(), latencies=(), phases=(), revert=None,
        ended_by="died", availability={}, findings=(),
    )  # fmt: skip
    for length in (0, 1, 5, 9, 14, 23, len(entries)):
        last = entries[length - 1].at if length else 0.0
        seen = [one for one in readings if one.answered < last]
        texts = render_all(plan, entries[:length], lambda seen=seen: iter(seen), bare)  # type: ignore[misc]
        assert "ABORTED" in texts["report.html"]


def _many(count: int) -> Iterator[Reading]:
    for seq in range(count):
        at = 5000.0 + seq * 200.0 / count
        yield Reading("checkout", seq, at, at, at + 0.01 + seq % 97 / 500, ok=seq % 9 > 0, why="status 500", region="r")


@pytest.mark.parametrize("changes", [1, 300])
def test_a_large_run_stays_under_half_a_megabyte(changes: int) -> None:
    plan, entries, _ = fabricated_run()
    copies = [
        one.model_copy(update={"data": {**one.data, "change_id": f"{one.data['change_id']}-{number}"}})
        for number in range(changes)
        for one in entries
        if "change_id" in one.data
    ]
    texts = render_all(plan, [*entries, *copies], lambda: _many(20_000), verdict())
    assert len(texts["report.html"].encode()) < 500_000
    assert len(texts["report.md"].encode()) < 1_024_000
