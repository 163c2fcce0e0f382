"""`drill schema`: to standard output, or into a file."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from drillrunner.authoring.schemas import SCHEMAS, schema_text
from drillrunner.cli.schema import NAMES, schema
from drillrunner.errors import InvalidInput


def test_it_prints_the_schema_of_drills_by_default() -> None:
    assert json.loads(CliRunner().invoke(schema, []).stdout) == SCHEMAS["drill"]()


def test_it_offers_every_schema_that_there_is() -> None:
    assert tuple(SCHEMAS) == NAMES


def test_it_writes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "topology.schema.json"
    result = CliRunner().invoke(schema, ["topology", "-o", str(path)])
    assert result.stdout == f"wrote {path}\n"
    assert path.read_text(encoding="utf-8") == schema_text("topology")


def test_a_file_that_cannot_be_written_is_an_error_like_any_other(tmp_path: Path) -> None:
    result = CliRunner().invoke(schema, ["-o", str(tmp_path / "nowhere" / "drill.schema.json")])
    assert isinstance(result.exception, InvalidInput)
