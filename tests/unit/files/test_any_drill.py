"""However a drill or environments file is spoilt, reading it gives a value or problems, and nothing else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from drillrunner.errors import InvalidInput
from drillrunner.files.drill_file import read_drill
from drillrunner.files.environment_file import read_environments
from drillrunner.files.problems import render_text

DRILLS = Path(__file__).parents[3] / "drills"
JUNK: tuple[object, ...] = (
    None,
    "",
    " ",
    -1,
    0,
    1.5,
    10**30,
    float("inf"),
    True,
    [],
    {},
    [[]],
    [None],
    {"a": None},
    {"": 1},
    "${",
    "${primary}",
    "$${x}",
    "${a.b}",
    "30",
    "999999h",
    "100%",
    "us-east-1",
    "a" * 300,
    "é\u202e",
    {"tags": {"a": [1]}},
)
STAGING = {
    "kind": "aws",
    "account": "123456789012",
    "regions": ["us-east-1"],
    "freeze": [{"from": "2026-12-18T00:00:00Z", "to": "2027-01-04T00:00:00Z", "reason": "end of year"}],
    "databases": {"orders": {"host": "orders.example.test", "port": 5432}},
    "port_map": {443: 8443},
    "resolver": "10.0.0.2:53",
}


def spoilt(node: object, dice: random.Random) -> object:
    """The same document with one place changed, anywhere in it."""
    if isinstance(node, dict) and node and dice.random() < 0.85:
        changed = dict(node)
        key = dice.choice(list(changed))
        if dice.random() < 0.1:
            changed[dice.choice(["unknown", "lambda.throttle", "manual", "<<", key])] = changed.pop(key)
        else:
            changed[key] = spoilt(changed[key], dice)
        return changed
    if isinstance(node, list) and node and dice.random() < 0.85:
        index = dice.randrange(len(node))
        return [*node[:index], spoilt(node[index], dice), *node[index + 1 :]]
    return dice.choice(JUNK)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["regional-outage", "replica-promotion"])
def test_a_spoilt_drill_is_read_or_refused(name: str, seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    whole = yaml.safe_load((DRILLS / f"{name}.yaml").read_text(encoding="utf-8"))
    whole["environment"] = "lab"
    whole.pop("runbook")
    path = tmp_path / "drill.yaml"
    for _ in range(12):
        path.write_text(yaml.safe_dump(spoilt(spoilt(whole, dice), dice), allow_unicode=True), encoding="utf-8")
        try:
            drill = read_drill(path)
        except InvalidInput as refusal:
            assert render_text(refusal.problems).startswith(f"{path}:"), path.read_text()  # noqa: PT017
        else:
            assert drill.faults


@pytest.mark.parametrize("seed", range(4))
def test_spoilt_environments_are_read_or_refused(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    path = tmp_path / "environments.yaml"
    for _ in range(30):
        spoilt_once = spoilt({"staging": STAGING, "lab": {"kind": "lab", "time_scale": 10}}, dice)
        path.write_text(yaml.safe_dump(spoilt_once, allow_unicode=True), encoding="utf-8")
        try:
            environments = read_environments(path)
        except InvalidInput as refusal:
            assert render_text(refusal.problems).startswith(f"{path}:"), path.read_text()  # noqa: PT017
        else:
            assert environments
