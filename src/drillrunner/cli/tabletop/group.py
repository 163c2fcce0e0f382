"""`drill tabletop`: practise with people at a table, from the same drill. Each subcommand has a file of its own."""

from __future__ import annotations

import importlib
from typing import Any

import click

# subcommand: (module, attribute), in the order of their use
SUBCOMMANDS = {
    "plan": ("drillrunner.cli.tabletop.plan", "plan"),
    "guide": ("drillrunner.cli.tabletop.guide", "guide"),
    "run": ("drillrunner.cli.tabletop.run", "run"),
    "status": ("drillrunner.cli.tabletop.status", "status"),
    "report": ("drillrunner.cli.tabletop.report", "report"),
}


class _LazySubcommands(click.Group):
    """Imports a subcommand's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUBCOMMANDS:
            return None
        module, attribute = SUBCOMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in SUBCOMMANDS and not args[0].startswith("-"):
            from drillrunner.files.nearest import choices

            raise click.UsageError(f'tabletop has no "{args[0]}"; {choices(args[0], SUBCOMMANDS)}', ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_LazySubcommands)
def tabletop() -> None:
    """Tabletop exercises: people talk through a drill's outage, and what they decide is measured."""
