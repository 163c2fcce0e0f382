"""The charts' data in the page: read back as it was put in, and never too large."""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Iterator
from typing import Any

from drillrunner.model.reading import Reading
from drillrunner.reporting.embedded import BYTES_MOST, plots_and_data
from drillrunner.reporting.series import Series, gather
from fabricated_run import BEGAN_AT, fabricated_plan, fabricated_run


def read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text)))
    return found


def test_the_data_are_the_plots_values() -> None:
    plan, entries, readings = fabricated_run()
    series = gather(plan, lambda: iter(readings), BEGAN_AT, entries[-1].at)
    plots, text = plots_and_data(series, (32.5, 131.0))
    document = read(text)
    assert document["axis"]["seconds"] == series.columns.span_seconds
    assert document["band"] == [32.5, 131.0]
    requests, latency = document["plots"][:2]
    assert requests["levels"][0]["values"] == [list(line.drawn) for line in plots[0].lines]
    assert requests["levels"][1]["values"] == [list(line.fine) for line in plots[0].lines]
    assert latency["levels"][0]["values"][0][0] == float(f"{1000 * (plots[1].lines[0].drawn[0] or 0):.3g}")
    assert [line["name"] for line in requests["lines"]] == ["us-east-1", "eu-west-1", "failed"]


def test_no_reading_at_all_can_be_embedded() -> None:
    plots, text = plots_and_data(gather(fabricated_plan(), lambda: iter(()), BEGAN_AT, BEGAN_AT + 9.0), None)
    assert plots == []
    assert read(text)["plots"] == []


def _noise(count: int) -> Iterator[Reading]:
    """As little as possible to compress: many regions, reasons and latencies at random."""
    chance = random.Random(7)
    for seq in range(count):
        at = BEGAN_AT + seq * 200.0 / count
        ok = chance.random() < 0.6
        name = f"checkout-{seq % 6}"
        why = None if ok else f"reason {chance.randrange(12)}"
        yield Reading(name, seq, at, at, at + chance.expovariate(1), ok=ok, why=why, region=f"r{chance.randrange(12)}")


def noisy() -> Series:
    plan = fabricated_plan()
    named = [plan.drill.probes[0].model_copy(update={"name": f"checkout-{number}"}) for number in range(6)]
    drill = plan.drill.model_copy(update={"probes": (*named, *plan.drill.probes[1:])})
    return gather(plan.model_copy(update={"drill": drill}), lambda: _noise(8_000), BEGAN_AT, BEGAN_AT + 200.0)


def test_what_would_be_too_large_is_embedded_in_fewer_columns() -> None:
    series = noisy()
    plots, text = plots_and_data(series, None, bytes_most=20_000)
    assert len(text) <= 20_000 < len(plots_and_data(series, None)[1]) <= BYTES_MOST
    assert plots[0].drawn.count <= plots[0].fine.count < series.columns.count
    assert len(plots) == 8
