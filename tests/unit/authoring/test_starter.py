"""A first drill from answers: it is valid in every shape, and answers that cannot be are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillrunner.authoring.starter import (
    QUESTIONS,
    added_to,
    drill_text,
    environment_text,
    runbook_text,
    starter_of,
)
from drillrunner.files.environment_file import read_environments

LAB: dict[str, str | None] = {
    "name": "checkout-outage",
    "kind": "lab",
    "environment": "lab",
    "owner": "team-checkout",
    "primary": "us-east-1",
    "standby": "eu-west-1",
    "url": "https://checkout.example.test/health?a=1&b=2",
    "functions": "checkout, orders",
    "table": "orders",
    "health_check": "checkout-us-east-1",
    "rto": "3m",
    "rpo": "5s",
}
ENTRY = environment_text(starter_of(LAB))


def test_the_drill_says_what_was_answered() -> None:
    text = drill_text(starter_of(LAB))
    assert "rto: 3m #" in text
    assert "functions: [checkout, orders]" in text
    assert 'url: "https://checkout.example.test/health?a=1&b=2"' in text
    assert "recovery: {within: 6m, stable_for: 30s}" in text


def test_what_was_left_out_is_not_there() -> None:
    text = drill_text(starter_of({**LAB, "table": None, "rpo": None, "health_check": None}))
    assert "rpo" not in text
    assert "ledger" not in text
    assert "health_status" not in text


def test_a_real_account_is_guarded() -> None:
    text = environment_text(starter_of({**LAB, "kind": "aws", "account": "012345678901", "environment": "staging"}))
    assert 'account: "012345678901"' in text
    assert "regions: [us-east-1, eu-west-1]" in text
    assert "confirm: true" in text


def test_the_runbook_names_every_function() -> None:
    text = runbook_text(starter_of(LAB))
    assert "--function-name checkout" in text
    assert "--function-name orders" in text


@pytest.mark.parametrize(
    "before",
    ["dev: {kind: lab}", "environments:\n  # the first\n    dev:\n      kind: lab\n", "dev:\n  kind: lab # no newline"],
)
def test_an_environment_is_added_beside_those_that_are_there(before: str, tmp_path: Path) -> None:
    path = tmp_path / "environments.yaml"
    path.write_text(added_to(before, ENTRY), encoding="utf-8")
    assert before.rstrip() in path.read_text(encoding="utf-8")
    assert {name: found.kind for name, found in read_environments(path).items()} == {"dev": "lab", "lab": "lab"}


def test_the_standby_is_another_region() -> None:
    with pytest.raises(ValueError, match="another region"):
        starter_of({**LAB, "standby": "us-east-1"})


@pytest.mark.parametrize(
    ("field", "answer"),
    [
        ("name", "pay day"),
        ("kind", "azure"),
        ("account", "12"),
        ("owner", ""),
        ("primary", "us-east1"),
        ("url", "checkout.example.test"),
        ("url", 'https://a.example.test/"'),
        ("functions", "a,,b"),
        ("functions", "pay day"),
        ("table", "no such {table}"),
        ("rto", "15"),
        ("rto", "7h"),
        ("rpo", "48h"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(field: str, answer: str) -> None:
    question = next(question for question in QUESTIONS if question.field == field)
    with pytest.raises(ValueError, match=r"."):
        question.read(answer)


def test_every_default_is_an_answer() -> None:
    for question in QUESTIONS:
        for default in (question.lab, question.aws):
            if default is not None:
                question.read(default)
