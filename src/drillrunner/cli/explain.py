"""`drill explain`: what a code means, with an example that is wrong beside the same mended."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import json_option, offers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drillrunner.authoring.explanations import Explanation

_WIDTH = 100
_FAMILIES = {
    "Y": "the file itself",
    "D": "a drill",
    "E": "environments.yaml",
    "G": "a game day",
    "I": "a calendar of freeze windows",
    "L": "a lab's topology",
    "R": "a runbook",
    "X": "a tabletop exercise",
    "A": "reports/actions.yaml",
    "W": "warnings",
    "F": "findings of a run",
}


@click.command()
@click.argument("code", required=False, shell_complete=offers("codes"))
@json_option
def explain(code: str | None, as_json: bool) -> None:
    """Explain a problem's or a finding's CODE (D102, F105), or list them all."""
    from drillrunner.authoring.explanations import explanations

    found = explanations()
    wanted = [find(code, found)] if code else list(found.values())
    if as_json:
        data = [explanation.model_dump(mode="json") for explanation in wanted]
        click.echo(json.dumps(data[0] if code else data, indent=2, ensure_ascii=False))
        return
    click.echo(explanation_text(wanted[0]) if code else list_text(wanted))


def find(code: str, among: dict[str, Explanation]) -> Explanation:
    """The explanation of a code, however its letter is written. Raises InvalidInput with the nearest one."""
    from drillrunner.errors import InvalidInput
    from drillrunner.files.nearest import did_you_mean

    explanation = among.get(code.upper())
    if explanation is None:
        advice = did_you_mean(code, among) or "drill explain lists every code"
        raise InvalidInput(f'there is no code "{code}"', advice=advice)
    return explanation


def list_text(wanted: Iterable[Explanation]) -> str:
    """One line for each code, by what it is about."""
    by_family: dict[str, list[str]] = {family: [] for family in _FAMILIES}
    for explanation in wanted:
        by_family[explanation.code[0]].append(f"  {explanation.code}  {explanation.title}")
    return "\n\n".join("\n".join([_FAMILIES[family], *lines]) for family, lines in by_family.items() if lines)


def explanation_text(explanation: Explanation) -> str:
    """All that there is to say of one code."""
    parts = [f"{explanation.code}: {explanation.title}"]
    parts += [textwrap.fill(paragraph, _WIDTH) for paragraph in explanation.meaning.split("\n\n")]
    for heading, example in (("Wrong:", explanation.wrong), ("Mended:", explanation.mended)):
        if example:
            parts.append(f"{heading}\n\n{textwrap.indent(example.rstrip(), '    ')}")
    if explanation.no_example:
        parts.append(textwrap.fill(f"There is no example: {explanation.no_example}", _WIDTH))
    return "\n\n".join(parts)
