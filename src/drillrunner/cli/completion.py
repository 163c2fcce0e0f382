"""`drill completion`: the script that teaches a shell to complete `drill`'s commands, drills, runs and environments."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "drill"
VARIABLE = "_DRILL_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the completion script of a SHELL.

    \b
    bash   drill completion bash > ~/.local/share/bash-completion/completions/drill
    zsh    drill completion zsh > ~/.zfunc/_drill         (with ~/.zfunc in fpath, before compinit)
    fish   drill completion fish > ~/.config/fish/completions/drill.fish
    """
    from click.shell_completion import get_completion_class

    from drillrunner.cli import cli

    made = get_completion_class(shell)
    assert made is not None  # every shell of SHELLS has one
    click.echo(made(cli, {}, PROGRAM, VARIABLE).source())
