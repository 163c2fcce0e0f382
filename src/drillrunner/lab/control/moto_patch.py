"""How the lab changes moto: every replacement names an attribute that must be there, so that another
moto is refused at once instead of being half patched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import moto

from drillrunner.errors import LabFailed

MOTO_VERSION = "5.2.5"

_originals: dict[tuple[Any, str], Any] = {}
_added: set[tuple[Any, str]] = set()
_outside_lock: set[tuple[str, str]] = set()


def require_version() -> None:
    """Raises LabFailed unless moto is the one that these patches were written for."""
    if moto.__version__ != MOTO_VERSION:
        raise LabFailed(
            f"the lab's patches are for moto {MOTO_VERSION}, but {moto.__version__} is installed",
            where="lab control plane",
            advice="install the lab with its pinned version: pip install 'drillrunner[lab]'",
        )


def _where(owner: Any, name: str) -> str:
    return f"{owner.__module__}.{owner.__qualname__}.{name}" if isinstance(owner, type) else f"{owner.__name__}.{name}"


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Set `owner.name` to `make(original)`; repeated calls wrap moto's own again, never a wrapper.

    Raises LabFailed when moto has no such attribute of its own.
    """
    if (owner, name) not in _originals:
        if name not in vars(owner):
            raise LabFailed(
                f"moto has no {_where(owner, name)} to patch",
                where="lab control plane",
                advice=f"install moto {MOTO_VERSION}",
            )
        _originals[owner, name] = vars(owner)[name]
    setattr(owner, name, make(_originals[owner, name]))


def add(owner: Any, name: str, value: Any) -> None:
    """Give `owner` an attribute that moto lacks. Raises LabFailed when moto has grown one itself."""
    if hasattr(owner, name) and (owner, name) not in _added:
        raise LabFailed(
            f"moto now has its own {_where(owner, name)}, which the lab would have replaced unseen",
            where="lab control plane",
            advice=f"install moto {MOTO_VERSION}",
        )
    _added.add((owner, name))
    setattr(owner, name, value)


def add_url(urls: Any, pattern: str, handler: Any) -> None:
    """Route one more URL of a service (`urls` is `moto.SERVICE.urls`) to `Response.dispatch`.

    Read when an application is built, so it must be called before `build_app`.
    """
    urls.url_paths["{0}" + pattern] = handler


def outside_lock(service: str, operation: str) -> None:
    """Let an operation's handler run without the world's lock (botocore names, as `rds`, `SwitchoverGlobalCluster`).

    For handlers that wait: they take the lock themselves around each look at moto's state.
    """
    _outside_lock.add((service, operation))


def needs_lock(service: str, operation: str) -> bool:
    return (service, operation) not in _outside_lock
