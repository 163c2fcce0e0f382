"""`drill serve`: the runs, the one that is under way, drills, trends and the catalogue as pages in a browser."""

from __future__ import annotations

from pathlib import Path

import click

from drillrunner.cli.options import reports_option, seed_option


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8460, show_default=True, help="0 takes any that is free."
)
@click.option("--bind", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option(
    "--token",
    envvar="DRILL_SERVE_TOKEN",
    show_envvar=True,
    metavar="TOKEN",
    help="What stopping a run needs, and on any address but loopback every page; made and printed when not given.",
)
@click.option(
    "--name", "names", multiple=True, metavar="HOST", help="A further name that it is reached by; any other is refused."
)
@click.option(
    "--exercise",
    metavar="EXERCISE",
    help="Begin this tabletop exercise (a file, or a name in drills/exercises/), or go on with one that was begun.",
)
@seed_option
@reports_option
def serve(
    port: int,
    bind: str,
    token: str | None,
    names: tuple[str, ...],
    exercise: str | None,
    seed: int | None,
    reports: Path,
) -> None:
    """Show runs in a browser, until Ctrl-C: what came of them, and the one that is under way as it goes.

    Pages are read from the reports folder alone. A run that is under way can be stopped there with the token in
    the printed address; it puts everything back itself, as after drill stop.

    A tabletop exercise is facilitated at its printed address; players join at /play with a code. After a crash the
    same command goes on with it: nothing that was said is lost.
    """
    from functools import lru_cache

    import anyio

    from drillrunner.cli.catalog import param_rows
    from drillrunner.cli.past_runs import durations_before, past_of
    from drillrunner.cli.standing import occasions_of, standing_of
    from drillrunner.cli.tabletop.serve import opened_words, play, tables_of
    from drillrunner.clock import Clock
    from drillrunner.sinks.prometheus import metrics_text
    from drillrunner.web.access import EVERYWHERE, access_for
    from drillrunner.web.app import make_app
    from drillrunner.web.app import serve as serve_app
    from drillrunner.web.sources import Sources

    if seed is not None and exercise is None:
        raise click.UsageError("--seed is for --exercise")
    access = access_for(bind, token, frozenset(names))
    before = lru_cache(64)(durations_before)
    sources = Sources(
        reports, Path(), past_of, param_rows, standing_of, metrics_text, durations=before, occasions=occasions_of
    )
    tables = tables_of(reports, Clock())
    table = play(tables, exercise, reports, Clock(), seed) if exercise else None
    host = "localhost" if bind in EVERYWHERE else f"[{bind}]" if ":" in bind else bind

    def ready(listening: int) -> None:
        click.echo(f"serving {reports} at http://{host}:{listening}/?token={access.token}")
        for line in opened_words(table, f"http://{host}:{listening}", access.token) if table else ():
            click.echo(line)
        if not access.is_loopback:
            click.echo("others can reach it, and read what is sent: put TLS in front of it", err=True)
        click.echo("Ctrl-C ends it", err=True)

    anyio.run(serve_app, make_app(sources, access, tables), port, ready)
    if table is not None and table.state.ended_at is None:
        click.echo(f"the exercise has not ended; go on with: drill serve --exercise {table.exercise_id}", err=True)
