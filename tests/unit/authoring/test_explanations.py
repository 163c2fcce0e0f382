"""The explanations are true: each wrong example has exactly its code, each mended one has no problem at all."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from drillrunner.authoring.explanations import Explanation, explanations
from drillrunner.cli.runbook import check_below
from drillrunner.cli.validate import check_file
from drillrunner.errors import InvalidInput
from drillrunner.files.actions_file import parse_actions
from drillrunner.files.codes import CODES
from drillrunner.files.ics.file import read_freeze_windows
from drillrunner.judge import findings

# what an example is a part of: its own keys take the place of these
DRILL = """\
drill: checkout-outage
title: us-east-1 stops serving checkout
owner: team-checkout
environment: lab
objectives: {rto: 3m}
probes:
  checkout:
    http.get: {url: "https://checkout.example.test/health"}
    user_facing: true
faults:
  - lambda.throttle: {region: us-east-1, functions: [checkout]}
recovery: {within: 10m, stable_for: 30s}
stop_if:
  - {probe: checkout, fails_for: 5m}
"""
ENVIRONMENTS = """\
lab: {kind: lab}
staging:
  kind: aws
  account: "123456789012"
  regions: [us-east-1, eu-west-1]
  databases: {orders-primary: {host: a.example.test}, orders-replica: {host: b.example.test}}
"""
# the same for a runbook: what is wrong is in the front matter, or in what follows it
RUNBOOK = """\
drill: checkout-outage
owner: team-checkout
reviewed: 2026-11-20
contacts: [{role: incident commander, how: "#incident"}]
"""
STEPS = "1. Raise the limits. <!-- step: failover 1 -->\n"
# the same for a tabletop exercise
EXERCISE = """\
version: 1
drill: checkout-outage
title: us-east-1 stops serving checkout
roles: {players: [incident commander, on-call engineer]}
objectives: [rto]
injects: [{id: alarm, at: T+0, text: It fails.}]
"""
# the same for a game day
GAMEDAY = """\
gameday: checkout-day
title: the quarterly game day
environment: lab
roles: {facilitator: shift lead}
drills: [{drill: checkout-outage}]
"""
TODAY = date(2026, 11, 21)
_KEY = re.compile(r"^(\w+):", re.MULTILINE)
SHOWN = [explanation for explanation in explanations().values() if explanation.wrong]


def whole(example: str, around: str = DRILL) -> str:
    """The drill (or another mapping) with the example's keys instead of its own."""
    given = set(_KEY.findall(example))
    blocks = re.split(r"^(?=\w+:)", around, flags=re.MULTILINE)
    return "".join(block for block in blocks if block and block.partition(":")[0] not in given) + example


def codes_of(explanation: Explanation, example: str, folder: Path) -> set[str]:
    """The codes of all that is said of the example, in a folder such as a project has."""
    drills = folder / "drills"
    for path, text in {"drills/environments.yaml": ENVIRONMENTS, "runbooks/checkout-outage.md": "# Outage\n"}.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    if explanation.code.startswith("A"):
        return action_codes_of(example)
    if explanation.code.startswith("X"):
        return exercise_codes_of(example, folder)
    if explanation.code.startswith("G"):
        return gameday_codes_of(example, folder)
    if explanation.code.startswith("I"):
        return calendar_codes_of(explanation, example, folder)
    if explanation.code.startswith("R"):
        return runbook_codes_of(explanation, example, folder)
    is_part = explanation.code[0] in "YDW" and not explanation.whole
    name = "of-the-example.environments.yaml" if explanation.code.startswith("E") else "example.yaml"
    (drills / name).write_text(whole(example) if is_part else example, encoding="utf-8")
    return {problem.code for problem in check_file(str(drills / name), {}, None)}


def action_codes_of(example: str) -> set[str]:
    """The same of rows of actions.yaml."""
    try:
        parse_actions(f"actions:\n{example}", "actions.yaml")
    except InvalidInput as error:
        return {problem.code for problem in error.problems}
    return set()


def exercise_codes_of(example: str, folder: Path) -> set[str]:
    """The same of an exercise of the drill, beside a picture."""
    exercise = folder / "drills" / "exercises" / "example.yaml"
    (exercise.parent / "artifacts").mkdir(parents=True, exist_ok=True)
    (exercise.parent / "artifacts" / "dashboard.svg").write_text("<svg/>", encoding="utf-8")
    (folder / "drills" / "checkout-outage.yaml").write_text(DRILL, encoding="utf-8")
    exercise.write_text(whole(example, EXERCISE), encoding="utf-8")
    return {problem.code for problem in check_file(str(exercise), {}, None)}


def gameday_codes_of(example: str, folder: Path) -> set[str]:
    """The same of a game day of the drill, which has one variable."""
    fault = 'vars: {region: us-east-1}\nfaults: [lambda.throttle: {region: "${region}", functions: [checkout]}]\n'
    gameday = folder / "drills" / "gamedays" / "example.yaml"
    gameday.parent.mkdir(exist_ok=True)
    (folder / "drills" / "checkout-outage.yaml").write_text(whole(fault), encoding="utf-8")
    gameday.write_text(whole(example, GAMEDAY), encoding="utf-8")
    return {problem.code for problem in check_file(str(gameday), {}, None)}


def calendar_codes_of(explanation: Explanation, example: str, folder: Path) -> set[str]:
    """The same of a calendar, or of an event in one."""
    event = f"BEGIN:VEVENT\nUID:freeze\n{example}END:VEVENT\n"
    text = example if explanation.whole else f"BEGIN:VCALENDAR\nVERSION:2.0\n{event}END:VCALENDAR\n"
    (folder / "freezes.ics").write_text(text, encoding="utf-8")
    moment = datetime(2026, 12, 24, tzinfo=UTC)
    try:
        read_freeze_windows(folder / "freezes.ics", moment, moment)
    except InvalidInput as error:
        return {problem.code for problem in error.problems}
    return set()


def runbook_codes_of(explanation: Explanation, example: str, folder: Path) -> set[str]:
    """The same of a runbook beside the drill that names it and one that does not."""
    drill = DRILL + "failover: [{manual: raise the limits}]\n"
    texts = {
        "drills/example.yaml": drill + "runbook: ../runbooks/checkout-outage.md\n",
        "drills/bookless.yaml": whole("drill: bookless\n", drill),
        "runbooks/checkout-outage.md": whole_runbook(example) if not explanation.whole else example,
    }
    for path, text in texts.items():
        (folder / path).write_text(text, encoding="utf-8")
    checked = check_below(folder, [folder / "runbooks" / "checkout-outage.md"], TODAY)
    return {problem.code for problem in [*checked.unreadable, *checked.findings]}


def whole_runbook(example: str) -> str:
    in_front = bool(_KEY.match(example))
    return f"---\n{whole(example, RUNBOOK) if in_front else RUNBOOK}---\n{STEPS if in_front else example}"


@pytest.mark.parametrize("explanation", SHOWN, ids=lambda explanation: explanation.code)
def test_a_wrong_example_has_exactly_its_code_and_the_mended_one_none(explanation: Explanation, tmp_path: Path) -> None:
    assert codes_of(explanation, explanation.wrong or "", tmp_path) == {explanation.code}
    assert codes_of(explanation, explanation.mended or "", tmp_path) == set()


def test_every_code_of_a_file_and_every_finding_is_explained_under_its_title() -> None:
    explained = {code: explanation.title for code, explanation in explanations().items()}
    assert explained == CODES | findings.CODES, "src/drillrunner/authoring/explanations/ has a section for each code"


def test_an_explanation_is_a_few_sentences_and_has_an_example_or_says_why_not() -> None:
    for explanation in explanations().values():
        assert 60 < len(explanation.meaning) < 500, explanation.code
        assert bool(explanation.wrong) == bool(explanation.mended) != bool(explanation.no_example), explanation.code


def test_the_examples_that_are_missing_are_those_that_no_file_can_show() -> None:
    missing = {code for code, explanation in explanations().items() if not explanation.wrong}
    files = {"Y101", "Y102", "Y103", "Y105", "Y106", "Y111", "Y117", "D117", "E122", "I116", "R112", "R130"}
    assert missing - set(findings.CODES) == files
