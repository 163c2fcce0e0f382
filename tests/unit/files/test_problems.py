"""Problems look the same for every reader, whatever their text holds."""

from __future__ import annotations

from pathlib import Path

from drillrunner.errors import Problem
from drillrunner.files.problems import (
    as_json,
    render_github,
    render_problem,
    render_text,
    render_with_hint,
    shown_path,
)

RPOO = Problem(
    code="D102",
    message='unknown key "rpoo" in objectives',
    file="drills/regional-outage.yaml",
    line=7,
    column=3,
    length=4,
    source_line="  rpoo: 60s",
    advice='did you mean "rpo"?',
)


def test_a_problem_shows_its_line_and_a_caret() -> None:
    assert render_problem(RPOO) == (
        'drills/regional-outage.yaml:7:3 error[D102] unknown key "rpoo" in objectives\n'
        "7 |   rpoo: 60s\n"
        '  |   ^^^^ did you mean "rpo"?'
    )


def test_a_problem_of_the_whole_file_has_no_excerpt() -> None:
    problem = Problem("Y101", "there is no such file", "a.yaml", advice="check the path")
    assert render_problem(problem) == "a.yaml:1:1 error[Y101] there is no such file\n  check the path"


def test_a_warning_is_called_one() -> None:
    assert render_problem(Problem("W102", "nothing stops it", "a.yaml")) == "a.yaml:1:1 warning[W102] nothing stops it"


def test_the_caret_stands_under_wide_letters_and_tabs() -> None:
    problem = Problem("D102", "unknown key", "a.yaml", 1, 6, 2, "\t計画 : ab")
    assert render_problem(problem).splitlines()[2] == "  |        ^^"


def test_no_control_character_reaches_the_terminal() -> None:
    problem = Problem("D102", "key \x1b[2J", "a\x07.yaml", 1, 1, 1, "\x9b31m \u202eevil", "\x1b]0;x")
    shown = render_problem(problem)
    assert not set(shown) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert "\\x1b[2J" in shown


def test_a_long_line_is_cut_around_the_caret() -> None:
    problem = Problem("D102", "unknown key", "a.yaml", 3, 5_001, 4, "x" * 5_000 + "rpoo" + "y" * 5_000)
    lines = render_problem(problem).splitlines()
    assert all(len(line) <= 170 for line in lines)
    caret = lines[2].index("^")
    assert lines[1][caret : caret + 4] == "rpoo"


def test_a_place_beyond_its_line_still_gets_a_caret() -> None:
    assert render_problem(Problem("D101", "m", "a.yaml", 1, 90, 7, "short")).splitlines()[2].endswith("^")


def test_several_problems_follow_each_other() -> None:
    assert render_text([RPOO, RPOO]).count("error[D102]") == 2
    assert render_text([]) == ""


def test_programs_get_the_same_as_json() -> None:
    assert as_json([RPOO]) == [
        {
            "code": "D102",
            "message": 'unknown key "rpoo" in objectives',
            "file": "drills/regional-outage.yaml",
            "line": 7,
            "column": 3,
            "length": 4,
            "source_line": "  rpoo: 60s",
            "advice": 'did you mean "rpo"?',
        }
    ]


def test_an_annotation_marks_the_columns_of_the_problem() -> None:
    assert render_github([RPOO]) == (
        "::error file=drills/regional-outage.yaml,line=7,endLine=7,col=3,endColumn=6,"
        'title=D102%3A a key is not known here::unknown key "rpoo" in objectives%0Adid you mean "rpo"?'
    )


def test_a_warning_is_annotated_as_one() -> None:
    assert render_github([Problem("W102", "nothing stops it", "a.yaml")]).startswith("::warning file=a.yaml,")


def test_no_text_of_a_file_ends_a_workflow_command_or_begins_another() -> None:
    problem = Problem("D102", "50% off\r\n::stop-commands::x", "a,b:c%.yaml")
    command = render_github([problem])
    assert len(command.splitlines()) == 1
    assert "file=a%2Cb%3Ac%25.yaml,line" in command
    assert "::50%25 off" in command


def test_a_file_below_the_folder_that_we_are_in_is_named_from_there() -> None:
    assert shown_path(str(Path.cwd() / "drills" / "a.yaml")) == "drills/a.yaml"
    assert shown_path("/elsewhere/a.yaml") == "/elsewhere/a.yaml"
    assert shown_path("../a.yaml") == "../a.yaml"


def test_all_problems_end_with_how_to_learn_more() -> None:
    assert render_with_hint([RPOO]).splitlines()[-1] == "more about a code: drill explain D102"
