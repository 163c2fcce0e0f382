"""The schemas: what they know, that they refuse what a schema can see, and that the shipped files are as printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from drillrunner import registry
from drillrunner.authoring.explanations import explanations
from drillrunner.authoring.schemas import SCHEMAS, file_name, schema_text
from drillrunner.errors import InvalidInput
from drillrunner.yaml_source import as_data, parse_yaml, read_yaml

ROOT = Path(__file__).parents[3]
DRILLS = ROOT / "drills"
BAD = ROOT / "tests" / "bad_drills"
TOPOLOGIES = ROOT / "src" / "drillrunner" / "lab" / "topologies"
VALIDATORS = {name: Draft7Validator(make()) for name, make in SCHEMAS.items()}

# What a schema cannot see: one value against another, what lies outside of the file, a length of time, a variable.
BEYOND_A_SCHEMA = {
    "database-not-in-the-environment",
    "detection-without-probe",
    "duration-out-of-range",
    "freeze-backwards.environments",
    "irreversible-step-where-none-is-allowed",
    "latency-beyond-time-out",
    "no-user-facing-probe",
    "objective-with-unknown-probe",
    "parameter-not-a-url",
    "people-upside-down",
    "probe-too-often",
    "probe-waits-too-long",
    "recovery-shorter-than-rto",
    "region-in-a-variable",
    "region-outside-the-environment",
    "role-of-another-account.environments",
    "rpo-on-an-http-probe",
    "rpo-with-two-ledgers",
    "rpo-without-ledger",
    "rto-finer-than-probe",
    "runbook-missing",
    "same-fault-twice",
    "schedule-cron-every-minute",
    "schedule-cron-on-no-date",
    "schedule-cron-out-of-range",
    "schedule-cron-step-without-range",
    "schedule-cron-unknown-month",
    "schedule-cron-upside-down",
    "schedule-cron-with-four-fields",
    "schedule-every-too-long",
    "schedule-grace-too-long",
    "schedule-rule-hour-out-of-range",
    "schedule-rule-hourly",
    "schedule-rule-numbered-day-in-a-week",
    "schedule-rule-on-no-date",
    "schedule-rule-part-of-another-frequency",
    "schedule-rule-part-twice",
    "schedule-rule-until-without-zone",
    "schedule-rule-with-unknown-day",
    "schedule-rule-with-unknown-part",
    "schedule-rule-without-frequency",
    "schedule-starts-in-another-century",
    "schedule-zone-as-an-offset",
    "schedule-zone-unknown",
    "stable-for-longer-than-recovery",
    "stable-for-shorter-than-probe",
    "stop-condition-on-a-single-reading",
    "stop-condition-with-unknown-probe",
    "unknown-environment",
    "variable-of-the-environment",
    "variable-unclosed",
    "variable-undefined",
    "variable-unused",
    "warning-inverted-health-check-with-a-throttle",
    "warning-nothing-stops-the-drill",
}


def schema_for(path: Path) -> str:
    if path.parent == TOPOLOGIES:
        return "topology"
    return "environments" if path.name.endswith("environments.yaml") else "drill"


def refused(name: str, text: str) -> list[str]:
    data = as_data(parse_yaml(text, "a test").root)
    return [error.message for error in VALIDATORS[name].iter_errors(data)]


def a_drill(**changed: Any) -> str:
    """The text of a drill in JSON, which is YAML too, with some of its keys changed."""
    drill = {
        "drill": "outage",
        "title": "checkout stops",
        "owner": "team-checkout",
        "objectives": {"rto": "3m"},
        "probes": {"users": {"http.get": {"url": "https://checkout.example.test/"}, "user_facing": True}},
        "faults": [{"lambda.throttle": {"region": "us-east-1", "functions": ["checkout"]}}],
    }
    return json.dumps({**drill, **changed})


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_of_draft_07(name: str) -> None:
    Draft7Validator.check_schema(SCHEMAS[name]())


@pytest.mark.parametrize(
    "path", [*DRILLS.glob("*.yaml"), *TOPOLOGIES.glob("*.yaml")], ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_every_shipped_file_is_accepted(path: Path) -> None:
    assert refused(schema_for(path), path.read_text(encoding="utf-8")) == []


def test_every_bad_file_is_refused_but_for_what_no_schema_can_see() -> None:
    accepted = set()
    for path in BAD.glob("*.yaml"):
        try:
            data = as_data(read_yaml(path).root)
        except InvalidInput:
            continue  # no YAML, so no data to hold against a schema
        if VALIDATORS[schema_for(path)].is_valid(data):
            accepted.add(path.stem)
    assert accepted - {"environments"} == BEYOND_A_SCHEMA


def test_the_mended_examples_of_the_explanations_are_accepted() -> None:
    names = {"E": "environments", "L": "topology"}
    for explanation in explanations().values():
        name = names.get(explanation.code[0])
        if name and explanation.mended:
            assert refused(name, explanation.mended) == [], explanation.code


@pytest.mark.parametrize("name", ["drill", "environments"])
def test_the_file_beside_the_drills_is_what_drill_schema_prints(name: str) -> None:
    shipped = (DRILLS / file_name(name)).read_text(encoding="utf-8")
    assert shipped == schema_text(name), f"write it again: drill schema {name} -o drills/{file_name(name)}"


def test_every_shipped_drill_tells_editors_where_its_schema_is() -> None:
    for path in DRILLS.glob("*.yaml"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# yaml-language-server: $schema=./{file_name(schema_for(path))}"


def test_every_kind_and_every_parameter_is_there_with_words() -> None:
    schema = SCHEMAS["drill"]()
    places = {
        "fault": schema["properties"]["faults"]["items"],
        "step": schema["definitions"]["step"],
        "condition": schema["properties"]["stop_if"]["items"],
        "probe": next(iter(schema["properties"]["probes"]["patternProperties"].values())),
    }
    for kind in registry.kinds():
        entry = places[kind.role]["properties"][kind.name]
        assert entry["description"].startswith(kind.summary)
        for name, parameter in entry["properties"].items():
            assert parameter.get("description"), (kind.name, name)


def test_a_variable_may_stand_where_a_number_or_a_region_does() -> None:
    throttle = {"region": "${primary}", "functions": ["${name}"], "reserved_concurrency": "${reserve}"}
    assert refused("drill", a_drill(faults=[{"lambda.throttle": throttle}])) == []


def test_a_region_is_one_of_a_list_that_editors_offer() -> None:
    throttle = SCHEMAS["drill"]()["properties"]["faults"]["items"]["properties"]["lambda.throttle"]
    assert {"$ref": "#/definitions/region"} in throttle["properties"]["region"]["anyOf"]
    assert "eu-west-1" in SCHEMAS["drill"]()["definitions"]["region"]["enum"]


@pytest.mark.parametrize(
    "changed",
    [
        {"failover": [{"manual": "call", "takes": {"from": "1m", "to": "5m"}}]},
        {"stop_if": [{"cloudwatch.alarm": {"region": "eu-west-1", "name": "checkout-5xx"}}]},
        {"objectives": {"availability": "99.9%", "latency": {"target": "1s", "percentile": "${share}"}}},
        {"vars": {"share": 99, "primary": "us-east-1"}},
    ],
    ids=",".join,
)
def test_what_the_reader_takes_is_taken(changed: dict[str, Any]) -> None:
    assert refused("drill", a_drill(**changed)) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"failover": [{"takes": {"from": "1m"}}]},
        {"stop_if": [{"probe": "users", "cloudwatch.alarm": {"region": "eu-west-1", "name": "x"}}]},
        {"objectives": {"rto": {"probe": "users"}}},
        {"faults": [{"after": "10s"}]},
        {"probes": {"users": {"every": "1s"}}},
        {"probes": {"users": {"http.get": {"url": "https://a.example.test/", "expect": {"latency": "500"}}}}},
    ],
    ids=",".join,
)
def test_what_the_reader_refuses_is_refused(changed: dict[str, Any]) -> None:
    assert refused("drill", a_drill(**changed)) != []


def test_environments_may_stand_below_a_key_of_their_own() -> None:
    assert refused("environments", "environments: {lab: {kind: lab}}") == []
    assert refused("environments", "environments: {lab: {kind: lab}}\nother: {kind: lab}") != []
