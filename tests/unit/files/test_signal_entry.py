"""`signals` of an environment become receivers, apart from what a plan is bound to."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.files.environment_file import find_environment, find_signals
from drillrunner.files.section import Reading, Section
from drillrunner.files.signal_entry import PAGERDUTY, SignalReader
from drillrunner.files.variables import Variables
from drillrunner.model.signal import EVENT_NAMES, GAMEDAY_EVENTS, GrafanaSpec, OtlpSpec, WebhookSpec
from drillrunner.yaml_source import Problems, Span, parse_yaml

LAB = "lab:\n  kind: lab\n"
SIGNALS = """\
  signals:
    - webhook: {url: "https://hooks.example.test/drills?a=b"}
    - webhook: {url_env: SLACK_HOOK, body: slack}
    - webhook: {url_env: TEAMS_HOOK, body: teams, on: [left]}
    - webhook: {body: pagerduty, token_env: PAGERDUTY_KEY}
    - grafana: {url: "https://grafana.example.test", token_env: GRAFANA_TOKEN, dashboard_uid: d1, tags: [a, 7]}
    - otlp: {endpoint: "http://127.0.0.1:4318", token_env: KEY, token_header: x-api-key}
"""


def test_every_receiver_is_read_with_its_defaults(tmp_path: Path) -> None:
    (tmp_path / "environments.yaml").write_text(LAB + SIGNALS)
    to_people = ("began", "left", "ended", *GAMEDAY_EVENTS)
    assert find_signals("lab", tmp_path) == (
        WebhookSpec(url="https://hooks.example.test/drills?a=b", body="cloudevents", on=EVENT_NAMES),
        WebhookSpec(url_env="SLACK_HOOK", body="slack", on=to_people),
        WebhookSpec(url_env="TEAMS_HOOK", body="teams", on=("left",)),
        WebhookSpec(url=PAGERDUTY, token_env="PAGERDUTY_KEY", body="pagerduty", on=to_people),
        GrafanaSpec(url="https://grafana.example.test", token_env="GRAFANA_TOKEN", dashboard_uid="d1", tags=("a", "7")),
        OtlpSpec(url="http://127.0.0.1:4318", token_env="KEY", token_header="x-api-key"),
    )


def test_an_environment_is_the_same_with_and_without_signals(tmp_path: Path) -> None:
    path = tmp_path / "environments.yaml"
    path.write_text(LAB)
    without = find_environment("lab", tmp_path)
    path.write_text(LAB + SIGNALS)
    assert find_environment("lab", tmp_path) == without


def test_where_there_is_no_file_nobody_is_told(tmp_path: Path) -> None:
    (tmp_path / "drills").mkdir()
    (tmp_path / "drills" / "environments.yaml").write_text(LAB)
    assert find_signals("lab", tmp_path) == ()
    assert find_signals("elsewhere", tmp_path) == ()


def test_an_address_is_no_part_of_what_is_printed_of_a_receiver() -> None:
    assert "secret" not in repr(WebhookSpec(url="https://hooks.example.test/secret"))


def test_otlp_without_its_packages_is_refused_with_the_command_that_installs_them() -> None:
    source = parse_yaml("signals: [{otlp: {endpoint: 'http://127.0.0.1:4318'}}]\n", "environments.yaml")
    problems = Problems(source.file, source.lines)
    section = Section(Reading(problems, Variables(problems), "E"), source.root, "the environment", Span())
    SignalReader(installed=lambda module: False).read(section)
    (problem,) = problems.found
    assert (problem.code, problem.advice) == ("E122", "pip install 'drillrunner[otel]'")


def test_no_problem_shows_an_address_or_a_token(tmp_path: Path) -> None:
    path = tmp_path / "environments.yaml"
    path.write_text(
        LAB + '  signals:\n    - webhok: {url: "https://a.test/S3CRET", token: S3CRET, token_env: "S3-CRET"}\n'
    )
    with pytest.raises(InvalidInput) as caught:
        find_signals("lab", tmp_path)
    assert caught.value.problems
    assert "S3" not in repr(caught.value.problems)
