"""What only the user knows of a record: service, scope and the controls it supports, from one YAML file."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from drillrunner.errors import InvalidInput
from drillrunner.evidence.record import Context
from drillrunner.yaml_source import as_data, read_yaml, span_at


def read_context(path: Path) -> Context:
    """A file of the keys of Context. Raises InvalidInput with every problem at its line."""
    document = read_yaml(path)
    try:
        return Context.model_validate(as_data(document.root))
    except ValidationError as error:
        found = [_told(path, one["loc"], one["msg"], span_at(document.root, one["loc"]).line) for one in error.errors()]
    raise InvalidInput(
        "\n  ".join(found), advice=f"the keys are {', '.join(Context.model_fields)}; see docs/evidence.md"
    )


def _told(path: Path, loc: tuple[str | int, ...], message: str, line: int) -> str:
    return f"{path}:{line}: {'.'.join(map(str, loc))}: {message[:1].lower()}{message[1:]}"
