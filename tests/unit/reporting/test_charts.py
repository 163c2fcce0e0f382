"""The static drawings: read without their colours, and without a script."""

from __future__ import annotations

import re

from drillrunner.judge import judge
from drillrunner.reporting.charts import Chart, all_charts
from drillrunner.reporting.plotted import all_plots
from drillrunner.reporting.records import read_backs
from drillrunner.reporting.series import gather
from drillrunner.reporting.story import tell
from drillrunner.reporting.svg import TimeAxis
from drillrunner.reporting.timeline import timeline
from fabricated_run import BEGAN_AT, fabricated_run


def charts() -> dict[str, Chart]:
    plan, entries, readings = fabricated_run()
    series = gather(plan, lambda: iter(readings), BEGAN_AT, entries[-1].at, read_backs(entries))
    return {chart.plot.key: chart for chart in all_charts(all_plots(series), (33.0, 131.0))}


def test_a_layer_is_named_where_there_is_room() -> None:
    drawn = re.findall(r'paint-order="stroke"[^>]*>([^<]+)<', str(charts()["requests"].drawing))
    assert drawn == ["us-east-1", "eu-west-1", "failed"]
    assert "acknowledged, and lost" not in re.findall(
        r'paint-order="stroke"[^>]*>([^<]+)<', str(charts()["records-0"].drawing)
    )


def test_every_pattern_is_there_once_and_is_the_charts_own() -> None:
    page = "".join(str(chart.drawing) for chart in charts().values())
    made = re.findall(r'<pattern id="([^"]+)"', page)
    assert sorted(made) == sorted(set(made)) == sorted(set(re.findall(r"url\(#([^)]+)\)", page)))


def test_a_legend_shows_lines_as_they_are_drawn() -> None:
    keys = {entry.name: str(entry.key) for entry in charts()["latency-0"].legend}
    assert list(keys) == ["p50", "p95", "p99"]
    assert 'stroke-dasharray="6 3"' in keys["p95"]
    assert 'stroke-width="3.6"' in keys["p99"]


def test_moments_of_the_timeline_link_to_themselves() -> None:
    plan, entries, readings = fabricated_run()
    drawing = timeline(judge(plan, entries, readings), tell(entries), TimeAxis(215.0, 168.0, 1064.0))
    assert re.findall(r'<a href="(#t=[\d.]+)"', str(drawing)) == ["#t=32.5", "#t=60.2", "#t=131"]
    assert 'role="group"' in str(drawing)  # a picture would hide its links
