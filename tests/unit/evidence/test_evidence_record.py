"""record.json as files: what was written once can be read for as long as its schema version is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.evidence.record import as_file, read_record, schema_version_of

KEPT = Path(__file__).with_name("record-1.json")


def test_a_record_of_schema_version_1_is_still_read_and_written_as_it_was() -> None:
    record = read_record(KEPT)
    assert (record.schema_version, record.id, record.service) == (1, "0001-7f3a", "checkout")
    assert as_file(record) == KEPT.read_bytes()


def test_an_unknown_key_is_refused_so_that_nothing_is_half_read(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text(json.dumps({**json.loads(KEPT.read_bytes()), "news": 1}))
    with pytest.raises(InvalidInput, match="is no record that this version can read"):
        read_record(tmp_path / "record.json")


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"\xff", b'{"schema_version": true}', b"[1]"])
def test_what_is_no_record_has_no_schema_version(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "record.json").write_bytes(content)
    assert schema_version_of(tmp_path / "record.json") is None
    with pytest.raises(InvalidInput):
        read_record(tmp_path / "record.json")
