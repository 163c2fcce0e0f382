"""Columns that line up, whatever is in them."""

from __future__ import annotations

from drillrunner.reporting.table_text import aligned, width_of


def test_columns_are_as_wide_as_their_widest_cell_and_lines_have_no_end_of_spaces() -> None:
    assert aligned([("run", "n"), ("a", "10")], right=(1,)) == ["run   n", "a    10"]
    assert aligned([("run", ""), ("a", "")]) == ["run", "a"]


def test_wide_characters_count_twice_and_marks_not_at_all() -> None:
    assert [width_of(words) for words in ("abc", "日本", "e\u0301", "✓")] == [3, 4, 1, 1]


def test_outside_text_is_made_visible_before_it_is_measured() -> None:
    assert aligned([("a\x1b[2J", "b"), ("c", "d")]) == ["a\\u001b[2J  b", "c           d"]
