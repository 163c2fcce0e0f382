"""200 HTTP probes once a second in one process, beside the peer's continuous hypothesis of four."""

from __future__ import annotations

import json
from typing import Any

from figures import Aim, Line, Row, Setting, held, shown
from peer import chaos, experiment, http_probe, waiting
from processes import run, work
from web_endpoint import WebEndpoint, answering

ANSWER_SECONDS = 0.05
PROBES = 200
PEER_PROBES = 4


def measure(setting: Setting) -> Row:
    """Ours and then the peer's, for the same time each."""
    seconds = setting.pick(8, 60)
    with answering(ANSWER_SECONDS) as endpoint:
        many = _ours(setting, endpoint, seconds)
        peer_seen = _peer_seen(setting, endpoint, seconds)
    late = many["late_ms"]
    asked, peer_asked = PROBES * seconds, PEER_PROBES * seconds
    return Row(
        f"{PROBES} HTTP probes once a second for {seconds} s",
        (
            held(
                f"questions missed, of {asked:,}",
                asked - many["readings"],
                "",
                Aim("at most", 0),
                peer=f"{peer_asked - peer_seen} of {peer_asked} with {PEER_PROBES} probes",
            ),
            held("answers that failed", many["failed"], "", Aim("at most", 0)),
            held("how late a question is asked, p99", late["p99"], "ms", Aim("at most", 20, "ms")),
            Line("the same, median and longest", f"{shown(late['p50'])} ms, {shown(late['max'])} ms"),
            held("CPU", many["cpu_share"], "of a core", Aim("at most", 0.5, "of a core")),
        ),
        (
            f"Answers come after {ANSWER_SECONDS * 1000:.0f} ms. Each probe has a watcher of its own; every question "
            "is a new connection; readings are written to disk. The peer's `--hypothesis-strategy continuously "
            "--hypothesis-frequency 1` asks its probes one after another and then waits a second.",
        ),
    )


def _ours(setting: Setting, endpoint: WebEndpoint, seconds: int) -> dict[str, Any]:
    file = setting.folder / "readings.sqlite"
    return work(
        "watching",
        setting.folder,
        url=endpoint.url,
        probes=PROBES,
        every_seconds=1.0,
        polls=seconds,
        readings=str(file),
    )


def _peer_seen(setting: Setting, endpoint: WebEndpoint, seconds: int) -> int:
    """How many questions the peer asked while its method waited, by its own journal."""
    journal = setting.folder / "hypothesis-journal.json"
    path = experiment(
        setting.folder / "hypothesis.json",
        probes=[http_probe(f"peer {number}", f"{endpoint.url}/peer-{number}") for number in range(PEER_PROBES)],
        method=[waiting(seconds)],
    )
    words = (
        "run",
        "--hypothesis-strategy",
        "continuously",
        "--hypothesis-frequency",
        "1",
        "--journal-path",
        str(journal),
    )
    run(chaos(setting.peer, *words, str(path)), setting.folder)
    during = json.loads(journal.read_text(encoding="utf-8"))["steady_states"]["during"]
    return sum(len(state["probes"]) for state in during)
