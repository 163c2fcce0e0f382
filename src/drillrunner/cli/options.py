"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def offers(what: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """What a shell offers for an argument or an option: `drills`, `runs`, … (see `cli/completing.py`)."""

    def offer(ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        from drillrunner.cli import completing

        return completing.offer(what, ctx, typed)

    return offer


drill_argument: _Decorator = click.argument("drill", shell_complete=offers("drills"))
run_argument: _Decorator = click.argument("run", default="last", shell_complete=offers("runs"))

reports_option: _Decorator = click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    show_default=True,
    help="The folder that holds a folder for each run.",
)
json_option: _Decorator = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
var_option: _Decorator = click.option(
    "--var", "variables", multiple=True, metavar="NAME=VALUE", help="Override one of the drill's vars."
)
environment_option: _Decorator = click.option(
    "--environment",
    "environment_name",
    metavar="NAME",
    shell_complete=offers("environments"),
    help="Run there, instead of where the drill says.",
)
set_option: _Decorator = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change the lab's topology when it is started: --set route53.ttl=5",
)
seed_option: _Decorator = click.option(
    "--seed", type=int, default=None, help="What the dice start from; drawn and printed when not given."
)
