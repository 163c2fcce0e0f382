"""What a shell offers after TAB. It looks at files and names alone, so that nobody waits, and never fails aloud."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from drillrunner.files.locate import DRILLS, ENVIRONMENTS, drill_names

_YAML = (".yaml", ".yml")
_KEY = re.compile(r"^( *)([A-Za-z0-9][A-Za-z0-9_-]*):(?=\s|$)", re.MULTILINE)
_MOST_RUNS = 50


def offer(what: str, ctx: click.Context, typed: str) -> list[CompletionItem]:
    """What begins as it was typed, of the drills, runs, … (the keys of OFFERS)."""
    try:
        found = [CompletionItem(name) for name in OFFERS[what](ctx) if name.startswith(typed)]
    except (OSError, ValueError):
        found = []  # nobody asked for an error message
    return found or ([CompletionItem(typed, type="file")] if what in _ALSO_FILES else [])


def environments_in(text: str) -> list[str]:
    """The names that a file of environments defines, seen without parsing it."""
    keys = _KEY.findall(text)
    if keys and keys[0] == ("", "environments"):
        keys = keys[1:]
    return [name for indent, name in keys if indent == keys[0][0]]


def _drills(_ctx: click.Context) -> Sequence[str]:
    return drill_names(Path())


def _drill_files(_ctx: click.Context) -> Sequence[str]:
    return sorted(str(path) for path in Path(DRILLS).iterdir() if path.suffix in _YAML)


def _runs(ctx: click.Context) -> Sequence[str]:
    """The runs in the reports folder, newest first (their ids begin with the time), and `last`."""
    with os.scandir(ctx.params.get("reports") or "reports") as entries:
        ids = sorted((entry.name for entry in entries if entry.name[:1].isdigit() and entry.is_dir()), reverse=True)
    return [*ids[:_MOST_RUNS], "last"] if ids else []


def _environments(_ctx: click.Context) -> Sequence[str]:
    file = Path(DRILLS) / ENVIRONMENTS
    return environments_in(file.read_text(encoding="utf-8")) if file.is_file() else ["lab"]


def _topologies(_ctx: click.Context) -> Sequence[str]:
    folder = Path(__file__).parents[1] / "lab" / "topologies"
    return sorted(path.stem for path in folder.glob("*.yaml"))


def _gamedays(_ctx: click.Context) -> Sequence[str]:
    from drillrunner.files.gameday.file import gameday_names

    return gameday_names(Path())


def _codes(_ctx: click.Context) -> Sequence[str]:
    from drillrunner.files.codes import CODES

    return list(CODES)


OFFERS: dict[str, Callable[[click.Context], Sequence[str]]] = {
    "drills": _drills,
    "drill files": _drill_files,
    "runs": _runs,
    "environments": _environments,
    "topologies": _topologies,
    "codes": _codes,
    "gamedays": _gamedays,
}
_ALSO_FILES = ("drills", "drill files", "topologies")
