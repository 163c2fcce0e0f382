"""A freeze window: a time in which nothing may be injected, nor still wait to be put back."""

from __future__ import annotations

from datetime import datetime

from drillrunner.model.noun import Noun


class FreezeWindow(Noun):
    """From `starts` to `ends`, both with a time zone. `summary` says why, `source` which file says so."""

    starts: datetime
    ends: datetime
    summary: str
    source: str
