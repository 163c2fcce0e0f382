"""Time zones as calendars name them, and the moments of wall time in them.

Where wall time leaves several moments open, the first and the last are told, so that a freeze can hold at all of them:
an hour that comes twice or not at all, a time without a zone ("floating"), a zone that the calendar alone describes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from drillrunner.files.ics.windows_zones import IANA_NAMES

_BY_FOLDED_NAME = {name.casefold(): iana for name, iana in IANA_NAMES.items()}
_LONGEST_NAME = 100


class Zone(NamedTuple):
    """A zone of the IANA's, or else the least and the greatest offset from UTC that the zone may have."""

    iana: ZoneInfo | None
    offset_least: timedelta = timedelta(0)
    offset_greatest: timedelta = timedelta(0)

    def earliest(self, wall: datetime) -> datetime:
        """The first moment in UTC at which clocks may show this."""
        return min(self._moments(wall))

    def latest(self, wall: datetime) -> datetime:
        """The last one."""
        return max(self._moments(wall))

    def _moments(self, wall: datetime) -> tuple[datetime, datetime]:
        if self.iana is not None:
            first, second = (wall.replace(tzinfo=self.iana, fold=fold).astimezone(UTC) for fold in (0, 1))
            return first, second
        at = wall.replace(tzinfo=UTC)
        return at - self.offset_greatest, at - self.offset_least


UTC_ZONE = Zone(ZoneInfo("UTC"))
# no clock is further ahead than Kiritimati's, none further behind than Baker Island's
EVERYWHERE = Zone(None, timedelta(hours=-12), timedelta(hours=14))


class Definition(NamedTuple):
    """A VTIMEZONE: the IANA name that it says it stands for (X-LIC-LOCATION), and every offset that it ever has."""

    location: str | None
    offsets: tuple[timedelta, ...]


class Zones:
    """The zones of one calendar, by the names that it uses for them."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self._definitions = definitions
        self._found: dict[str, Zone | None] = {}

    def find(self, name: str) -> Zone | None:
        """The zone of that name, None where nothing says what it is.

        Short names (EST, CET) mean different things, so the calendar's own definition of them comes first.
        """
        if name not in self._found:
            own = self._definitions.get(name)
            iana = None if own and "/" not in name else _iana(name)
            self._found[name] = iana or _known_otherwise(name) or self._defined(own) or _iana(name)
        return self._found[name]

    def _defined(self, own: Definition | None) -> Zone | None:
        if own is None:
            return None
        located = _iana(own.location) if own.location else None
        if located or not own.offsets:
            return located
        return Zone(None, min(own.offsets), max(own.offsets))


def _known_otherwise(name: str) -> Zone | None:
    """By its name in Windows, or by the end of a name like `/example.org/20050126_1/Europe/Berlin`."""
    windows = _BY_FOLDED_NAME.get(name.casefold())
    if windows:
        return _iana(windows)
    pieces = name.split("/")
    ends = ("/".join(pieces[-count:]) for count in (3, 2) if len(pieces) > count)
    return next((zone for end in ends if (zone := _iana(end))), None)


def _iana(name: str) -> Zone | None:
    try:
        # zoneinfo looks a name up as packages within packages: one of a thousand parts would exhaust the stack
        return Zone(ZoneInfo(name)) if 0 < len(name) <= _LONGEST_NAME else None
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        return None
