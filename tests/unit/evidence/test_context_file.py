"""The file of service, scope and controls."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.evidence.context_file import read_context
from drillrunner.evidence.record import Control

EXAMPLE = Path(__file__).parents[3] / "docs" / "evidence.md"


def test_the_example_of_the_documentation_is_read(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (tmp_path / "controls.yaml").write_text(text, encoding="utf-8")
    context = read_context(tmp_path / "controls.yaml")
    assert context.service == "checkout"
    assert context.controls[0] == Control(
        framework="DORA", reference="Article 25(1)", supports="scenario-based testing of the failover of checkout"
    )


def test_everything_that_is_wrong_is_told_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "controls.yaml"
    path.write_text("service: [a]\nscoop: all\ncontrols:\n  - framework: DORA\n    supports: x\n")
    with pytest.raises(InvalidInput) as refused:
        read_context(path)
    assert f"{path}:1: service: input should be a valid string" in str(refused.value)
    assert f"{path}:2: scoop: extra inputs are not permitted" in str(refused.value)
    assert f"{path}:4: controls.0.reference: field required" in str(refused.value)
    assert "the keys are service, criticality" in str(refused.value)
