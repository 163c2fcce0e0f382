"""What a terminal says of a rehearsal."""

from __future__ import annotations

from drillrunner.judge.rehearsal import figures
from drillrunner.model.rehearsal import Rehearsal
from drillrunner.rehearsal.chances import RANDOMISED
from drillrunner.reporting.rehearsal_text import rehearsal_lines
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


def lines_of(found: Rehearsal) -> list[str]:
    return rehearsal_lines(found, figures(found))


def test_the_verdict_comes_first_and_each_objective_has_its_percentiles_and_chance() -> None:
    lines = lines_of(full_rehearsal(targets=TARGETS[:2]))
    assert lines[:7] == [
        "PASS · all objectives met in 200 of 200 runs",
        "  regional-outage · lab, topology checkout",
        "  rehearsed 200 times on virtual time (20h08m of it) · seed 1",
        "  RTO checkout             P50 1m03s  P90 1m25s  P99 1m32s  target ≤ 3m",
        "                           met in 200 of 200 runs (98.1%–100%) ✓",
        "  RPO orders               P50 0s  P90 0s  P99 0s  target ≤ 5s",
        "                           met in 200 of 200 runs (98.1%–100%) ✓",
    ]


def test_every_line_fits_into_eighty_columns() -> None:
    found = full_rehearsal(120, 75.0, overrides={"route53.ttl": "30"})
    assert max(map(len, lines_of(found))) <= 80


def test_the_histogram_marks_percentiles_and_target() -> None:
    lines = lines_of(rehearsal([rto_run(seed, 100.0 + seed) for seed in range(100)]))
    start = lines.index("  RTO of checkout in 100 runs")
    rows = lines[start + 1 : lines.index("", start)]
    assert 8 <= len(rows) <= 12
    assert rows[0] == f"    1m40s–1m50s    10  {'▇' * 30}"
    assert [row.rsplit("  ", 1)[1] for row in rows if not row.endswith("▇")] == ["P50", "target, P90", "P99"]


def test_the_anatomy_shows_where_the_time_goes() -> None:
    parts = {"detect": 30.0, "decide": 0.0, "switch": 10.0, "propagate": 20.0, "stabilise": 0.0}
    lines = lines_of(rehearsal([rto_run(seed, 60.0, anatomy=parts) for seed in range(10)]))
    assert f"    Detect         30s   50%  {'▇' * 30}" in lines
    assert f"    Switch         10s   17%  {'▇' * 10}" in lines
    assert "    Decide          0s    0%" in lines
    assert "  at P50 Detect takes longest (30s of 1m), at P90 Detect (30s of 1m)" in lines


def missing(*swings: object) -> Rehearsal:
    return rehearsal([rto_run(seed, 60.0 + 20 * seed) for seed in range(12)], swings=swings)


def test_swings_are_told_from_what_is_set_with_the_cheapest_change_after_them() -> None:
    text = "\n".join(lines_of(missing(swing(ROBOT, 70.0, 80.0, chance_low=0.5), swing(TTL, 41.0, 79.0))))
    assert (
        "What would change it (RTO P50 at each value)\n    TTL of checkout 60 → 5      1m19s → 41s      ▇▇▇▇▇▇" in text
    )
    assert "    failover by person → robot  1m20s → 1m10s    ▇▇▇▇" in text
    assert (
        "  Cheapest change that meets the objective: set TTL of checkout from 60 to 5 (a\n"
        "    configuration value): met in 100% of runs, RTO P50 41s" in text
    )


def test_that_no_change_is_enough_is_said() -> None:
    lines = lines_of(missing(swing(TTL, None, 79.0, chance_low=0.2)))
    assert "    TTL of checkout 60 → 5  1m19s → not measured" in lines
    assert "  no single setting that was tried meets the RTO's objective in 95% of runs" in lines


def test_what_did_not_count_is_said_and_why() -> None:
    lost = run(5, objective(low=600.0, high=None, outcome="missed"))
    lines = lines_of(rehearsal([rto_run(1, 80.0), refused_run(2), aborted_run(3), lost]))
    assert "  ! 1 run refused, 1 run ended early: counted apart" in lines
    assert "  ! 1 × aborted: stop_if: standby failed for 30s" in lines
    assert "  RTO checkout             P50 1m20s  P90 no end seen  P99 no end seen  target ≤ 3m" in lines
    assert "    1 more run saw no end" in lines


def test_a_run_that_left_something_is_named_right_after_the_verdict() -> None:
    lines = lines_of(rehearsal([rto_run(1, 80.0), rto_run(7, 80.0, reverted=False)]))
    assert lines[0] == "FAIL · not put back in 1 of 2 runs"
    assert lines[3] == "  NOT PUT BACK in 1 run: seed 7"


def test_conditions_are_told_last() -> None:
    lines = lines_of(rehearsal([rto_run(1, 80.0, truth_rto=1.0)], overrides={"route53.ttl": "30"}, randomised=("lag",)))
    assert lines[-4:] == [
        "  interval held the simulator's truth in 0 of 1 run: not in seed 1",
        "  what if: route53.ttl = 30",
        "  randomised:",
        "    lag",
    ]


def test_every_distribution_is_told_whole_from_a_line_of_its_own() -> None:
    lines = lines_of(rehearsal([rto_run(1, 80.0)], randomised=RANDOMISED))
    told = lines[lines.index("  randomised:") + 1 :]
    begun = [line for line in told if not line.startswith("      ")]
    assert [one.split()[0] for one in begun] == [one.split()[0] for one in RANDOMISED]
    assert " ".join(" ".join(told).split()) == " ".join(RANDOMISED)
    assert max(map(len, told)) <= 80


def test_that_nothing_is_randomised_is_said() -> None:
    assert lines_of(rehearsal([rto_run(1, 80.0)], randomised=()))[-1] == "  randomised: nothing"


def test_a_rehearsal_of_no_runs_still_says_so() -> None:
    lines = lines_of(rehearsal([]))
    assert lines[0] == "INCONCLUSIVE · RTO was not measured in any run"
    assert "  to decide it: a run that completes" in lines


def test_text_from_outside_cannot_move_the_cursor() -> None:
    evil = "\x1b[2J\u202eevil\nline"
    setting = TTL.model_copy(update={"title": evil, "low": evil})
    found = rehearsal(
        [refused_run(1, evil), rto_run(2, 300.0)],
        drill=evil,
        overrides={evil: evil},
        randomised=(evil,),
        swings=(swing(setting),),
    )
    text = "\n".join(lines_of(found))
    assert not set("\x1b\u202e") & set(text)
    assert "\\u001b[2J\\u202eevil\\nline" in text
