"""Which past runs a command is about: options that `drill history` and `drill trend` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from drillrunner.cli.options import offers


def past_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--drill`, `--environment` and `--since`."""
    options = (
        click.option("--drill", metavar="NAME", shell_complete=offers("drills"), help="Only runs of this drill."),
        click.option(
            "--environment",
            "environment_name",
            metavar="NAME",
            shell_complete=offers("environments"),
            help="Only runs in this environment.",
        ),
        click.option(
            "--since", metavar="DAY|AGE", help="Only runs since then: 2026-01-01 (UTC), or an age like 90d, 12w, 36h."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
