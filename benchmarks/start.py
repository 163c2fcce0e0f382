"""How long the command line takes to start and to check a file, beside Chaos Toolkit's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from figures import Aim, Row, Setting, alternated, compared
from peer import chaos, regional_outage
from processes import HERE, drill, run

DRILL = HERE.parent / "drills" / "regional-outage.yaml"


def measure(setting: Setting) -> Row:
    """Both commands of both tools, in turn, wall time of the process."""
    experiment = regional_outage(setting.folder / "regional-outage.json")
    commands = {
        "ours version": drill("--version"),
        "peer version": chaos(setting.peer, "--version"),
        "ours validate": drill("validate", str(DRILL)),
        "peer validate": chaos(setting.peer, "validate", str(experiment)),
    }
    contenders: dict[str, Callable[[], float]] = {
        name: partial(_wall_milliseconds, command, setting) for name, command in commands.items()
    }
    alternated(1, contenders, "ms")  # the first start of each reads from disk what the others find in memory
    found = alternated(setting.pick(3, 15), contenders, "ms")
    return Row(
        "Start",
        (
            compared(
                "`drill --version` to `chaos --version`", found["ours version"], found["peer version"], _most(0.6)
            ),
            compared(
                "`drill validate` to `chaos validate`", found["ours validate"], found["peer validate"], _most(0.8)
            ),
        ),
        (
            "Both check the same drill: five probes, a throttle, a failover and what puts them back. "
            "The peer runs with `--no-version-check`, so that it asks no network.",
        ),
    )


def _most(bound: float) -> Aim:
    return Aim("at most", bound)


def _wall_milliseconds(command: list[str], setting: Setting) -> float:
    return run(command, setting.folder).wall_seconds * 1000
