"""What the charts show, in drawn columns and in fine ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from drillrunner.model.reading import Reading
from drillrunner.reporting.plotted import Plot, all_plots
from drillrunner.reporting.records import read_backs
from drillrunner.reporting.series import FINE_COLUMNS_MOST, gather
from fabricated_run import BEGAN_AT, fabricated_plan, fabricated_run


def plots() -> dict[str, Plot]:
    plan, entries, readings = fabricated_run()
    series = gather(plan, lambda: iter(readings), BEGAN_AT, entries[-1].at, read_backs(entries))
    return {plot.key: plot for plot in all_plots(series)}


def test_a_run_has_its_charts_in_their_order() -> None:
    assert list(plots()) == ["requests", "latency-0", "errors", "lag-0", "records-0"]


def test_both_levels_count_the_same_readings() -> None:
    for plot in plots().values():
        assert plot.fine.count == 5 * plot.drawn.count
        for line in plot.lines:
            assert (len(line.drawn), len(line.fine)) == (plot.drawn.count, plot.fine.count)
            if plot.kind == "stack":
                assert sum(value or 0 for value in line.drawn) == sum(value or 0 for value in line.fine)


def test_a_steady_probe_looks_steady_however_near_one_looks() -> None:
    requests = plots()["requests"]
    totals = [sum(one.fine[index] or 0 for one in requests.lines) for index in range(requests.fine.count)]
    assert set(totals[5:200]) == {1}


def test_what_is_bad_shows_without_its_colour() -> None:
    made = plots()
    assert [one.name for one in made["requests"].lines if one.hatched] == ["failed"]
    hatched = [one.name for one in made["records-0"].lines if one.hatched]
    assert hatched == ["missing after the recovery, and came later", "acknowledged, and lost"]


def test_the_highest_lag_of_a_drawn_column_is_the_highest_of_its_fine_ones() -> None:
    lag = plots()["lag-0"]
    high, low = lag.lines
    for index in range(lag.drawn.count):
        within = [value for value in high.fine[5 * index : 5 * index + 5] if value is not None]
        assert high.drawn[index] == (max(within) if within else None)
        within = [value for value in low.fine[5 * index : 5 * index + 5] if value is not None]
        assert low.drawn[index] == (min(within) if within else None)


def _dense(count: int) -> Iterator[Reading]:
    for seq in range(count):
        at = BEGAN_AT + seq * 200.0 / count
        yield Reading("checkout", seq, at, at, at + 0.01, ok=True, region=f"r{seq % 9}")


@pytest.mark.parametrize("count", [10, 5_000, 20_000])
def test_there_are_never_more_than_so_many_fine_columns(count: int) -> None:
    series = gather(fabricated_plan(), lambda: _dense(count), BEGAN_AT, BEGAN_AT + 200.0)
    assert series.columns.count <= FINE_COLUMNS_MOST
    requests = all_plots(series)[0]
    assert len(requests.lines) <= 7
    assert sum(sum(value or 0 for value in one.fine) for one in requests.lines) == count


def test_a_slow_probes_line_holds_together_however_near_one_looks() -> None:
    lag = plots()["lag-0"]
    assert lag.bridged(lag.fine) == 7  # asked every five seconds, in columns of one second
    assert lag.bridged(lag.drawn) == 1
    found = [index for index, value in enumerate(lag.lines[0].fine) if value is not None]
    apart = [later - earlier - 1 for earlier, later in pairwise(found)]
    assert [gap for gap in apart if gap > lag.bridged(lag.fine)] == [39]  # while no lag could be read
