"""`drill init`: asks or takes flags, writes what is valid, and writes over nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from drillrunner.authoring.starter import Answers, Question
from drillrunner.cli.init import gather, init, write
from drillrunner.cli.validate import check_file
from drillrunner.errors import InvalidInput

AWS = {
    "kind": "aws",
    "account": "123456789012",
    "url": "https://shop.example.test/health",
    "functions": "cart,pay",
}


def answers(**flags: str) -> Answers:
    return gather(flags, None)


def problems_below(folder: Path) -> list[str]:
    return [problem.code for path in folder.glob("drills/*.yaml") for problem in check_file(str(path), {}, None)]


def test_with_defaults_it_writes_a_drill_for_the_lab_that_is_valid(tmp_path: Path) -> None:
    assert write(answers(), tmp_path) == [
        "wrote drills/checkout-outage.yaml",
        "wrote runbooks/checkout-outage.md",
        "wrote drills/environments.yaml",
        "wrote drills/drill.schema.json",
        "wrote drills/environments.schema.json",
    ]
    assert problems_below(tmp_path) == []


@pytest.mark.parametrize("extra", [{}, {"table": "orders"}, {"health_check": "shop", "rto": "1s"}, {"rto": "6h"}])
def test_for_an_account_it_is_valid_with_and_without_what_may_be_left_out(
    extra: dict[str, str], tmp_path: Path
) -> None:
    write(answers(**AWS, **extra), tmp_path)
    assert problems_below(tmp_path) == []


def test_a_second_drill_is_added_to_what_is_there(tmp_path: Path) -> None:
    write(answers(), tmp_path)
    assert write(answers(name="second"), tmp_path) == ["wrote drills/second.yaml", "wrote runbooks/second.md"]
    lines = write(answers(name="third", **AWS), tmp_path)
    assert lines[-1] == "added staging to drills/environments.yaml"
    assert problems_below(tmp_path) == []


def test_the_file_of_environments_is_replaced_whole_and_never_written_into(tmp_path: Path) -> None:
    write(answers(), tmp_path)
    environments, kept = tmp_path / "drills" / "environments.yaml", tmp_path / "kept.yaml"
    before = environments.read_text()
    kept.hardlink_to(environments)
    write(answers(name="second", **AWS), tmp_path)
    assert kept.read_text() == before
    assert environments.read_text().startswith(before.rstrip())


def test_a_link_to_the_environments_of_all_stays_a_link(tmp_path: Path) -> None:
    write(answers(), tmp_path)
    environments, shared = tmp_path / "drills" / "environments.yaml", tmp_path / "shared.yaml"
    environments.rename(shared)
    environments.symlink_to(shared)
    write(answers(name="second", **AWS), tmp_path)
    assert environments.is_symlink()
    assert "staging:" in shared.read_text()


def test_a_drill_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    write(answers(), tmp_path)
    (tmp_path / "drills" / "checkout-outage.yaml").unlink()
    with pytest.raises(InvalidInput) as refused:
        write(answers(), tmp_path)
    assert refused.value.where == "runbooks/checkout-outage.md"
    assert not (tmp_path / "drills" / "checkout-outage.yaml").exists()


def test_an_environment_of_another_kind_is_not_taken_for_ours(tmp_path: Path) -> None:
    write(answers(), tmp_path)
    with pytest.raises(InvalidInput, match="of kind lab"):
        write(answers(name="second", environment="lab", **AWS), tmp_path)
    assert not (tmp_path / "drills" / "second.yaml").exists()


def test_a_person_is_asked_again_until_the_answer_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    typed: Iterator[str] = iter(["pay day", "pay-day"])
    asked = []

    def ask(question: Question, default: str | None) -> str:
        asked.append(question.field)
        return next(typed) if question.field == "name" else default or "missing"

    assert gather({"rto": "10m"}, ask).name == "pay-day"
    assert asked[:3] == ["name", "name", "kind"]
    assert "account" not in asked
    assert "rto" not in asked
    assert '"pay day" is not a name' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"kind": "aws"}, "--account is missing"),
        ({"rto": "soon"}, '--rto: "soon" is not a duration'),
        ({"standby": "us-east-1"}, "another region"),
    ],
)
def test_a_flag_that_cannot_be_is_refused(flags: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        gather(flags, None)


def test_the_command_says_what_it_wrote_and_what_is_next(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        result = CliRunner().invoke(init, ["shop", "--no-input"])
    assert result.exit_code == 0
    assert "wrote drills/shop.yaml\n" in result.stdout
    assert result.stdout.endswith("next: drill plan shop, read it, then drill run shop\n")
