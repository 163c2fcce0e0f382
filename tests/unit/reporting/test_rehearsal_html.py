"""rehearsal.html: the verdict first, drawings that need no script, everything from outside escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from drillrunner.judge.rehearsal import figures
from drillrunner.model.rehearsal import Rehearsal
from drillrunner.reporting.rehearsal_html import RUNS_MOST, render_rehearsal_html
from fabricated_rehearsal import (
    ROBOT,
    TARGETS,
    TTL,
    aborted_run,
    full_rehearsal,
    objective,
    refused_run,
    rehearsal,
    rto_run,
    run,
    swing,
)

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\" ' {{ 7*7 }} {% raw %} \u202eevil \x1b[31m\x00"


class Elements(HTMLParser):
    """Collects every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements_of(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Elements()
    parser.feed(html)
    return parser.found


def page(found: Rehearsal) -> str:
    return render_rehearsal_html(found, figures(found))


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def test_the_page_begins_with_the_verdict() -> None:
    html = page(full_rehearsal(targets=TARGETS[:2]))
    body = words_of(html[html.index("<body>") :])
    assert body.startswith("PASS · all objectives met in 200 of 200 runs us-east-1 stops serving")
    assert "rehearsed 200 times on virtual time · lab, topology checkout · seed 1" in body
    assert "met in 200 of 200 runs (98.1%–100%)" in body
    assert "interval held the simulator's truth in 200 of 200 runs" in body.replace("&#39;", "'")


def test_a_run_that_left_something_comes_before_everything_else() -> None:
    html = page(rehearsal([rto_run(1, 60.0), rto_run(9, 60.0, reverted=False)]))
    body = html[html.index("<main>") :]
    assert body.index("NOT PUT BACK") < body.index("<header")
    assert "seed 9" in body[: body.index("<header")]


def test_the_page_needs_no_script_and_nothing_from_anywhere() -> None:
    html = page(full_rehearsal())
    tags = elements_of(html)
    assert not {tag for tag, _ in tags} & {"script", "iframe", "object", "embed", "img", "form", "base"}
    assert [value for _, found in tags for name, value in found.items() if name in {"src", "href"}] == ["data:,"]
    assert "url(" not in html
    assert "@import" not in html


def test_the_drawings_read_with_styles_blocked() -> None:
    shapes = [found for tag, found in elements_of(page(full_rehearsal())) if tag in {"rect", "path", "line", "text"}]
    assert len(shapes) > 50
    assert all("fill" in one or "stroke" in one for one in shapes)
    assert not [one for one in shapes if "style" in one]


def test_the_histogram_has_the_target_and_the_percentiles() -> None:
    html = page(full_rehearsal())
    for words in ("P50 1m03s", "P90 1m25s", "P99 1m32s", "target 3m"):
        assert f">{words}</text>" in html


def test_a_target_far_from_every_run_is_pointed_at() -> None:
    assert ">target 3m →</text>" in page(rehearsal([rto_run(1, 10.0), rto_run(2, 11.0)]))
    assert ">← target 3m</text>" in page(rehearsal([rto_run(1, 3600.0), rto_run(2, 3610.0)]))


def test_bars_stay_within_the_drawing() -> None:
    for found in (full_rehearsal(), rehearsal([rto_run(1, 0.0)]), rehearsal([rto_run(1, 0.5), rto_run(2, 90_000.0)])):
        for tag, one in elements_of(page(found)):
            if tag == "rect":
                assert float(one.get("x") or 0) >= 0
                assert float(one.get("x") or 0) + float(one.get("width") or 0) <= 1080


def test_what_if_swings_and_the_cheapest_change_are_shown() -> None:
    words = words_of(page(full_rehearsal(120, 75.0, overrides={"route53.ttl": "30"})))
    assert "What if: route53.ttl = 30" in words
    assert "Cheapest change that meets the objective: set TTL of checkout from 60 to 5" in words
    assert "TTL of checkout route53.ttl 60 → 5 1m06s → 34s 60 50% → 100%" in words


def test_each_run_can_be_found_by_its_seed() -> None:
    words = words_of(page(rehearsal([rto_run(41, 60.0), refused_run(42)])))
    assert "41 ✓ 59s–1m 59.5s 5m completed 000000000000" in words
    assert "42 ? — — 5m refused: the steady state did not hold" in words


def test_nothing_from_outside_becomes_markup() -> None:
    setting = TTL.model_copy(update={"name": EVIL, "title": EVIL, "low": EVIL, "high": EVIL, "now": EVIL})
    found = rehearsal(
        [rto_run(1, 300.0), refused_run(2, EVIL), aborted_run(3, EVIL), run(4, objective(probe=EVIL))],
        drill=EVIL,
        title=EVIL,
        environment=EVIL,
        topology=EVIL,
        overrides={EVIL: EVIL},
        randomised=(EVIL,),
        targets=[TARGETS[0], TARGETS[0].model_copy(update={"probe": EVIL})],
        swings=(swing(setting), swing(ROBOT, None, None)),
    )
    html = page(found)
    tags = elements_of(html)
    assert not {tag for tag, _ in tags} & {"script", "img"}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 15
    assert "{{ 7*7 }}" in html  # written out, not evaluated
    assert not set("\u202e\x1b\x00") & set(html)


@pytest.mark.parametrize("runs", [[], [refused_run(1)], [aborted_run(1)], [run(1, objective(high=None))]])
def test_a_rehearsal_that_measured_nothing_still_has_a_page(runs: list[object]) -> None:
    found = Rehearsal.model_validate({**rehearsal([]).model_dump(), "runs": runs})
    assert "INCONCLUSIVE" in page(found)


def test_many_runs_stay_readable() -> None:
    html = page(full_rehearsal(1200))
    assert len(html.encode()) < 500_000
    assert f"{1200 - RUNS_MOST} more are in rehearsal.json" in html


def test_the_same_rehearsal_gives_the_same_bytes() -> None:
    assert page(full_rehearsal()) == page(full_rehearsal())
