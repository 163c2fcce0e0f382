"""The trend's page: offline, without a script, and true to its figures."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser

from drillrunner.judge.trend import trend
from drillrunner.model.history import BrokenRun
from drillrunner.model.trend import By
from drillrunner.model.verdict import ObjectiveVerdict
from drillrunner.reporting.trend_html import render_trend_html
from past_reports import day, past, rto

EVIL = "<script>alert(1)</script>'\"&"
AVAILABILITY = ObjectiveVerdict(
    name="availability", probe="checkout", target=0.97, low=0.96, high=0.961, outcome="missed", why=""
)
RUNS = [
    past(day(2026, 2, 1), rto(100.0, 110.0), AVAILABILITY),
    past(day(2026, 5, 1), rto(60.0, 62.0, 120.0), AVAILABILITY),
    past(day(2026, 6, 1), rto(600.0, None, 120.0)),
    past(day(2026, 6, 2), rto(None, None, 120.0)),
    past(day(2026, 6, 3), rto(1.0, 2.0), kind="aws", place="123456789012", environment="staging"),
    past(day(2026, 6, 4), rto(1.0, 2.0), ended_by="died"),
]


def page(by: By = "quarter") -> str:
    return render_trend_html(trend(RUNS, by), {RUNS[0].run_id: "reports/a%20b/report.html"})


class Tags(HTMLParser):
    """Every element with its attributes, and that each that is opened is closed."""

    VOID = ("meta", "link", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_there_is_a_chart_for_each_drill_place_and_objective() -> None:
    tags = Tags(page())
    assert not tags.open
    assert sum(tag == "svg" and attributes.get("class") == "chart" for tag, attributes in tags.found) == 3
    text = page()
    assert "target ≤ 3m, since 2026-05-01 ≤ 2m" in text
    assert "lab (simulated, topology checkout)" in text
    assert "staging (AWS account 123456789012)" in text


def test_nothing_is_fetched_and_nothing_runs() -> None:
    tags = Tags(page())
    assert not any(tag in ("script", "img", "iframe") for tag, _ in tags.found)
    assert all(not (attributes.get("src") or "").strip() for _, attributes in tags.found)
    links = {attributes["href"] for tag, attributes in tags.found if tag == "a"}
    assert links == {"reports/a%20b/report.html"}


def test_medians_spreads_and_shares_stand_in_a_table() -> None:
    text = page()
    row = re.search(r"<tr><td class=\"num\">2026-Q1</td>(.*?)</tr>", text)
    assert row is not None
    assert re.findall(r">([^<]+)</td>", row.group(1)) == ["1m45s", "1m40s–1m50s", "1", "1/1 100%", "≤ 3m"]
    assert "regional-outage · lab (simulated, topology checkout): 1 died before the end" in text


def test_every_way_of_grouping_renders() -> None:
    for by in ("quarter", "month", "run"):
        assert f"by {by}" in page(by)


def test_no_run_at_all_is_a_page_that_says_so() -> None:
    assert "No completed run is there." in render_trend_html(trend([], "quarter"), {})


def test_outside_text_stays_text() -> None:
    evil = past(day(2026, 2, 1), rto(1.0, 2.0, probe=EVIL), drill=EVIL, environment=EVIL, place=EVIL + "\u202e\ud800")
    broken = (BrokenRun(run_id="x", folder=EVIL, why=EVIL),)
    text = render_trend_html(trend([evil], "run").model_copy(update={"broken": broken}), {})
    assert "<script" not in text
    assert "\u202e" not in text
    text.encode("utf-8")


def test_a_thousand_runs_are_drawn_as_the_newest_and_counted_whole() -> None:
    many = [past(day(2026, 1, 1) + timedelta(hours=8 * number), rto(50.0, 60.0)) for number in range(1000)]
    text = render_trend_html(trend(many, "quarter"), {})
    assert "The 760 oldest runs are not drawn; the table counts them." in text
    assert "500 older ones are left out" in text
    assert len(text) < 400_000
