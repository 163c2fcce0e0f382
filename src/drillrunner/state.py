"""Where drillrunner keeps what must outlive a process: labs that run, leases, sockets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """`$DRILLRUNNER_STATE`, else `$XDG_STATE_HOME/drillrunner`, else `~/.local/state/drillrunner`.

    The folder need not exist yet; whoever writes below it makes it.
    """
    if chosen := environ.get("DRILLRUNNER_STATE"):
        return Path(chosen)
    if base := environ.get("XDG_STATE_HOME"):
        return Path(base) / "drillrunner"
    return Path.home() / ".local" / "state" / "drillrunner"
