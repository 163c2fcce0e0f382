"""The versions of what made a record."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from drillrunner import __version__

_PACKAGES = ("boto3", "botocore", "moto")


def tool_versions() -> dict[str, str]:
    """drillrunner, Python, and those packages that a run's calls go through, as far as they are installed."""
    found = {"drillrunner": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
