"""Whatever a file holds, its reader accepts it or refuses it with one of our own errors. `make fuzz` does more."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz import fed
from mutations import mutated
from readers import READERS, Reader

SEEDS = {name: [path.read_bytes() for path in reader.seeds] for name, reader in READERS.items()}
# what was let through once
FOUND = {
    "topology": [b"topology: \xff", b"topology: 2026-02-30", b"topology: " + b"[" * 5_000, b"a: &a [*a]"],
    "drill": [
        b'drill: a\nprobes: {a: {http.get: {url: "\\ud800://a.test"}}}\n',
        b"drill: a\nrunbook: " + "🛒".encode() * 100,
    ],
    "schedule": [b"schedule: {every: month, time_zone: " + b"a/" * 2_000 + b"}"],
    "calendar": [b"BEGIN:VCALENDAR\nX-WR-TIMEZONE:" + b"a/" * 2_000 + b"\nEND:VCALENDAR"],
    "gameday": [b"drills: [{drill: " + b"a" * 190 + "🛒".encode() * 90 + b"}]"],
    "journal": [
        b'{"seq": 1, "at": 1e999, "wall": "", "kind": "k", "data": {}, "prev": "", "hash": ""}\n',
        b'{"seq": 1, "at": 1, "wall": "\\ud800", "kind": "k", "data": {}, "prev": "", "hash": ""}\n',
    ],
    "plan": [b"[" * 100_000, b"\xff\xfe"],
}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rng=st.randoms(use_true_random=False))
def test_a_file_that_is_nearly_right(name: str, rng: Random, tmp_path: Path) -> None:
    READERS[name].takes(mutated(SEEDS[name], rng), tmp_path)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_a_file_of_any_bytes(name: str, content: bytes, tmp_path: Path) -> None:
    READERS[name].takes(content, tmp_path)


@pytest.mark.parametrize("name", READERS)
def test_the_files_that_it_is_meant_for_are_among_those_it_is_fed(name: str, tmp_path: Path) -> None:
    assert any(READERS[name].takes(content, tmp_path) for content in SEEDS[name])


@pytest.mark.parametrize(("name", "content"), [(name, content) for name, all_ in FOUND.items() for content in all_])
def test_a_file_that_was_let_through_once_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    assert not READERS[name].takes(content, tmp_path)


def test_the_fuzzer_tells_of_a_reader_that_fails_and_how_to_see_it_again() -> None:
    def clumsy(path: Path) -> object:
        return path.read_text(encoding="ascii")

    share = fed("clumsy", 1, 50, {"clumsy": Reader("clumsy.json", clumsy, READERS["drill"].seeds)})
    assert share.inputs == 50
    assert 0 < len(share.failures) < 50
    assert "UnicodeDecodeError" in share.failures[0]
    replay = share.failures[0].split("--replay ")[1]
    assert Path(replay).exists()
    for failure in share.failures:
        Path(failure.split("--replay ")[1]).unlink(missing_ok=True)
