"""Renders a snapshot as the YAML file that `drill lab up --topology` takes, and says on top what it lacks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any, get_args

import yaml

from drillrunner.model.noun import Noun
from drillrunner.reporting.outside_text import visible
from drillrunner.snapshot.notes import Kind
from drillrunner.snapshot.take import Snapshot

WIDTH = 120

# What no AWS API tells, or what a lab does not have whatever AWS tells.
NOT_READ = (
    "how long a cold start takes, and how long a function takes of which AWS/Lambda Duration has no data: the lab's"
    " defaults. What has data is as it was over the last day: the median hour's p50, the worst hour's p99.",
    "whether stopping an instance stands for its loss: `stop: clean`; write `stop: crash` where it should.",
    "the data in databases. Instances are simulated: write `data: postgres` where an instance and its read replica"
    " should be a real PostgreSQL pair.",
    "sort keys, indexes, capacity, provisioned concurrency, account limits, other services, and who may do what.",
    "ids: zones, health checks and resources have others in the lab. Name health checks by Name tag in drills.",
)
_HEADINGS: dict[Kind, str] = {
    "left out": "Left out, because a lab or its topology lacks it",
    "assumed": "Not quite as it is in AWS",
    "inferred": "Inferred: look at these",
}


def render(snapshot: Snapshot) -> str:
    """The whole file: comments, then the topology. Values from AWS cannot break out of either."""
    comments = "\n".join(f"# {line}".rstrip() for line in _comment_lines(snapshot))
    body = yaml.safe_dump(said(snapshot.topology), sort_keys=False, width=WIDTH, default_flow_style=None)
    return f"{comments}\n\n{body}"


def _comment_lines(snapshot: Snapshot) -> Iterator[str]:
    stamp = f"{snapshot.taken_wall:%Y-%m-%d %H:%M} UTC"
    yield f"Read by `drill snapshot --environment {visible(snapshot.environment)}` on {stamp}."
    yield "Start it with `drill lab up --topology` and this file's name; in drills/environments.yaml, name it as"
    yield "`topology:` of an environment of `kind: lab`. Fields that are not written are the lab's own defaults."
    yield ""
    yield "What a snapshot does not read:"
    for text in NOT_READ:
        yield from _item(text)
    for kind in get_args(Kind):
        notes = [note for note in snapshot.notes if note.kind == kind]
        if notes:
            yield ""
            yield f"{_HEADINGS[kind]} ({len(notes)}):"
        for note in notes:
            yield from _item(f"{visible(note.subject)}: {visible(note.why)}")


def _item(text: str) -> list[str]:
    wrapper = textwrap.TextWrapper(WIDTH - 2, "- ", "  ", break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(text)


def said(noun: Noun) -> dict[str, Any]:
    """A noun's fields as YAML takes them: those that were set, but for what is empty by default anyway."""
    fields = type(noun).model_fields
    return {
        name: _plain(getattr(noun, name))
        for name in fields
        if name in noun.model_fields_set
        and not _needless(getattr(noun, name), fields[name].get_default(call_default_factory=True))
    }


def _needless(value: Any, default: Any) -> bool:
    return value == default and (value is None or value is False or value in ((), {}, ""))


def _plain(value: Any) -> Any:
    if isinstance(value, Noun):
        return said(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
