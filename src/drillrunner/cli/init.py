"""`drill init`: a first drill, its environment and its runbook, from a few questions or flags."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from drillrunner.authoring.starter import Answers, Question

# asks a person a question that has this default, and gives what was typed
Ask = Callable[["Question", str | None], str]


@click.command()
@click.argument("name", required=False)
@click.option("--kind", type=click.Choice(["lab", "aws"]), help="A simulated AWS on this machine, or a real account.")
@click.option("--environment", metavar="NAME", help="Its name in drills/environments.yaml, where it is added.")
@click.option("--account", metavar="DIGITS", help="The AWS account that the environment may touch.")
@click.option("--owner", metavar="TEXT", help="Who answers for the drill.")
@click.option("--primary", metavar="REGION", help="The region that is to fail.")
@click.option("--standby", metavar="REGION", help="The region that is to take over.")
@click.option("--url", help="The health endpoint, as users ask it.")
@click.option("--functions", metavar="NAME,…", help="The Lambda functions to throttle in the primary region.")
@click.option("--table", metavar="NAME", help="A DynamoDB global table to count losses in, or none.")
@click.option("--health-check", metavar="NAME", help="The Route 53 health check that fails over, or none.")
@click.option("--rto", metavar="DURATION", help="The longest that users may be without the service.")
@click.option("--rpo", metavar="DURATION", help="The most that may be lost.")
@click.option("--no-input", is_flag=True, help="Never prompt: take the defaults for what is not given.")
def init(no_input: bool, **flags: str | None) -> None:
    """Write a first drill: drills/NAME.yaml, its runbook, its environment, and the schemas for editors.

    What is not given as an option is asked on a terminal, and is the default elsewhere. No file is written over.
    """
    ask = _prompt if sys.stdin.isatty() and not no_input else None
    answers = gather(flags, ask)
    written = write(answers, Path())
    for line in written:
        click.echo(line)
    click.echo(f"next: drill plan {answers.name}, read it, then drill run {answers.name}")


def gather(flags: Mapping[str, str | None], ask: Ask | None) -> Answers:
    """The answers from the flags, from a person where there is one to ask, else from the defaults.

    Raises InvalidInput for an answer that cannot be, or one that is missing.
    """
    from drillrunner.authoring.starter import QUESTIONS, starter_of
    from drillrunner.errors import InvalidInput

    given: dict[str, str | None] = {}
    for question in QUESTIONS:
        flag = flags.get(question.field)
        if flag is None and not question.is_asked(given):
            continue
        given[question.field] = _answer(question, flag, given.get("kind"), ask)
    try:
        return starter_of(given)
    except ValueError as error:
        raise InvalidInput(str(error), advice="give another --primary or --standby") from error


def _answer(question: Question, flag: str | None, kind: str | None, ask: Ask | None) -> str | None:
    from drillrunner.errors import InvalidInput

    option = "NAME" if question.field == "name" else f"--{question.field.replace('_', '-')}"
    default = question.default(kind)
    while True:
        text = flag if flag is not None else ask(question, default) if ask else default
        if text is None:
            raise InvalidInput(f"{option} is missing", advice=f"{question.words[:1].lower()}{question.words[1:]}")
        try:
            return question.read(text)
        except ValueError as error:
            if flag is not None or ask is None:
                raise InvalidInput(f"{option}: {error}") from error
            click.echo(f"  {error}", err=True)


def _prompt(question: Question, default: str | None) -> str:
    typed: str = click.prompt(question.words, default=default, err=True)
    return typed


def write(answers: Answers, base: Path) -> list[str]:
    """Write the files below `base`; says what was done to each. Raises InvalidInput, and writes nothing then."""
    texts = _texts(answers, base)
    _check(answers, texts, base)
    lines = []
    for path, text in texts.items():
        was_there = (base / path).exists()
        _save(base / path, text)
        lines.append(f"added {answers.environment} to {path}" if was_there else f"wrote {path}")
    return lines


def _texts(answers: Answers, base: Path) -> dict[str, str]:
    """What is to be written, by its path. A schema that is there stays: it may be newer than this program."""
    from drillrunner.authoring.schemas import file_name, schema_text
    from drillrunner.authoring.starter import drill_text, runbook_text
    from drillrunner.errors import InvalidInput
    from drillrunner.files.locate import DRILLS

    new = {
        f"{DRILLS}/{answers.name}.yaml": drill_text(answers),
        f"runbooks/{answers.name}.md": runbook_text(answers),
    }
    there = [path for path in new if (base / path).exists()]
    if there:
        advice = "choose another name, or move what is there"
        raise InvalidInput("it is there already, and is not written over", where=", ".join(there), advice=advice)
    schemas = {f"{DRILLS}/{file_name(name)}": name for name in ("drill", "environments")}
    missing = {path: schema_text(name) for path, name in schemas.items() if not (base / path).exists()}
    return {**new, **_environments(answers, base), **missing}


def _environments(answers: Answers, base: Path) -> dict[str, str]:
    """The file of environments with the environment added; nothing where it is defined already."""
    from drillrunner.authoring.starter import added_to, environment_text
    from drillrunner.errors import InvalidInput
    from drillrunner.files.environment_file import read_environments
    from drillrunner.files.locate import DRILLS, ENVIRONMENTS

    name = f"{DRILLS}/{ENVIRONMENTS}"
    entry = environment_text(answers)
    if not (base / name).exists():
        return {name: f"# yaml-language-server: $schema=./environments.schema.json\n{entry}"}
    defined = read_environments(base / name).get(answers.environment)
    if defined is None:
        return {name: added_to((base / name).read_text(encoding="utf-8"), entry)}
    if defined.kind != answers.kind:
        message = f'the environment "{answers.environment}" is there already, of kind {defined.kind}'
        raise InvalidInput(message, where=name, advice="give another --environment")
    return {}


def _check(answers: Answers, texts: Mapping[str, str], base: Path) -> None:
    """See in a folder of its own that what is to be written is valid. Raises InvalidInput with every problem."""
    from drillrunner.cli.validate import check_file
    from drillrunner.errors import InvalidInput
    from drillrunner.files.locate import DRILLS, ENVIRONMENTS

    environments = f"{DRILLS}/{ENVIRONMENTS}"
    if environments not in texts:
        texts = {**texts, environments: (base / environments).read_text(encoding="utf-8")}
    with tempfile.TemporaryDirectory() as folder:
        for path, text in texts.items():
            _save(Path(folder) / path, text)
        problems = [
            replace(problem, file=str(Path(problem.file).relative_to(folder)))
            for path in (environments, f"{DRILLS}/{answers.name}.yaml")
            for problem in check_file(str(Path(folder) / path), {}, None)
        ]
    if problems:
        raise InvalidInput("these answers make no valid drill", problems=problems)


def _save(path: Path, text: str) -> None:
    """Whole or not at all: environments.yaml may hold what cannot be written again. A link stays a link."""
    from drillrunner.cli.written import write_text
    from drillrunner.errors import InvalidInput

    try:
        file = path.resolve() if path.is_symlink() else path
        file.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go in a circle
        raise InvalidInput(f"cannot be written: {error}", where=str(path)) from error
    write_text(file, text, advice=f"make room for {file.name}, or let it be written, and try again")
