"""`drill snapshot`: a real account read into a lab's topology, so that a rehearsal is of one's own system."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import json_option, offers

if TYPE_CHECKING:
    from drillrunner.model.environment import Environment
    from drillrunner.snapshot.take import Snapshot

SECTIONS = ("functions", "endpoints", "health_checks", "zones", "tables", "clusters", "instances", "alarms")
SHOWN_NOTES = 12


@click.command()
@click.option(
    "--environment",
    "environment_name",
    metavar="NAME",
    required=True,
    shell_complete=offers("environments"),
    help="Where to read.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("topology.yaml"),
    show_default=True,
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--permissions", is_flag=True, help="Print the IAM policy that this command needs, and read nothing.")
@json_option
def snapshot(environment_name: str, output: Path, force: bool, permissions: bool, as_json: bool) -> None:
    """Read an environment into a topology, which `drill lab up --topology` makes a lab of.

    Only reading calls are made; CloudWatch bills the metrics that are asked for, two for each function and replica.
    What a lab cannot have, and what could not be told, is said here and at the top of the file.
    """
    from drillrunner.files.environment_file import find_environment

    environment = find_environment(environment_name, Path())
    if permissions:
        click.echo(json.dumps(_policy(environment), indent=2))
        return
    refuse_to_overwrite(output, force)
    taken = _taken(environment, quiet=as_json)
    _write(taken, output, force)
    _show(taken, output, as_json)


def _policy(environment: Environment) -> object:
    from drillrunner.snapshot.permissions import policy

    return policy(environment.regions or ("*",), environment.account or "123456789012")


def refuse_to_overwrite(output: Path, force: bool) -> None:
    """Say so before anything is read. Raises InvalidInput."""
    from drillrunner.errors import InvalidInput

    if output.exists() and not force:
        raise InvalidInput("it is there already", where=str(output), advice="give another -o, or --force to replace it")
    if not output.parent.is_dir():
        raise InvalidInput("there is no such folder", where=str(output.parent), advice=f"mkdir -p {output.parent}")


def _taken(environment: Environment, *, quiet: bool) -> Snapshot:
    import anyio

    from drillrunner.calls.open import open_outside
    from drillrunner.cli.session import clock_for, connect
    from drillrunner.snapshot.take import take_snapshot

    connected = connect(environment, seed=1, overrides={})
    addresses = _lab_addresses(environment)

    def tell(what: str) -> None:
        if not quiet:
            click.echo(f"reading {what}", err=True)

    async def take() -> Snapshot:
        async with open_outside(connected, clock_for(connected), run_id="snapshot", seed=1) as outside:
            return await take_snapshot(outside, addresses, tell)

    return anyio.run(take)


def _lab_addresses(environment: Environment) -> dict[str, str]:
    """The region of each address that a lab gives its regions; of an account nothing is known."""
    if environment.kind != "lab":
        return {}
    from drillrunner.lab import lifecycle
    from drillrunner.lab.topology import load_topology

    source = environment.topology or lifecycle.DEFAULT_TOPOLOGY
    return {address: region for region, address in load_topology(source).region_addresses().items()}


def _write(taken: Snapshot, output: Path, force: bool) -> None:
    from drillrunner.errors import InvalidInput
    from drillrunner.snapshot.write import render

    try:
        with output.open("w" if force else "x", encoding="utf-8") as file:
            file.write(render(taken))
    except OSError as error:
        advice = "give another -o, or --force to replace a file that is there"
        raise InvalidInput(f"it cannot be written: {error.strerror}", where=str(output), advice=advice) from error


def _show(taken: Snapshot, output: Path, as_json: bool) -> None:
    command = f"drill lab up --topology {path_for_the_lab(output)}"
    if as_json:
        told = {
            "file": str(output),
            "topology": taken.topology.topology,
            "counts": counts(taken),
            "notes": [note.model_dump(mode="json") for note in taken.notes],
            "next": command,
        }
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(summary_lines(taken)))
    click.echo(f"{output} is written; next: {command}")


def path_for_the_lab(output: Path) -> str:
    """A path as `drill lab up` takes it: what does not end in .yaml needs a slash to be told from a name."""
    import shlex

    text = str(output) if output.suffix in {".yaml", ".yml"} or "/" in str(output) else f"./{output}"
    return shlex.quote(text)


def counts(taken: Snapshot) -> dict[str, int]:
    """How many of each section there are, and the records of all zones."""
    sections = {section: len(getattr(taken.topology, section)) for section in SECTIONS}
    return {"regions": len(taken.topology.regions), **sections, "records": len(taken.topology.records())}


def summary_lines(taken: Snapshot) -> list[str]:
    """What was read, and what is to be known of it: all of it is in the file, a few of each kind are shown."""
    from drillrunner.reporting.outside_text import visible

    lines = [f"{taken.topology.topology}: " + ", ".join(_counted(name, count) for name, count in counts(taken).items())]
    for kind, number in Counter(note.kind for note in taken.notes).items():
        lines.append(f"{kind} ({number}):")
        shown = [note for note in taken.notes if note.kind == kind][:SHOWN_NOTES]
        lines += [f"  {visible(note.subject)}: {visible(note.why)}" for note in shown]
        if number > len(shown):
            lines.append(f"  … and {number - len(shown)} more, at the top of the file")
    return lines


def _counted(name: str, count: int) -> str:
    noun = name.replace("_", " ")
    return f"{count} {noun.removesuffix('s') if count == 1 else noun}"
