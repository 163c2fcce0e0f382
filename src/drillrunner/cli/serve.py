"""`drill serve`: the runs, the one that is under way, drills, trends and the catalogue as pages in a browser."""

from __future__ import annotations

from pathlib import Path

import click

from drillrunner.cli.options import reports_option


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
@reports_option
def serve(port: int, bind: str, token: str | None, names: tuple[str, ...], reports: Path) -> None:
    """Show runs in a browser, until Ctrl-C: what came of them, and the one that is under way as it goes.

    Pages are read from the reports folder alone. A run that is under way can be stopped there with the token in
    the printed address; it puts everything back itself, as after drill stop.
    """
    import anyio

    from drillrunner.cli.catalog import param_rows
    from drillrunner.cli.past_runs import past_of
    from drillrunner.sinks.prometheus import metrics_text
    from drillrunner.web.access import EVERYWHERE, access_for
    from drillrunner.web.app import make_app
    from drillrunner.web.app import serve as serve_app
    from drillrunner.web.sources import Sources

    access = access_for(bind, token, frozenset(names))
    sources = Sources(reports, Path(), past_of, param_rows, metrics_text)
    host = "localhost" if bind in EVERYWHERE else f"[{bind}]" if ":" in bind else bind

    def ready(listening: int) -> None:
        click.echo(f"serving {reports} at http://{host}:{listening}/?token={access.token}")
        if not access.is_loopback:
            click.echo("others can reach it, and read what is sent: put TLS in front of it", err=True)
        click.echo("Ctrl-C ends it", err=True)

    anyio.run(serve_app, make_app(sources, access), port, ready)
