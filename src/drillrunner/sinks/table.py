"""The table of sinks, and how the receivers of an environment become sinks. A new sink is a file and a line here."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drillrunner.errors import InvalidInput
from drillrunner.model.journal import Entry
from drillrunner.model.signal import GrafanaSpec, OtlpSpec, SignalSpec, WebhookSpec
from drillrunner.sinks.grafana import Grafana
from drillrunner.sinks.lanes import Lanes, open_lanes
from drillrunner.sinks.log import SignalsLog
from drillrunner.sinks.post import HttpPost, Post
from drillrunner.sinks.sink import Sink
from drillrunner.sinks.step_summary import StepSummary
from drillrunner.sinks.trace import parent_in
from drillrunner.sinks.webhook import Webhook

LOG = "signals.log"
REPORT = "report.md"
_ADDRESS = re.compile(r"https?://[^\s/?#]+\S*\Z")


@dataclass(frozen=True)
class Means:
    """What a sink is made with."""

    url: str
    token: str | None
    post: Post
    environ: Mapping[str, str]


def _sink(spec: SignalSpec, means: Means) -> Sink:
    """The table: which sink tells which receiver."""
    match spec:
        case WebhookSpec():
            return Webhook(spec, means.url, means.token, means.post)
        case GrafanaSpec():
            return Grafana(spec, means.url, means.token, means.post)
        case OtlpSpec():
            from drillrunner.sinks.otlp import Otlp  # its packages are an extra

            parent = parent_in(means.environ.get("TRACEPARENT"))
            return Otlp(spec, means.url, means.token, means.post, parent)


@contextlib.asynccontextmanager
async def open_signals(
    specs: Sequence[SignalSpec],
    folder: Path,
    *,
    environ: Mapping[str, str],
    warn: Callable[[str], None],
    past: Sequence[Entry] = (),
) -> AsyncIterator[Lanes]:
    """The audience of one run, whose reports lie in `folder`. `past` is what its journal held before.

    A receiver whose address or token is not there is left out with a warning.
    """
    log = SignalsLog(folder / LOG)

    def said(text: str) -> None:
        log.line(text)
        warn(text)

    async with HttpPost() as post:
        sinks = list(made(specs, post, environ, past, said))
        if environ.get("GITHUB_STEP_SUMMARY"):
            sinks.append(StepSummary(Path(environ["GITHUB_STEP_SUMMARY"]), folder / REPORT))
        async with open_lanes(sinks, log.line, warn) as lanes:
            yield lanes
    if log.failed is not None:
        warn(f"signals: {LOG} cannot be written: {log.failed}")


def made(
    specs: Sequence[SignalSpec],
    post: Post,
    environ: Mapping[str, str],
    past: Sequence[Entry],
    warn: Callable[[str], None],
) -> Iterator[Sink]:
    """Each of them, with what it should know. One that cannot be made is left out, whatever the reason: a run goes on
    without it, and so does a revert."""
    for spec in specs:
        try:
            url, token = _address(spec, environ), _held(spec.token_env, environ)
            sink = _sink(spec, Means(url, token, post, environ))
            sink.recall(past)
            yield sink
        except InvalidInput as error:
            warn(f"signals: {spec.sink}: {error.message}; nothing is sent to it")
        except ImportError:
            warn(f"signals: {spec.sink}: its packages are not installed; pip install 'drillrunner[otel]'")
        except Exception as error:  # noqa: BLE001  an unknown error's text may hold a secret, and must fail no run
            warn(f"signals: {spec.sink}: {type(error).__name__}; nothing is sent to it")


def _address(spec: SignalSpec, environ: Mapping[str, str]) -> str:
    url = spec.url or _held(spec.url_env, environ) or ""
    if not _ADDRESS.match(url):
        raise InvalidInput(f"{spec.url_env or 'url'} holds no http or https address")
    return url


def _held(name: str | None, environ: Mapping[str, str]) -> str | None:
    """What a variable holds. Raises InvalidInput where it is named and not there."""
    if name is None:
        return None
    held = environ.get(name, "").strip()
    if not held:
        raise InvalidInput(f"the environment variable {name} is not set")
    return held
