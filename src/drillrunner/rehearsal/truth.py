"""The simulator's own knowledge of an outage, against which what was measured is held. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from drillrunner.lab.truth import Event


def true_rto(events: Sequence[Event], host: str) -> float | None:
    """Seconds from the moment when the function stopped until clients of that name could be served again.

    Clients follow the resolver, which keeps what it last told them: they are served again from the later of
    DNS's change and the expiry of the last stale answer. None where no function stopped, or DNS never changed.
    """
    stopped = next((event.at for event in events if event.name == "function.stopped"), None)
    if stopped is None:
        return None
    about = [event for event in events if event.subject == host]
    changed = next((event.at for event in about if event.name == "dns.changed" and event.at >= stopped), None)
    if changed is None:
        return None
    told = [event for event in about if event.name == "dns.answered"]
    primary = {value for event in told if event.at < stopped for value in event.detail["values"]}
    stale = [event for event in told if event.at < changed and set(event.detail["values"]) <= primary]
    expiry = max((float(event.detail.get("until") or 0.0) for event in stale), default=0.0)
    return max(changed, expiry) - stopped
