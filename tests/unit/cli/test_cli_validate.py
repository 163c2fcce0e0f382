"""`drill validate`: exit codes, formats, and what it finds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from drillrunner.cli.validate import parse_variables, validate
from drillrunner.errors import InvalidInput

ROOT = Path(__file__).parents[3]
BAD = ROOT / "tests" / "bad_drills" / "unknown-key-in-objectives.yaml"
WARNED = ROOT / "tests" / "bad_drills" / "warning-nothing-stops-the-drill.yaml"
DRILL = ROOT / "drills" / "lambda-throttle.yaml"


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(validate, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_valid_files_are_counted() -> None:
    assert run(str(DRILL), str(ROOT / "drills" / "environments.yaml")) == (0, "2 files are valid\n", "")


def test_an_invalid_file_ends_with_two_and_its_problems_on_standard_error() -> None:
    code, out, err = run(str(DRILL), str(BAD))
    assert (code, out) == (2, "")
    assert 'error[D102] unknown key "rpoo" in objectives' in err


def test_a_warning_is_shown_and_does_not_fail() -> None:
    code, out, err = run(str(WARNED))
    assert (code, err) == (0, "")
    assert "warning[W102]" in out
    assert out.endswith("1 file is valid\n")


@pytest.mark.parametrize("options", [("--json",), ("--format", "json")])
def test_programs_get_json(options: tuple[str, ...]) -> None:
    code, out, _ = run(str(BAD), *options)
    told = json.loads(out)
    assert (code, told["valid"]) == (2, False)
    assert [problem["code"] for problem in told["problems"]] == ["D102"]


def test_github_gets_annotations_on_standard_output() -> None:
    code, out, err = run(str(BAD), "--format", "github")
    assert (code, err) == (2, "")
    assert out.startswith("::error file=")
    assert "title=D102%3A a key is not known here" in out


def test_sarif_is_written_for_valid_files_too() -> None:
    code, out, _ = run(str(BAD), str(WARNED), "--format", "sarif")
    assert code == 2
    assert [result["ruleId"] for result in json.loads(out)["runs"][0]["results"]] == ["D102", "W102"]
    code, out, _ = run(str(DRILL), "--format", "sarif")
    assert (code, json.loads(out)["runs"][0]["results"]) == (0, [])


def test_a_schema_beside_the_drills_is_passed_over() -> None:
    beside = [path for path in sorted((ROOT / "drills").iterdir()) if path.is_file()]
    assert run(*map(str, beside)) == (0, "5 files are valid\n", "")


def test_a_folder_stands_for_the_yaml_files_in_it_and_below() -> None:
    count = len(list((ROOT / "drills").rglob("*.yaml")))
    assert run(str(ROOT / "drills")) == (0, f"{count} files are valid\n", "")


def test_a_topology_is_checked_as_one(tmp_path: Path) -> None:
    path = tmp_path / "topology.yaml"
    path.write_text("topology: one\nregions: [us-east-1]\nfunctions: [{name: a, region: us-west-2}]\n")
    code, _, err = run(str(path))
    assert code == 2
    assert "error[L102] function a is in us-west-2, which is not one of the regions" in err
    path.write_text("topology: one\nregions: [us-east-1]\n")
    assert run(str(path)) == (0, "1 file is valid\n", "")


def test_problems_end_with_how_to_learn_more_about_a_code() -> None:
    assert run(str(BAD))[2].endswith("\nmore about a code: drill explain D102\n")


def test_a_drill_that_is_not_there_is_a_problem_like_any_other() -> None:
    code, _, err = run("no-such-drill", "--format", "text")
    assert code == 2
    assert 'no-such-drill:1:1 error[Y101] there is no drill "no-such-drill"' in err


def test_a_drill_is_checked_against_another_environment() -> None:
    drill = ROOT / "tests" / "bad_drills" / "warning-nothing-stops-the-drill.yaml"
    code, _, err = run(str(drill), "--environment", "narow")
    assert code == 2
    assert 'there is no environment "narow"' in err
    assert 'did you mean "narrow"?' in err


def test_variables_are_overridden() -> None:
    code, _, err = run(str(DRILL), "--var", "primary=mars-north-1")
    assert code == 2
    assert '"mars-north-1" is not an AWS region' in err


@pytest.mark.parametrize("given", ["primary", "=eu-west-1"])
def test_a_variable_without_name_or_value_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput, match="--var cannot read"):
        parse_variables((given,))


def test_a_variable_may_hold_an_equals_sign_and_be_given_once() -> None:
    assert parse_variables(("filter=a=b",)) == {"filter": "a=b"}
    with pytest.raises(InvalidInput, match="twice"):
        parse_variables(("a=1", "a=2"))


def test_importing_the_commands_imports_nothing_heavy() -> None:
    code = (
        "import sys, drillrunner.cli.validate, drillrunner.cli.catalog; "
        "print(sorted({'boto3', 'botocore', 'pydantic', 'aiohttp', 'rich', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
