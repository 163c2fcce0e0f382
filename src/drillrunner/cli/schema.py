"""`drill schema`: the JSON schema of each kind of file, for editors."""

from __future__ import annotations

from pathlib import Path

import click

NAMES = ("drill", "environments", "topology", "exercise", "gameday")


@click.command()
@click.argument("name", type=click.Choice(NAMES), default="drill")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file.")
def schema(name: str, output: Path | None) -> None:
    """Print the JSON schema (draft-07) of drills, environments.yaml, a lab's topology, exercises or game days.

    That of drills knows every fault, step, probe and condition that is installed here. An editor completes and checks
    a file by the schema that its first line names:

    \b
    # yaml-language-server: $schema=./drill.schema.json
    """
    from drillrunner.authoring.schemas import schema_text
    from drillrunner.errors import InvalidInput

    text = schema_text(name)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"cannot be written: {error.strerror}", where=str(output)) from error
    click.echo(f"wrote {output}")
