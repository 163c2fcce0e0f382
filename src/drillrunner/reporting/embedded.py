"""The charts' data within the page, for zooming: columnar JSON, deflated, in base64, and bounded in size."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence

from pydantic import JsonValue

from drillrunner.reporting.charts import LEFT, RIGHT, WIDTH, Band
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.plotted import Line, Plot, Values, all_plots
from drillrunner.reporting.series import Columns, Series

BYTES_MOST = 160_000
SCHEMA_VERSION = 1


def document(plots: Sequence[Plot], span_seconds: float, band: Band) -> JsonValue:
    """What the page's script draws. Lines are in milliseconds with three digits, stacks are counts per column."""
    return {
        "version": SCHEMA_VERSION,
        "axis": {"seconds": span_seconds, "left": LEFT, "right": RIGHT, "width": WIDTH},
        "band": None if band is None else [round(moment, 3) for moment in band],
        "plots": [_plot(plot) for plot in plots],
    }


def _plot(plot: Plot) -> JsonValue:
    return {
        "key": plot.key,
        "kind": plot.kind,
        "label": visible(plot.label),
        "lines": [_line(line) for line in plot.lines],
        "levels": [
            _level(plot, plot.drawn, [line.drawn for line in plot.lines]),
            _level(plot, plot.fine, [line.fine for line in plot.lines]),
        ],
    }


def _line(line: Line) -> JsonValue:
    return {
        "name": visible(line.name),
        "colour": line.colour,
        "width": line.width,
        "dash": line.dash,
        "hatched": line.hatched,
    }


def _level(plot: Plot, columns: Columns, values: Sequence[Values]) -> JsonValue:
    rows: list[JsonValue] = [
        list(one) if plot.kind == "stack" else [_milliseconds(value) for value in one] for one in values
    ]
    bridged = plot.bridged(columns)
    return {"width": columns.width_seconds, "count": columns.count, "bridged": bridged, "values": rows}


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else float(f"{seconds * 1000:.3g}")


def encoded(value: JsonValue) -> str:
    """JSON as zlib deflates it, in base64: nothing in it can end the element that it stands in."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")


def plots_and_data(fine: Series, band: Band, bytes_most: int = BYTES_MOST) -> tuple[list[Plot], str]:
    """The plots, and their data as `encoded` gives it: where it were more than so much, in fewer fine columns."""
    for by in (number for number in range(1, fine.per_drawn + 1) if fine.per_drawn % number == 0):
        series = fine if by == 1 else fine.merged(by)
        plots = all_plots(series)
        data = encoded(document(plots, series.columns.span_seconds, band))
        if len(data) <= bytes_most:
            break
    return plots, data
