"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

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
    "--environment", "environment_name", metavar="NAME", help="Run there, instead of where the drill says."
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
