"""The four files of a report: the verdict first, everything from outside escaped, nothing from the network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from drillrunner.model.drill import Drill
from drillrunner.model.history import EarlierRun
from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import ObjectiveVerdict, Outcome, RevertResult, Verdict
from drillrunner.reporting import render_all, write_reports
from fabricated_run import fabricated_run
from made_up_verdict import verdict
from outside_strings import FORBIDDEN_CHARACTERS, HALVES, HIDDEN, LONG, TEMPLATES, batches

EVIL = " ".join(("<script>alert(1)</script><img src=x onerror=alert(2)>\" '", *TEMPLATES, "]]>", *HIDDEN, *HALVES))


class Tags(HTMLParser):
    """Collects every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem is not None:
            self.inside[self.cdata_elem].append(data)


def tags_of(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(html)
    return parser.found


def inside_of(html: str, tag: str) -> list[str]:
    """The texts of all scripts, or style sheets."""
    parser = Tags()
    parser.feed(html)
    return parser.inside[tag]


def embedded_in(html: str) -> JsonValue:
    """The charts' data, as the page's script reads it."""
    found: JsonValue = json.loads(zlib.decompress(base64.b64decode(inside_of(html, "script")[0])))
    return found


def source_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


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
    body = texts["report.html"][texts["report.html"].index("<main") :]
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
    assert not {tag for tag, _ in tags} & {"iframe", "object", "embed", "img", "form", "base"}
    links = [value or "" for _, attributes in tags for name, value in attributes.items() if name in {"src", "href"}]
    assert links.count("data:,") == 1
    assert all(link.startswith("#") for link in links if link != "data:,")
    assert "url(" not in re.sub(r"url\(#[a-z0-9-]+\)", "", html)
    assert "@import" not in html


def test_the_page_allows_its_own_scripts_and_style_by_their_hashes_and_nothing_else() -> None:
    html = rendered()["report.html"]
    policies = [one["content"] for _, one in tags_of(html) if one.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in (policies[0] or "").split("; "))
    data, *scripts = inside_of(html, "script")
    assert [source_of(text) for text in scripts] == rules["script-src"].split()
    assert [source_of(text) for text in inside_of(html, "style")] == rules["style-src"].split()
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", data)
    assert [one for tag, one in tags_of(html) if tag == "script"] == [{"type": "text/plain", "id": "run-data"}, {}, {}]


def test_nothing_in_our_own_scripts_ends_the_element_that_they_stand_in() -> None:
    for text in inside_of(rendered()["report.html"], "script"):
        assert "</script" not in text.lower()
        assert "<!--" not in text


def test_moments_and_events_can_be_linked_to() -> None:
    html = rendered()["report.html"]
    tags = tags_of(html)
    rows = {one["id"]: one["data-at"] for tag, one in tags if tag == "tr" and "data-at" in one}
    assert rows["e1"] == "0.0"
    ids = {one["id"] for _, one in tags if "id" in one}
    links = [one["href"] or "" for tag, one in tags if tag == "a"]
    assert "#t=60.3" in links
    assert {link[1:] for link in links if not link.startswith("#t=")} <= ids


def test_what_scrolls_can_be_reached_and_named_without_a_mouse() -> None:
    scrolling = [one for _, one in tags_of(rendered()["report.html"]) if "scroll" in (one.get("class") or "").split()]
    assert len(scrolling) > 10
    assert all(one.get("tabindex") == "0" and one.get("aria-label") for one in scrolling)


def test_headings_go_down_one_level_at_a_time() -> None:
    left = RevertResult(of=4, reverted=3, seconds=9.0, left=("x",))
    levels = [int(tag[1]) for tag, _ in tags_of(rendered(verdict(revert=left))["report.html"]) if re.match(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_earlier_runs_stand_on_the_first_screen() -> None:
    plan, entries, readings = fabricated_run()
    seen: list[tuple[Outcome, float | None]] = [("met", 1.0), ("missed", 1320.0), ("met", 61.0)]
    seen += [("inconclusive", None), ("met", 50.0)]
    earlier = [
        EarlierRun(run_id="r", began_wall="2026-10-01T09:00:00Z", outcome=outcome, rto_low=rto, rto_high=rto)
        for outcome, rto in seen
    ]
    html = render_all(plan, entries, lambda: iter(readings), verdict(), {}, earlier)["report.html"]
    line = re.sub(r"<[^>]+>", "", html[html.index("<b>Last four") : html.index('id="timeline"')].split("</p>")[0])
    assert line == "Last four 22m ✗ · 1m01s ✓ · — ? · 50s ✓ RTO, oldest first"
    assert "Last " not in rendered()["report.html"].split("<h2>Timeline")[0].split("</header>")[1]


def test_the_findings_are_on_the_first_screen_in_short() -> None:
    html = rendered()["report.html"]
    first = html[: html.index('id="timeline"')]
    assert "<b>Why</b> DNS kept sending users to the old region for 34s" in first
    assert 'href="#F103"' in first


def test_the_page_draws_its_charts_with_presentation_attributes() -> None:
    tags = tags_of(rendered()["report.html"])
    shapes = [attributes for tag, attributes in tags if tag in {"rect", "path", "line", "text"}]
    assert len(shapes) > 100
    assert all("fill" in one or "stroke" in one for one in shapes)
    assert not [one for one in shapes if "style" in one]


def evil_plan(plan: Plan, evil: str) -> Plan:
    document = plan.drill.model_dump(mode="json")
    probes = [{**one, "name": f"{one['name']} {evil}"} for one in document["probes"]]
    changed = {**document, "title": evil, "owner": evil, "runbook": evil, "probes": probes}
    return plan.model_copy(update={"drill": Drill.model_validate(changed), "warnings": (evil,)})


def evil_entry(one: Entry, evil: str) -> Entry:
    data = {
        key: f"{value}{evil}" if isinstance(value, str) and key in EVIL_KEYS else value
        for key, value in one.data.items()
    }
    if "outcome" in data and one.kind == "call.outcome":
        data["error"] = evil
    return one.model_copy(update={"data": data})


EVIL_KEYS = {"kind", "text", "why", "probe", "phase", "host", "version"}


def evil_run(evil: str = EVIL) -> tuple[Plan, list[Entry], list[Reading], Verdict]:
    plan, entries, readings = fabricated_run()
    plan = evil_plan(plan, evil)
    marked = [
        Reading(
            probe=f"{one.probe} {evil}",
            seq=one.seq,
            due=one.due,
            asked=one.asked,
            answered=one.answered,
            ok=one.ok,
            value=one.value,
            why=one.why and one.why + evil,
            region=one.region and one.region + evil,
        )
        for one in readings
    ]
    text = evil
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
    return plan, [evil_entry(one, evil) for one in entries], marked, judged


@pytest.mark.parametrize("evil", [EVIL, *batches(), *LONG], ids=lambda text: text[:12].encode("ascii", "replace"))
def test_nothing_from_outside_becomes_markup_in_the_page(evil: str) -> None:
    plan, entries, readings, judged = evil_run(evil)
    earlier = [EarlierRun(run_id=evil, began_wall=evil, outcome="met", rto_low=1.0, rto_high=2.0)]
    html = render_all(plan, entries, lambda: iter(readings), judged, {evil: evil}, earlier)["report.html"]
    usual = {tag for tag, _ in tags_of(rendered()["report.html"])}
    tags = tags_of(html)
    assert {tag for tag, _ in tags} <= usual | {"i", "em"}
    assert len(inside_of(html, "script")) == 3
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    links = [value or "" for _, attributes in tags for name, value in attributes.items() if name in {"src", "href"}]
    assert all(link.startswith("#") for link in links if link != "data:,")
    assert not FORBIDDEN_CHARACTERS & set(html)
    assert not FORBIDDEN_CHARACTERS & set(json.dumps(embedded_in(html), ensure_ascii=False))
    html.encode()


def test_what_is_escaped_can_still_be_read() -> None:
    plan, entries, readings, judged = evil_run()
    html = render_all(plan, entries, lambda: iter(readings), judged)["report.html"]
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 30
    assert "{{ 7*7 }}" in html  # written out, not evaluated
    assert "\\u202eevil\\u202c" in html
    assert "\\ud800" in html


def test_half_a_surrogate_pair_stops_no_report(tmp_path: Path) -> None:
    plan, entries, readings, judged = evil_run(" ".join(HALVES))
    paths = write_reports(tmp_path, plan, entries, lambda: iter(readings), judged)
    for path in paths.values():
        assert path.read_bytes().decode("utf-8")
    assert "\\ud800" in Verdict.model_validate_json(paths["verdict.json"].read_bytes()).title


def test_nothing_from_outside_becomes_markup_in_the_markdown() -> None:
    plan, entries, readings, judged = evil_run()
    page = render_all(plan, entries, lambda: iter(readings), judged)["report.md"]
    assert "<script" not in page
    assert "<img" not in page
    assert not FORBIDDEN_CHARACTERS & set(page)


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


def test_departures_from_the_plan_are_told_with_a_link_to_their_moment() -> None:
    plan, entries, readings = fabricated_run()
    stopped = entries[20].model_copy(update={"kind": "stop.tripped", "data": {"condition": "standby", "why": "failed"}})
    html = render_all(plan, [*entries, stopped], lambda: iter(readings), verdict())["report.html"]
    section = html[html.index("Deviations from the plan") :].split("</section>")[0]
    assert "<b>stop condition</b> standby: failed" in section
    assert 'href="#t=' in section
    assert "Deviations from the plan" not in rendered()["report.html"]
