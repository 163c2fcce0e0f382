"""`drill tabletop guide`: what the facilitator needs, and what players may know, to print or to send."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from drillrunner.model.exercise import Exercise


@click.command()
@click.argument("exercise")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write there.  [default: reports/guides/NAME]",
)
def guide(exercise: str, output: Path | None) -> None:
    """Write the facilitator's guide and the players' handout of EXERCISE, as pages and as Markdown.

    EXERCISE is a file, or a name in drills/exercises/.

    The guide tells everything: injects, hints, what is expected, and forms to fill in. The handout tells nothing of
    what is to come.
    """
    from drillrunner.cli.written import write_text
    from drillrunner.errors import InvalidInput
    from drillrunner.files.exercise.file import read_exercise
    from drillrunner.files.locate import locate_exercise

    path = locate_exercise(exercise, Path())
    read = read_exercise(path)
    folder = output or Path("reports/guides") / path.stem
    texts = guide_texts(read, read_artifacts(read, path.parent), f"drill tabletop run {exercise}")
    for name, text in texts.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidInput(f"cannot be written: {error.strerror}", where=str(folder)) from error
        write_text(folder / name, text)
        click.echo(folder / name)


def guide_texts(exercise: Exercise, artifacts: Mapping[str, bytes], command: str) -> dict[str, str]:
    """The four files by name."""
    from drillrunner.reporting.exercise.guide import (
        render_guide_html,
        render_guide_markdown,
        render_handout_html,
        render_handout_markdown,
    )

    return {
        "guide.html": render_guide_html(exercise, artifacts, command),
        "guide.md": render_guide_markdown(exercise, command),
        "handout.html": render_handout_html(exercise),
        "handout.md": render_handout_markdown(exercise),
    }


def read_artifacts(exercise: Exercise, folder: Path) -> dict[str, bytes]:
    """The files that injects show, by their paths. Raises InvalidInput where one cannot be read."""
    from drillrunner.errors import InvalidInput

    found = {}
    for name in exercise.artifacts():
        try:
            found[name] = (folder / name).read_bytes()
        except OSError as error:
            raise InvalidInput(f"cannot be read: {error.strerror}", where=str(folder / name)) from error
    return found
