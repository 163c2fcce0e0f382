"""A file says who wrote it, and whether it was changed since."""

from __future__ import annotations

from drillrunner.gameday.install.head import state_of, with_head


def test_a_file_as_it_was_written_is_ours() -> None:
    assert state_of(with_head("a: 1\n", "drill schedule install x --to github", "0.1.0")) == "ours"


def test_one_that_a_newer_version_would_write_otherwise_is_ours_still() -> None:
    assert state_of(with_head("another body\n", "words", "0.0.1")) == "ours"


def test_one_changed_character_is_seen() -> None:
    assert state_of(with_head("a: 1\n", "words", "0.1.0").replace("a: 1", "a: 2")) == "changed by hand"
    assert state_of(with_head("a: 1\n", "words", "0.1.0") + "# mine\n") == "changed by hand"


def test_one_without_a_head_is_somebody_else_s() -> None:
    assert state_of("a: 1\n") == "another's"


def test_a_script_s_first_line_stays_first() -> None:
    text = with_head("#!/bin/sh\necho\n", "words", "0.1.0")
    assert text.startswith("#!/bin/sh\n# written by")
    assert state_of(text) == "ours"
