"""`drill selftest`: this very engine against a fake world full of trouble, on virtual time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import json_option

if TYPE_CHECKING:
    from drillrunner.simulation.play import Played
    from drillrunner.simulation.selftest import Failure, Tally


@click.command()
@click.option("--seeds", type=click.IntRange(min=1), default=300, show_default=True, help="How many seeds to play.")
@click.option("--first-seed", type=int, default=1, show_default=True, help="Play this one and those after it.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="In so many processes.")
@click.option("--without", multiple=True, metavar="PART", help="Leave out a trouble, or a part like fault:2.")
@click.option("-v", "--verbose", is_flag=True, help="Tell the story of every seed.")
@json_option
def selftest(seeds: int, first_seed: int, jobs: int, without: tuple[str, ...], verbose: bool, as_json: bool) -> None:
    """Play random drills with random troubles, and see that nothing is ever left broken without being named.

    No account and no lab are needed: processes die at any moment, calls time out and land late, disks fill,
    credentials expire, and whoever comes next must put everything back. Exit code 1 when a promise is broken;
    then the seed's story, the smallest form of it, and the command that replays it are shown.
    """
    from drillrunner.errors import ExitCode, InvalidInput
    from drillrunner.simulation.selftest import selftest as play_seeds
    from drillrunner.simulation.selftest import unknown_parts

    unknown = unknown_parts(without)
    if unknown:
        raise InvalidInput(f'no seed has a part "{unknown[0]}"', advice="the story of a failing seed names its parts")
    tally = play_seeds(
        range(first_seed, first_seed + seeds),
        jobs=jobs,
        without=frozenset(without),
        on_played=_tell if verbose and not as_json else _say_nothing,
    )
    if as_json:
        click.echo(json.dumps(_as_json(tally, first_seed), indent=2))
    else:
        _summarise(tally)
    if tally.failures:
        raise click.exceptions.Exit(ExitCode.MISSED)


def _say_nothing(played: Played) -> None:
    """Only what failed is told."""


def _tell(played: Played) -> None:
    scenario = played.scenario
    click.echo(f"seed {scenario.seed}: {', '.join(scenario.trouble_names) or 'no trouble'}")
    faults = ", ".join(fault.kind for fault in scenario.drill.faults) or "none"
    steps = ", ".join(step.kind for step in (*scenario.drill.failover, *scenario.drill.failback)) or "none"
    click.echo(f"  faults: {faults}; steps: {steps}")
    for moment, what in played.story:
        click.echo(f"  {moment:8.1f}s  {what}")
    click.echo(f"  verdicts: {', '.join(played.verdicts) or 'none'}")


def _show_failure(failure: Failure) -> None:
    click.echo(f"seed {failure.played.scenario.seed} BROKE A PROMISE:")
    for violation in failure.played.violations:
        click.echo(f"  {violation}")
    click.echo("the smallest form of it that was found:")
    _tell(failure.smallest)
    click.echo(f"replay it with: {failure.replay()}")


def _summarise(tally: Tally) -> None:
    for failure in tally.failures:
        _show_failure(failure)
    verdicts = ", ".join(f"{count} {name}" for name, count in sorted(tally.verdicts.items()))
    click.echo(
        f"{tally.seeds} seeds · {tally.processes} processes, {tally.deaths} of them killed · "
        f"{tally.changes} changing calls · {tally.drill_seconds / 3600:.1f} drill hours in {tally.seconds:.1f}s"
    )
    click.echo(f"verdicts: {verdicts}")
    if tally.failures:
        click.echo(f"{len(tally.failures)} seeds broke a promise")
    else:
        click.echo("everything was put back, or what was left was named ✓")


def _as_json(tally: Tally, first_seed: int) -> dict[str, object]:
    return {
        "seeds": tally.seeds,
        "first_seed": first_seed,
        "processes": tally.processes,
        "killed": tally.deaths,
        "changing_calls": tally.changes,
        "drill_seconds": round(tally.drill_seconds, 3),
        "seconds": round(tally.seconds, 3),
        "verdicts": dict(sorted(tally.verdicts.items())),
        "troubles": dict(sorted(tally.troubles.items())),
        "failed": [
            {
                "seed": failure.played.scenario.seed,
                "violations": list(failure.played.violations),
                "smallest": {
                    "without": sorted(failure.smallest.scenario.without),
                    "troubles": list(failure.smallest.scenario.trouble_names),
                    "violations": list(failure.smallest.violations),
                    "story": [f"{moment:.1f}s {what}" for moment, what in failure.smallest.story],
                },
                "replay": failure.replay(),
            }
            for failure in tally.failures
        ],
    }
