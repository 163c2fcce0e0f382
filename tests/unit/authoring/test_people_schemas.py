"""The schemas of exercises and game days: what they refuse and take, and that the shipped files are as printed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from jsonschema import Draft7Validator

from drillrunner.authoring.exercise.yaml import MODELINE
from drillrunner.authoring.explanations import explanations
from drillrunner.authoring.schemas import SCHEMAS, file_name, schema_text
from drillrunner.errors import InvalidInput
from drillrunner.files.locate import is_gameday
from drillrunner.yaml_source import as_data, parse_yaml, read_yaml

ROOT = Path(__file__).parents[3]
TESTS = ROOT / "tests"
FOLDERS = {"exercise": ROOT / "drills" / "exercises", "gameday": ROOT / "drills" / "gamedays"}
BAD = {"exercise": TESTS / "bad_exercises", "gameday": TESTS / "bad_gamedays"}
VALIDATORS = {name: Draft7Validator(SCHEMAS[name]()) for name in FOLDERS}

# What a schema cannot see: one value against another, what lies outside of the file, a length of time, a calendar.
BEYOND_A_SCHEMA = {
    "exercise": {
        "after-that-is-not-there",
        "beyond-the-time-box",
        "circle-of-one-and-of-two",
        "circle-of-three",
        "deadline-before-the-inject",
        "drill-of-another-name",
        "drill-that-is-broken",
        "drill-that-is-not-there",
        "due-before-the-one-that-it-comes-after",
        "ids-twice",
        "roles-that-nobody-has",
        "schedule-that-is-over",
        "schedule-that-never-comes",
        "schedule-until-the-past",
        "step-of-a-drill-without-runbook",
        "steps-that-are-not-there",
        "time-box-too-short",
    },
    "gameday": {
        "approvals-too-many",
        "calendar-missing",
        "drill-in-another-region",
        "drill-that-is-broken",
        "drill-that-is-not-there",
        "environment-unknown",
        "freeze-on-no-day",
        "freeze-over",
        "freeze-upside-down",
        "gate-without-topology",
        "id-used-twice",
        "needs-in-a-circle",
        "needs-itself",
        "needs-what-comes-later",
        "needs-what-is-not-there",
        "observer-who-facilitates",
        "schedule-over",
        "schedule-rule-bad",
        "schedule-too-often",
        "settings-that-differ",
        "settings-without-a-lab",
        "signers-missing",
        "time-box-of-a-week",
        "variable-unknown",
    },
}
SHIPPED = [
    *(("exercise", path) for path in FOLDERS["exercise"].glob("*.yaml")),
    ("exercise", TESTS / "data" / "exercises" / "regional-outage.yaml"),
    *(("gameday", path) for path in FOLDERS["gameday"].glob("*.yaml") if is_gameday(path)),
]


def refused(name: str, text: str) -> list[str]:
    data = as_data(parse_yaml(text, "a test").root)
    return [error.message for error in VALIDATORS[name].iter_errors(data)]


def an_exercise(inject: Mapping[str, Any] = MappingProxyType({}), **changed: Any) -> str:
    """The text of an exercise in JSON, which is YAML too, with some of its keys changed."""
    exercise = {
        "version": 1,
        "drill": "outage",
        "title": "an incident of checkout",
        "roles": {"players": ["incident commander"]},
        "objectives": ["rto"],
        "injects": [{"id": "alarm", "at": "T+0", "text": "It fails.", **inject}],
    }
    return json.dumps({**exercise, **changed})


def a_gameday(**changed: Any) -> str:
    gameday = {
        "gameday": "quarterly",
        "title": "every quarter",
        "environment": "lab",
        "roles": {"facilitator": "shift lead"},
        "drills": [{"drill": "outage"}],
    }
    return json.dumps({**gameday, **changed})


@pytest.mark.parametrize("name", FOLDERS)
def test_the_schema_is_one_of_draft_07(name: str) -> None:
    Draft7Validator.check_schema(SCHEMAS[name]())


@pytest.mark.parametrize(("name", "path"), SHIPPED, ids=lambda value: getattr(value, "stem", value))
def test_what_is_shipped_is_accepted(name: str, path: Path) -> None:
    assert refused(name, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", FOLDERS)
def test_every_bad_one_is_refused_but_for_what_no_schema_can_see(name: str) -> None:
    accepted = set()
    for path in BAD[name].glob("*.yaml"):
        try:
            data = as_data(read_yaml(path).root)
        except InvalidInput:
            continue  # no YAML, so no data to hold against a schema
        if VALIDATORS[name].is_valid(data):
            accepted.add(path.stem)
    assert accepted == BEYOND_A_SCHEMA[name]


@pytest.mark.parametrize(("name", "letter"), [("exercise", "X"), ("gameday", "G")])
def test_the_mended_examples_of_the_explanations_lack_nothing_but_the_rest_of_their_file(
    name: str, letter: str
) -> None:
    mended = [one for one in explanations().values() if one.code.startswith(letter) and one.mended]
    assert mended
    for one in mended:
        data = as_data(parse_yaml(one.mended or "", "a test").root)
        wrong = [error.message for error in VALIDATORS[name].iter_errors(data) if error.validator != "required"]
        assert wrong == [], one.code


@pytest.mark.parametrize("name", FOLDERS)
def test_the_file_beside_them_is_what_drill_schema_prints(name: str) -> None:
    path = FOLDERS[name] / file_name(name)
    again = f"write it again: drill schema {name} -o {path.relative_to(ROOT)}"
    assert path.read_text(encoding="utf-8") == schema_text(name), again


def test_every_shipped_one_tells_editors_where_its_schema_is() -> None:
    for name, folder in FOLDERS.items():
        for path in folder.glob("*.yaml"):
            schema = f"./{file_name(name)}" if name == "exercise" or is_gameday(path) else f"../{file_name('drill')}"
            assert path.read_text(encoding="utf-8").startswith(f"# yaml-language-server: $schema={schema}\n"), path
    assert MODELINE.endswith(f"$schema=./{file_name('exercise')}")


@pytest.mark.parametrize("name", FOLDERS)
def test_every_key_has_words_for_editors(name: str) -> None:
    assert [path for path, schema in _keys(SCHEMAS[name](), name) if not schema.get("description")] == []


def _keys(schema: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        for one in schema:
            yield from _keys(one, path)
    if not isinstance(schema, dict):
        return
    for key, body in schema.get("properties", {}).items():
        yield f"{path}.{key}", body
        yield from _keys(body, f"{path}.{key}")
    for key in ("items", "anyOf"):
        yield from _keys(schema.get(key), path)


@pytest.mark.parametrize(
    "text",
    [
        an_exercise(version="1"),
        an_exercise({"at": 0, "to": "incident commander", "after": "call", "hints": "Look."}),
        an_exercise({"artifact": "./shown/T5.SVG"}),
        an_exercise(roles={"scribe": "Sre", "players": [{"role": "on call", "person": "Api"}, "support"]}),
        an_exercise(objectives=["detection", "People decide in time", {"id": "tell", "text": "Told"}]),
        an_exercise(schedule={"every": "half-year", "grace": "30d"}),
    ],
)
def test_what_the_reader_of_exercises_takes_is_taken(text: str) -> None:
    assert refused("exercise", text) == []


@pytest.mark.parametrize(
    "text",
    [
        an_exercise({"artifact": "shown/.hidden/t5.svg"}),
        an_exercise({"artifact": "shown/../t5.svg"}),
        an_exercise({"at": "${moment}"}),
        an_exercise({"to": []}),
        an_exercise(time_box="${box}"),
        an_exercise(schedule={"every": "${often}"}),
        an_exercise(roles={"players": ["facilitator"]}),
    ],
)
def test_what_the_reader_of_exercises_refuses_is_refused(text: str) -> None:
    assert refused("exercise", text) != []


@pytest.mark.parametrize(
    "text",
    [
        a_gameday(version=1, roles={"facilitator": ["shift lead"], "participants": "duty expert"}),
        a_gameday(drills=[{"drill": "../outage.yaml", "needs": "first", "vars": {"a": 5}, "set": {"b.c": True}}]),
        a_gameday(rehearsal={"at_least": 0.9, "runs": "30"}, freeze=[{"ics": "freeze.ics"}]),
    ],
)
def test_what_the_reader_of_game_days_takes_is_taken(text: str) -> None:
    assert refused("gameday", text) == []


@pytest.mark.parametrize(
    "text",
    [
        a_gameday(roles={"facilitator": []}),
        a_gameday(rehearsal={"at_least": 90}),
        a_gameday(freeze=[{"ics": "freeze.ics", "why": "end of year"}]),
        a_gameday(drills=[{"drill": "outage", "cool_down": "${pause}"}]),
        a_gameday(drills=[{"drill": "outage"}] * 51),
        a_gameday(approvals={"by": ["pilot"]}),
    ],
)
def test_what_the_reader_of_game_days_refuses_is_refused(text: str) -> None:
    assert refused("gameday", text) != []
