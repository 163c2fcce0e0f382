"""SARIF 2.1.0: what the standard requires of each object, and that the places are right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drillrunner.authoring.sarif import as_sarif
from drillrunner.cli.validate import check_file
from drillrunner.errors import Problem

BAD = Path(__file__).parents[3] / "tests" / "bad_drills"


def of(*problems: Problem) -> dict[str, Any]:
    run: dict[str, Any] = as_sarif(problems)["runs"][0]
    return run


def test_a_problem_is_a_result_with_its_rule_its_level_and_its_place() -> None:
    run = of(*check_file(str(BAD / "unknown-key-in-objectives.yaml"), {}, None))
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("D102", "error")
    assert result["message"]["text"] == 'unknown key "rpoo" in objectives\ndid you mean "rpo"?'
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("tests/bad_drills/unknown-key-in-objectives.yaml")
    assert place["region"] == {"startLine": 4, "startColumn": 23, "endLine": 4, "endColumn": 27}


def test_each_code_is_one_rule_that_its_results_point_at() -> None:
    run = of(*(Problem(code, "m", "f.yaml") for code in ("W102", "D104", "D102", "D104")))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["D102", "D104", "W102"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == ["W102", "D104", "D102", "D104"]
    assert [rule["defaultConfiguration"]["level"] for rule in rules] == ["error", "error", "warning"]


def test_a_rule_has_words_and_shows_a_wrong_example_and_the_same_mended() -> None:
    (rule,) = of(Problem("D104", "m", "f.yaml"))["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] == "a duration cannot be read or is out of range"
    assert rule["help"]["text"].endswith("drill explain D104")
    assert "10 minutes" in rule["help"]["markdown"]
    assert "10m" in rule["help"]["markdown"]


def test_what_the_standard_requires_is_there() -> None:
    log = as_sarif([Problem("D102", "m", "f.yaml", length=0)])
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    assert run["tool"]["driver"]["name"] == "drillrunner"
    (result,) = run["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region["endColumn"] > region["startColumn"] >= 1


def test_no_problem_is_a_run_without_results() -> None:
    assert of()["results"] == []


def test_a_path_is_a_uri_relative_to_where_we_are() -> None:
    names = {
        "my drills/100%.yaml": "my%20drills/100%25.yaml",
        str(Path.cwd() / "drills" / "a.yaml"): "drills/a.yaml",
        "/elsewhere/a b.yaml": "file:///elsewhere/a%20b.yaml",
    }
    for name, uri in names.items():
        (result,) = of(Problem("D102", "m", name))["results"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri
