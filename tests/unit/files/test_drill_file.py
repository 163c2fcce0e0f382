"""A drill file becomes a Drill: short forms, defaults, variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput, Problem
from drillrunner.files.drill_file import read_drill, read_drill_file
from drillrunner.model.drill import Objective, StepSpec, StopCondition

DRILLS = Path(__file__).parents[3] / "drills"

SMALLEST = """\
drill: smallest
title: The least that a drill says
owner: team-checkout
objectives: {rto: 3m}
probes:
  checkout:
    http.get: {url: "https://checkout.example.test/health"}
    user_facing: true
faults:
  - lambda.throttle: {region: us-east-1, functions: [checkout]}
"""
LEDGER = """\
  orders:
    dynamodb.ledger: {table: orders, write_region: us-east-1, read_region: eu-west-1}
"""
LAG = """\
  lag:
    dynamodb.replication_lag: {table: orders, from: us-east-1, to: eu-west-1}
"""
HEALTH = """\
  health:
    route53.health_status: {health_check: checkout-us-east-1}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "environments.yaml").write_text("lab: {kind: lab}\n")
    return tmp_path


def written(folder: Path, text: str) -> Path:
    path = folder / "drill.yaml"
    path.write_text(text)
    return path


def problems_of(path: Path, **variables: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as caught:
        read_drill(path, variables=variables)
    return caught.value.problems


def test_the_least_that_a_drill_says_has_defaults_for_the_rest(folder: Path) -> None:
    drill = read_drill(written(folder, SMALLEST))
    assert (drill.name, drill.owner, drill.environment, drill.runbook) == ("smallest", "team-checkout", "lab", None)
    assert drill.objectives == (Objective(name="rto", target=180.0, probe="checkout"),)
    assert (drill.baseline_seconds, drill.recovery_within_seconds, drill.stable_for_seconds) == (30.0, 600.0, 30.0)
    assert (drill.revert_within_seconds, drill.detection_within_seconds) == (600.0, 300.0)
    assert (drill.baseline_within_seconds, drill.served_from) == (0.0, None)
    assert (drill.failover, drill.failback, drill.stop_if, drill.detection_probe) == ((), (), (), None)
    probe = drill.probe("checkout")
    assert (probe.every_seconds, probe.timeout_seconds, probe.user_facing, probe.vantage) == (1.0, 2.0, True, "here")


def test_parameters_are_kept_validated_with_their_defaults(folder: Path) -> None:
    drill = read_drill(written(folder, SMALLEST))
    assert drill.faults[0].params == {"region": "us-east-1", "functions": ["checkout"], "reserved_concurrency": 0}
    assert drill.probe("checkout").params["dns_cache"] == "ttl"


def test_an_aliased_parameter_is_kept_under_its_name_in_the_file(folder: Path) -> None:
    drill = read_drill(written(folder, SMALLEST.replace("faults:", LAG + "faults:")))
    assert drill.probe("lag").params["from"] == "us-east-1"


def test_the_regional_outage_reads_as_designed() -> None:
    drill = read_drill(DRILLS / "regional-outage.yaml")
    assert [(o.name, o.target, o.probe) for o in drill.objectives] == [
        ("rto", 180.0, "checkout"),
        ("rpo", 5.0, "orders"),
        ("detection", 90.0, "health"),
    ]
    assert drill.vars == {"primary": "us-east-1", "standby": "eu-west-1"}
    assert drill.failover == (
        StepSpec(
            kind="aurora.failover", params={"global_cluster": "ledger", "to": "eu-west-1", "allow_data_loss": True}
        ),
    )
    assert drill.stop_if == (StopCondition(probe="standby", fails_for_seconds=30.0),)
    assert drill.probe("standby").params["url"] == "https://eu-west-1.checkout.example.test/health"
    assert (drill.baseline_seconds, drill.baseline_within_seconds) == (30.0, 300.0)
    assert drill.served_from == "us-east-1"
    assert drill.detection_probe == "health"


@pytest.mark.parametrize("path", sorted(p for p in DRILLS.glob("*.yaml") if p.name != "environments.yaml"))
def test_every_shipped_drill_is_valid_and_gives_no_warning(path: Path) -> None:
    found = read_drill_file(path)
    assert found.drill.name == path.stem
    assert found.warnings == ()


@pytest.mark.parametrize("path", sorted(p for p in DRILLS.glob("*.yaml") if p.name != "environments.yaml"))
def test_every_shipped_drill_has_a_runbook_that_names_it(path: Path) -> None:
    runbook = path.parent / str(read_drill(path).runbook)
    assert f"drill: {path.stem}\n" in runbook.read_text(encoding="utf-8").split("---")[1]


def test_an_override_replaces_a_variable(folder: Path) -> None:
    text = SMALLEST.replace("us-east-1", '"${primary}"') + "vars: {primary: us-east-1}\n"
    drill = read_drill(written(folder, text), variables={"primary": "eu-west-1"})
    assert drill.vars == {"primary": "eu-west-1"}
    assert drill.faults[0].params["region"] == "eu-west-1"


def test_an_override_that_the_drill_does_not_have_is_refused(folder: Path) -> None:
    text = SMALLEST.replace("us-east-1", '"${primary}"') + "vars: {primary: us-east-1}\n"
    (problem,) = problems_of(written(folder, text), primry="eu-west-1")
    assert (problem.code, problem.line, problem.advice) == ("D117", 11, 'did you mean "primary"?')


def test_a_variable_can_stand_for_a_duration_or_a_number(folder: Path) -> None:
    text = SMALLEST.replace("rto: 3m", 'rto: "${aim}"').replace(
        "[checkout]}", '[checkout], reserved_concurrency: "${reserve}"}'
    )
    drill = read_drill(written(folder, text + "vars: {aim: 90s, reserve: 3}\n"))
    assert drill.objectives[0].target == 90.0
    assert drill.faults[0].params["reserved_concurrency"] == 3


def test_a_doubled_dollar_writes_a_plain_reference(folder: Path) -> None:
    drill = read_drill(written(folder, SMALLEST.replace("The least", "The $${least}")))
    assert drill.title == "The ${least} that a drill says"


def test_a_variable_cannot_bring_in_another(folder: Path) -> None:
    text = SMALLEST.replace("The least", "The ${word}") + 'vars: {word: "${HOME}"}\n'
    assert read_drill(written(folder, text)).title == "The ${HOME} that a drill says"


def test_the_only_ledger_measures_the_rpo(folder: Path) -> None:
    text = SMALLEST.replace("{rto: 3m}", "{rto: 3m, rpo: 5s}").replace("faults:", LEDGER + LAG + "faults:")
    assert read_drill(written(folder, text)).objectives[1] == Objective(name="rpo", target=5.0, probe="orders")


def test_a_lag_estimates_the_rpo_where_there_is_no_ledger(folder: Path) -> None:
    text = SMALLEST.replace("{rto: 3m}", "{rto: 3m, rpo: 5s}").replace("faults:", LAG + "faults:")
    assert read_drill(written(folder, text)).objectives[1].probe == "lag"


def test_a_manual_step_is_a_text_for_a_person(folder: Path) -> None:
    text = SMALLEST + "failover:\n  - manual: Tell support\n"
    assert read_drill(written(folder, text)).failover == (StepSpec(kind="manual", text="Tell support"),)


def test_an_rpo_of_nothing_lost_is_a_target(folder: Path) -> None:
    text = SMALLEST.replace("{rto: 3m}", "{rto: 3m, rpo: 0s}").replace("faults:", LEDGER + "faults:")
    assert read_drill(written(folder, text)).objectives[1].target == 0.0


def test_the_only_detector_signals_the_detection(folder: Path) -> None:
    text = SMALLEST.replace("{rto: 3m}", "{rto: 3m, detection: 90s}").replace("faults:", HEALTH + "faults:")
    drill = read_drill(written(folder, text))
    assert drill.detection_probe == "health"
    assert drill.objectives[1] == Objective(name="detection", target=90.0, probe="health")


def test_a_latency_has_its_95th_percentile_by_default(folder: Path) -> None:
    drill = read_drill(written(folder, SMALLEST.replace("{rto: 3m}", "{latency: 500ms}")))
    assert drill.objectives == (Objective(name="latency", target=0.5, probe="checkout", percentile=0.95),)


def test_a_named_probe_measures_the_rto_without_being_user_facing(folder: Path) -> None:
    text = SMALLEST.replace("    user_facing: true\n", "").replace("rto: 3m", "rto: {target: 3m, probe: checkout}")
    drill = read_drill(written(folder, text))
    assert [probe.name for probe in drill.user_facing] == ["checkout"]


def test_a_longer_rto_wants_a_longer_recovery(folder: Path) -> None:
    text = SMALLEST.replace("rto: 3m", "rto: 15m") + "recovery: {within: 20m}\n"
    assert read_drill(written(folder, text)).recovery_within_seconds == 1200.0


def test_a_drill_without_an_environments_file_runs_in_the_embedded_lab(tmp_path: Path) -> None:
    assert read_drill(written(tmp_path, SMALLEST)).environment == "lab"


def test_all_problems_are_told_in_the_order_of_the_file() -> None:
    found = problems_of(Path(__file__).parents[2] / "bad_drills" / "everything-at-once.yaml")
    assert len(found) >= 6
    assert [(p.line, p.column) for p in found] == sorted((p.line, p.column) for p in found)


def test_a_problem_carries_its_place_for_programs(folder: Path) -> None:
    (problem,) = problems_of(written(folder, SMALLEST.replace("{rto: 3m}", "{rto: 3m, rpoo: 60s}")))
    assert problem == Problem(
        code="D102",
        message='unknown key "rpoo" in objectives',
        file=str(folder / "drill.yaml"),
        line=4,
        column=23,
        length=4,
        source_line="objectives: {rto: 3m, rpoo: 60s}",
        advice='did you mean "rpo"?',
    )


def test_a_manual_step_may_say_how_long_people_need(folder: Path) -> None:
    step = "failover:\n  - {manual: call the person on duty, takes: {from: 1m, to: 10m}}\n  - {manual: look}\n"
    drill = read_drill(written(folder, SMALLEST + step))
    assert [one.takes_seconds for one in drill.failover] == [(60.0, 600.0), None]
