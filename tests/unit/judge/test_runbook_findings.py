"""What a run taught about its runbook."""

from __future__ import annotations

from pathlib import Path

from drillrunner.judge import judge
from fabricated_run import fabricated_plan, fabricated_run
from walked_runbook import walked_run


def found(folder: Path, *told: tuple[float, str, str], until: float = 1_000.0) -> dict[str, str]:
    """The messages of the findings about the runbook, by code and step."""
    verdict = judge(fabricated_plan(), walked_run(folder, *told, until=until), iter(fabricated_run()[2]))
    about = [one for one in verdict.findings if one.code in ("F121", "F122", "F123")]
    return {f"{one.code} {one.message.split()[1]}": one.message for one in about}


def test_a_step_that_took_much_longer_than_expected_is_a_finding(tmp_path: Path) -> None:
    expected = 'step 1.2 of the runbook, "Watch the health check.", took 50s (expected: 20s)'
    assert found(tmp_path, (40.0, "1.2", "begun"), (90.0, "1.2", "done"))["F121 1.2"] == expected


def test_one_that_took_a_little_longer_is_none(tmp_path: Path) -> None:
    assert "F121 1.2" not in found(tmp_path, (40.0, "1.2", "begun"), (69.0, "1.2", "done"))


def test_what_the_drill_does_itself_is_held_to_the_runbook_too(tmp_path: Path) -> None:
    assert "(expected: 10s)" in found(tmp_path)["F121 1.3"]


def test_a_step_that_is_drilled_and_that_nobody_began_is_a_finding_where_others_were_told_of(tmp_path: Path) -> None:
    told = (50.0, "1.1", "done")
    assert [key for key in found(tmp_path, told) if key.startswith("F122")] == ["F122 1.2", "F122 1.4"]
    assert not [key for key in found(tmp_path) if key.startswith("F122")]  # nobody was there
    assert not [key for key in found(tmp_path, told, until=150.0) if key.startswith("F122")]  # it died on the way


def test_a_step_that_was_left_open_is_a_finding(tmp_path: Path) -> None:
    assert found(tmp_path, (40.0, "1.4", "begun"))["F123 1.4"].endswith("was begun and never done")
