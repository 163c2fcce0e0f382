"""`drill catalog` shows every kind, and each parameter as a file writes it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from drillrunner import registry
from drillrunner.cli.catalog import catalog, kind_text, param_rows, type_text
from drillrunner.errors import InvalidInput


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(catalog, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_every_kind_has_a_line() -> None:
    lines = shown().splitlines()
    for kind in registry.kinds():
        assert any(line.split()[:1] == [kind.name] for line in lines), kind.name
    assert [line for line in lines if line and not line.startswith(" ")] == ["faults", "steps", "probes", "conditions"]


def test_every_kind_and_every_parameter_is_described() -> None:
    for kind in registry.kinds():
        assert kind.summary, kind.name
        for row in param_rows(kind):
            assert row["description"], f"{kind.name} {row['name']}"


def test_a_role_lists_its_kinds_alone() -> None:
    assert "lambda.throttle" in shown("fault")
    assert "http.get" not in shown("fault")


def test_a_kind_is_explained_with_its_parameters() -> None:
    text = shown("lambda.throttle")
    assert text.startswith("lambda.throttle (fault)\n")
    assert "    reserved_concurrency: whole number, at least 0 (default 0)\n" in text
    assert "    region: text (required)\n" in text


def test_an_aliased_parameter_is_shown_as_a_file_writes_it() -> None:
    kind = registry.find("probe", "dynamodb.replication_lag")
    assert kind is not None
    assert "    from: text (required)\n" in kind_text(kind)


def test_irreversible_steps_and_measuring_probes_are_marked() -> None:
    text = shown()
    assert "[irreversible]" in next(line for line in text.splitlines() if "postgres.promote" in line)
    assert "[measures RPO]" in next(line for line in text.splitlines() if "dynamodb.ledger" in line)
    assert "[signals detection]" in next(line for line in text.splitlines() if "route53.health_status" in line)


def test_programs_get_a_json_schema_for_each_kind() -> None:
    told = json.loads(shown("http.get", "--json"))
    assert [(kind["role"], kind["name"]) for kind in told] == [("probe", "http.get")]
    assert told[0]["params"]["required"] == ["url"]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidInput) as caught:
        shown("lambda.throtle")
    assert caught.value.advice == 'did you mean "lambda.throttle"?'


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "array", "items": {"type": "string"}}, "list of text"),
        ({"enum": ["A", "AAAA"]}, '"A" | "AAAA"'),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "whole number or nothing"),
        ({"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "number, at least 0, less than 1"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "names to text"),
        ({"$ref": "#/$defs/Tags"}, "{tags}"),
    ],
)
def test_a_schema_is_said_in_a_few_words(schema: dict[str, object], words: str) -> None:
    definitions = {"Tags": {"type": "object", "properties": {"tags": {"type": "object"}}}}
    assert type_text(schema, definitions) == words
