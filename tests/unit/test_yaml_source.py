"""Whatever a path leads to, reading it ends soon and with a clear word."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillrunner.errors import InvalidInput, Problem
from drillrunner.yaml_source import ListNode, MapNode, Node, ScalarNode, Span, parse_yaml, read_yaml


def problem_of(read: Callable[[], object]) -> Problem:
    with pytest.raises(InvalidInput) as caught:
        read()
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def problems_in(text: str) -> tuple[Problem, ...]:
    try:
        parse_yaml(text, "drill.yaml")
    except InvalidInput as refusal:
        return refusal.problems
    return ()


def as_python(node: Node) -> object:
    if isinstance(node, MapNode):
        return {key: as_python(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, ListNode):
        return [as_python(item) for item in node.items]
    return node.value


def parsed(text: str) -> object:
    return as_python(parse_yaml(text, "drill.yaml").root)


def refused(tmp_path: Path, content: bytes) -> Problem:
    path = tmp_path / "drill.yaml"
    path.write_bytes(content)
    return problem_of(lambda: read_yaml(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    problem = problem_of(lambda: read_yaml(tmp_path / "nowhere.yaml"))
    assert (problem.code, problem.message) == ("Y101", "there is no such file")
    assert problem.file.endswith("nowhere.yaml")


def test_a_path_through_a_file_is_missing_too(tmp_path: Path) -> None:
    (tmp_path / "drill.yaml").write_text("drill: a\n")
    assert problem_of(lambda: read_yaml(tmp_path / "drill.yaml" / "deeper.yaml")).code == "Y101"


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    problem = problem_of(lambda: read_yaml(tmp_path))
    assert (problem.code, problem.message) == ("Y102", "this is a directory, not a file")


def test_a_pipe_that_nobody_writes_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    problem = problem_of(lambda: read_yaml(tmp_path / "pipe.yaml"))
    assert (problem.code, problem.message) == ("Y102", "this is a device or a pipe, not a file")


def test_an_endless_device_is_not_read() -> None:
    assert problem_of(lambda: read_yaml(Path("/dev/zero"))).code == "Y102"


def test_a_name_that_no_file_can_have_cannot_be_read() -> None:
    assert problem_of(lambda: read_yaml(Path("a\0b.yaml"))).code == "Y103"


def test_a_loop_of_links_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "b.yaml")
    (tmp_path / "b.yaml").symlink_to(tmp_path / "a.yaml")
    problem = problem_of(lambda: read_yaml(tmp_path / "a.yaml"))
    assert (problem.code, "symbolic links" in problem.message) == ("Y103", True)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# only a comment\n", b"---\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_called_empty(tmp_path: Path, content: bytes) -> None:
    assert refused(tmp_path, content).code == "Y104"


def test_two_mebibytes_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, b"# filler\n" * 250_000).code == "Y105"


def test_a_mebibyte_of_comment_is_read(tmp_path: Path) -> None:
    path = tmp_path / "drill.yaml"
    path.write_bytes(b"drill: a\n" + b"#" * (1_048_576 - 9))
    assert as_python(read_yaml(path).root) == {"drill": "a"}


def test_bytes_that_are_no_text_are_located(tmp_path: Path) -> None:
    problem = refused(tmp_path, b"drill: a\ntitle: caf\xe9\n")
    assert (problem.code, problem.message, problem.line, problem.column) == ("Y106", "byte 0xE9 is not UTF-8", 2, 11)


@pytest.mark.parametrize("content", ["drill: ä\n".encode("utf-16"), bytes(range(256)), b"\x7fELF\x02\x01\x01\x00\x00"])
def test_a_binary_file_is_no_text(tmp_path: Path, content: bytes) -> None:
    assert refused(tmp_path, content).code == "Y106"


def test_a_control_character_is_located() -> None:
    problem = problem_of(lambda: parse_yaml("drill: a\ntitle: b\x1b[31m\n", "drill.yaml"))
    assert (problem.code, problem.line, problem.column) == ("Y106", 2, 9)
    assert "U+001B" in problem.message


def test_a_billion_laughs_are_refused_at_once() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    began = time.monotonic()
    problem = problem_of(lambda: parse_yaml("\n".join(lines), "drill.yaml"))
    assert problem.code == "Y111"
    assert time.monotonic() - began < 2.0


def test_ten_thousand_brackets_are_refused_at_once() -> None:
    began = time.monotonic()
    assert problem_of(lambda: parse_yaml("a: " + "[" * 10_000, "drill.yaml")).code == "Y110"
    assert time.monotonic() - began < 2.0


def test_too_many_values_are_refused() -> None:
    assert problem_of(lambda: parse_yaml("a: [" + "1, " * 10_001 + "1]", "drill.yaml")).code == "Y111"


def test_a_huge_value_is_refused() -> None:
    assert problem_of(lambda: parse_yaml("a: " + "x" * 10_001, "drill.yaml")).code == "Y117"


def test_windows_line_ends_keep_lines_and_columns() -> None:
    root = parse_yaml("drill: a\r\ntitle: b\r\nowner: c\r\n", "drill.yaml").root
    assert [value.span for _, value in root.entries.values()] == [Span(1, 8, 1), Span(2, 8, 1), Span(3, 8, 1)]


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "drill.yaml"
    path.write_bytes(b"\xef\xbb\xbfdrill: a\n")
    document = read_yaml(path)
    assert document.root.entries["drill"][0].span == Span(1, 1, 5)


def test_tabs_for_indentation_get_advice() -> None:
    problem = problem_of(lambda: parse_yaml("probes:\n\tcheckout: 1\n", "drill.yaml"))
    assert (problem.code, problem.line, problem.advice) == ("Y107", 2, "indent with spaces, not tabs")


def test_a_second_document_is_refused_where_it_begins() -> None:
    problem = problem_of(lambda: parse_yaml("drill: a\n---\ndrill: b\n", "drill.yaml"))
    assert (problem.code, problem.line) == ("Y108", 2)


def test_a_few_aliases_are_allowed() -> None:
    assert parsed("a: &t {every: 1s}\nb: *t\n") == {"a": {"every": "1s"}, "b": {"every": "1s"}}


def test_a_merge_key_fills_in_what_is_not_given() -> None:
    text = "base: &base {every: 1s, timeout: 2s}\ncheckout:\n  <<: *base\n  every: 5s\n"
    assert parsed(text) == {"base": {"every": "1s", "timeout": "2s"}, "checkout": {"every": "5s", "timeout": "2s"}}


def test_the_first_of_several_merged_mappings_wins() -> None:
    text = "a: &a {x: 1}\nb: &b {x: 2, y: 3}\nc: {<<: [*a, *b]}\n"
    assert parsed(text) == {"a": {"x": 1}, "b": {"x": 2, "y": 3}, "c": {"x": 1, "y": 3}}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("1:30", "1:30"),
        ("2026-12-18", "2026-12-18"),
        ("012", "012"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("9" * 40, "9" * 40),
        ("12", 12),
        ("-3", -3),
        ("0.5", 0.5),
        ("true", True),
        ("~", None),
        ('"12"', "12"),
        ("'true'", "true"),
    ],
)
def test_only_plain_numbers_and_truth_values_are_more_than_texts(written: str, value: object) -> None:
    assert parsed(f"a: {written}\n") == {"a": value}


def test_a_scalar_knows_where_it_stands() -> None:
    node = parse_yaml('a:\n  b: "text"\n', "drill.yaml").root.entries["a"][1]
    assert isinstance(node, MapNode)
    assert node.entries["b"] == (ScalarNode(Span(2, 3, 1), "b", True), ScalarNode(Span(2, 6, 6), "text", False))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-{}[]&*!|>'\"%@`,? #\n\t<~.0$\\é\u2028"), max_size=60))
def test_any_text_is_read_or_refused_and_never_more(text: str) -> None:
    problems = problems_in(text)
    assert all(1 <= problem.line <= len(text) + 2 for problem in problems)
    assert problems == problems_in(text)
